// Nice value, CPUs and I/O priority belong to one thread, as /proc and ionice(1) see it from outside.

import { assertEquals, assertNotEquals } from "@std/assert";
import { io_priority } from "../../src/sys/scheduling.ts";
import { must_run } from "../support/handler.ts";
import { nice_of, thread_status } from "../support/proc_task.ts";
import { with_threads } from "../support/threads.ts";

const THREAD = new URL("../support/scheduling_thread.ts", import.meta.url);
const EINVAL = 22;
const ESRCH = 3;
/** ioprio_set(2): the class is above bit 13, the level below. */
const IDLE = 3 << 13;
const BEST_EFFORT_6 = 2 << 13 | 6;

Deno.test("a thread moves itself and no other", async () => {
  await with_threads(THREAD, 2, async (thread, other) => {
    const directories = [await thread!.call("directory"), await other!.call("directory")] as [string, string];
    const before = directories.map((directory) => thread_status(directory, "Cpus_allowed_list"));
    const cpu = Number(/\d+$/.exec(before[0]!)![0]);
    assertEquals(await thread!.call("set_nice", 0, 7), 0);
    assertEquals(await thread!.call("run_on_cpus", [cpu]), 0);
    assertEquals(directories.map(nice_of), [7, nice_of("/proc/self")]);
    assertEquals(directories.map((directory) => thread_status(directory, "Cpus_allowed_list")), [
      String(cpu),
      before[1]!,
    ]);
    assertEquals(await thread!.call("run_on_cpus", [100_000]), -EINVAL);
  });
});

Deno.test("the I/O priority is what ionice shows", async () => {
  await with_threads(THREAD, 1, async (thread) => {
    const tid = (await thread!.call("directory") as string).split("/").at(-1)!;
    const rows = [[IDLE, "idle"], [BEST_EFFORT_6, "best-effort: prio 6"]] as const;
    for (const [value, shown] of rows) {
      assertEquals(await thread!.call("set_io_priority", value), 0);
      assertEquals([await thread!.call("io_priority"), io_priority(Number(tid))], [value, value]);
      assertEquals(must_run("ionice", "-p", tid).trim(), shown);
      assertNotEquals(io_priority(0), value);
    }
    assertEquals(await thread!.call("set_io_priority", 7 << 13), -EINVAL);
    assertEquals(io_priority(0x7fff_fff0), -ESRCH);
  });
});
