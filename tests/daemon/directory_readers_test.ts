// The readers of directories as the main thread keeps them (departures D9).

import { assertEquals, assertMatch } from "@std/assert";
import { set_log_sink } from "../../src/base/log.ts";
import { DirectoryReaders } from "../../src/daemon/directory_readers.ts";
import { Arena } from "../../src/state/arena.ts";
import { H_LAYOUT_VERSION } from "../../src/state/layout.ts";
import { ReadJobs } from "../../src/state/read_jobs.ts";
import { wait_until } from "../support/wait_until.ts";

Deno.test("as many readers run as are wanted", async () => {
  const arena = Arena.create();
  const jobs = new ReadJobs(arena);
  const readers = new DirectoryReaders(arena);
  for (const wanted of [2, 1, 3, 0]) {
    jobs.want(wanted);
    readers.adjust();
    readers.adjust();
    await wait_until(`${wanted} run`, () => jobs.running === wanted && readers.count === wanted);
  }
});

Deno.test("a reader that cannot start is not started again; it is said once", async () => {
  const messages: string[] = [];
  set_log_sink((level, message) => messages.push(`${level}: ${message}`), "warning");
  const arena = Arena.create();
  const readers = new DirectoryReaders(arena);
  arena.header[H_LAYOUT_VERSION] = 0;
  new ReadJobs(arena).want(1);
  readers.adjust();
  await wait_until("it has failed", () => messages.length > 0);
  readers.adjust();
  assertEquals([readers.count, messages.length], [0, 1]);
  assertMatch(messages[0]!, /^warning: A reader of directories ended: .*another version.* fewer readers$/);
  set_log_sink(() => {}, "error");
});
