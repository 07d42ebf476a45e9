// A branch that hangs (a disk that spins up, a dead network share): a pool of our own whose server is stopped by a signal.

import { type Pool, with_pool } from "./mount.ts";
import { kill } from "./temp_dir.ts";

/** What lies on the branches: paths of the healthy one, and of the directory behind the one that can hang. */
export type Prepare = (healthy: string, slow: string) => void;

/**
 * Calls `body` with a traced pool of a healthy branch and a second one, which is the pool `inner`: it hangs while that is
 * stopped by SIGSTOP, until SIGCONT.
 */
export async function with_hanging_branch(
  options: string,
  fill: Prepare,
  body: (pool: Pool, inner: Pool) => Promise<void>,
): Promise<void> {
  await with_pool({ branches: [{}] }, async (inner) => {
    const branches = [{}, { path: inner.mountpoint }];
    const prepare = ([healthy]: readonly string[]) => fill(healthy!, inner.branches[0]!);
    await with_pool({ branches, prepare, options, trace: true }, async (pool) => {
      try {
        await body(pool, inner);
      } finally {
        // Before any clean-up: processes that wait for the branch cannot be killed.
        kill(inner.pid, "SIGCONT");
      }
    });
  });
}
