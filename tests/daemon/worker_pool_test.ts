// Workers that cannot start (no memory, no thread): the first ones end the start, a spare does not end the mount.

import { assertEquals, assertMatch } from "@std/assert";
import { WorkerPool } from "../../src/daemon/worker_pool.ts";
import { Arena } from "../../src/state/arena.ts";
import { Pool } from "../../src/state/pool.ts";
import { collect_log_lines } from "../support/log_lines.ts";
import { wait_until, within } from "../support/wait_until.ts";

const entry = new URL("../support/failing_worker.ts", import.meta.url);
const size = { initial: 2, limit: 8 };
const DEADLINE_MS = 20_000;

// The workers stay: nothing but the end of the process ends them, as in the daemon.
const lasting = { sanitizeOps: false, sanitizeResources: false };

Deno.test("a spare that cannot start is logged, and the others serve on", lasting, async () => {
  const arena = Arena.create();
  const lines = collect_log_lines();
  const pool = new WorkerPool({ arena, session_fd: 0, size, entry });
  let end: string | undefined;
  pool.end.then((reason) => end = reason);
  await within("the start of the workers", DEADLINE_MS, pool.start());
  await wait_until("the loss is logged", () => lines.length > 0, DEADLINE_MS);
  assertMatch(lines[0]!, /^error: A worker could not start and is tried again in 30 s: .*no memory left/);
  assertEquals([lines.length, end, new Pool(arena).serving], [1, undefined, size.initial]);
  assertEquals(new Pool(arena).free_index(), size.initial);
});

Deno.test("first workers that cannot start end the start with the reason", lasting, async () => {
  const pool = new WorkerPool({ arena: Arena.create(), session_fd: -1, size, entry });
  await within("the end of the start", DEADLINE_MS, pool.start());
  assertMatch(await within("the reason", DEADLINE_MS, pool.end), /^A worker could not start: .*no memory left/);
});
