// Workers that cannot start (no memory, no thread): the first ones end the start, a spare does not end the mount. And
// workers that get no queue of their own.

import { assertEquals, assertMatch } from "@std/assert";
import { WorkerPool } from "../../src/daemon/worker_pool.ts";
import { Configuration } from "../../src/config/configuration.ts";
import { to_words } from "../../src/fuse/init.ts";
import { Arena } from "../../src/state/arena.ts";
import { ConfigCell } from "../../src/state/config_cell.ts";
import { Pool } from "../../src/state/pool.ts";
import { close, write } from "../../src/sys/file.ts";
import { DEFAULT_OUTCOME } from "../support/handler.ts";
import { collect_log_lines } from "../support/log_lines.ts";
import { end_messages, read_messages, socket_pair } from "../support/socket_pair.ts";
import { wait_until, within } from "../support/wait_until.ts";
import * as wire from "../support/wire.ts";

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
  const reason = await within("the end of the start", DEADLINE_MS, pool.start());
  assertMatch(reason ?? "", /^A worker could not start: .*no memory left/);
});

/** How many descriptors of this process are the same open socket. */
function descriptors_of(fd: number): number {
  const link = Deno.readLinkSync(`/proc/self/fd/${fd}`);
  const links = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => read_link(`/proc/self/fd/${name}`));
  return links.filter((other) => other === link).length;
}

function read_link(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return ""; // the descriptor by which the directory was read
  }
}

Deno.test(
  "workers that cannot clone the device share its queue, each by a descriptor of its own",
  lasting,
  async () => {
    const arena = Arena.create();
    arena.init_outcome.set(to_words(DEFAULT_OUTCOME));
    new ConfigCell(arena).edit(() => new Configuration().serialize());
    const lines = collect_log_lines();
    const [kernel, session_fd] = socket_pair();
    const pool = new WorkerPool({ arena, session_fd, size: { initial: 2, limit: 2 } });
    await within("the start of the workers", DEADLINE_MS, pool.start());
    assertEquals(descriptors_of(session_fd), 3);
    assertEquals(lines.filter((line) => line.startsWith("warning: Cannot clone the FUSE device")).length, 2);
    for (const unique of [1n, 2n, 3n]) write(kernel, wire.getattr(unique, 1).slice(), wire.getattr(unique, 1).length);
    end_messages(kernel);
    assertEquals(await within("the end of the pool", DEADLINE_MS, pool.end), "");
    await wait_until("both workers have left", () => new Pool(arena).serving === 0, DEADLINE_MS);
    await wait_until("their descriptors are closed", () => descriptors_of(session_fd) === 1, DEADLINE_MS);
    end_messages(session_fd);
    assertEquals(read_messages(kernel).length, 3);
    close(kernel);
    close(session_fd);
  },
);
