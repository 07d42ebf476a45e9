// Makes the kernel forget what nobody uses of one pool, and no other file system of the machine.

import { H_HANDLE_COUNT, H_NODE_COUNT } from "../../src/state/layout.ts";
import { with_live_arena } from "./live_arena.ts";
import type { Pool } from "./mount.ts";
import { python } from "./run.ts";
import { wait_until } from "./wait_until.ts";

/** The kernel forgets the names and inodes of the mount that nobody uses; FORGET reaches the daemon some time later. */
export async function drop_cached(pool: Pool): Promise<void> {
  await python("drop_cached(sys.argv[1])", [pool.mountpoint]);
}

/** The same, until the daemon has forgotten everything but the root as well. Nobody may have anything open. */
export async function forget_everything(pool: Pool): Promise<void> {
  await wait_until("no file is open in the daemon", () => counts(pool).handles === 0);
  await drop_cached(pool);
  await wait_until("the daemon knows only the root", () => counts(pool).nodes === 1);
}

function counts(pool: Pool): { nodes: number; handles: number } {
  return with_live_arena(
    pool.pid,
    ({ header }) => ({ nodes: header[H_NODE_COUNT]!, handles: header[H_HANDLE_COUNT]! }),
  );
}
