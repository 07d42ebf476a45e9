// A thread that moves itself, for tests/sys/scheduling_test.ts.

import { io_priority, run_on_cpus, set_io_priority, set_nice } from "../../src/sys/scheduling.ts";
import { answer_calls } from "./threads.ts";

/** The calling thread's directory below /proc. */
function directory(): string {
  return `/proc/${Deno.readLinkSync("/proc/thread-self")}`;
}

answer_calls({ directory, run_on_cpus, set_io_priority, set_nice, io_priority: () => io_priority(0) });
