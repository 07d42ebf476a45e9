// The threads of a mounted pool as /proc shows them: how many, how nice, on which CPUs, with whose I/O priority.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse_cpu_list, worker_cpus } from "../../src/daemon/pin_threads.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { nice_of, thread_status, threads_of } from "../support/proc_task.ts";
import { must } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

const DEADLINE_MS = 30_000;

/** The workers in the order in which they were made. */
function workers_of(pool: Pool): { readonly name: string; readonly directory: string }[] {
  const all = threads_of(pool.pid).filter(({ name }) => /^worker-\d+$/.test(name));
  return all.sort((a, b) => Number(a.name.slice(7)) - Number(b.name.slice(7)));
}

/** Resolves when the first workers serve, all of them. */
async function wait_for_workers(pool: Pool): Promise<void> {
  const is_mounted = () => pool.error_lines().some((line) => line.includes("Mounted on"));
  await wait_until("all workers serve", is_mounted, DEADLINE_MS);
}

for (const priority of [-10, 5]) {
  const options = priority === -10 ? "" : `scheduling-priority=${priority}`;
  Deno.test(`all threads have the nice value ${priority}${options === "" ? " by default" : ""}`, async () => {
    await with_pool({ options }, async (pool) => {
      await must("stat", [pool.path(".mergerfs")]);
      await wait_until("a spare is there", () => workers_of(pool).length > navigator.hardwareConcurrency, DEADLINE_MS);
      const others = threads_of(pool.pid).filter(({ directory }) => nice_of(directory) !== priority);
      assertEquals(others, []);
    });
  });
}

Deno.test("a nice value that the kernel does not have is moved into its range", async () => {
  await with_pool({ options: "scheduling-priority=1000" }, async (pool) => {
    assertEquals(nice_of(`/proc/${pool.pid}`), 19);
    assertEquals(
      await must("getfattr", ["--only-values", "-n", "user.mergerfs.scheduling-priority", pool.path(".mergerfs")]),
      "1000",
    );
  });
});

Deno.test("thread counts other than the defaults make a fixed pool, and read back as they were set", async () => {
  const options = "read-thread-count=2,process-thread-count=3,process-thread-queue-depth=7";
  await with_pool({ options }, async (pool) => {
    await wait_for_workers(pool);
    assertEquals(workers_of(pool).length, 5);
    const keys = options.split(",").map((option) => option.split("=")[0]!);
    const shown = await Promise.all(
      keys.map(async (key) =>
        `${key}=${await must("getfattr", ["--only-values", "-n", `user.mergerfs.${key}`, pool.path(".mergerfs")])}`
      ),
    );
    assertEquals(shown.join(","), options);
  });
});

for (const strategy of ["R1L", "R1P", "RP1L", "RP1P", "R1LP1L", "R1PP1P", "RPSL", "RPSP", "R1PPSP"]) {
  Deno.test(`pin-threads=${strategy} binds each worker, and nothing else`, async () => {
    const all = thread_status("/proc/self", "Cpus_allowed_list");
    const cpus = worker_cpus(strategy)!;
    await with_pool({ options: `pin-threads=${strategy},read-thread-count=3` }, async (pool) => {
      await wait_for_workers(pool);
      const bound = workers_of(pool).map(({ directory }) => thread_status(directory, "Cpus_allowed_list"));
      assertEquals(bound, [0, 1, 2].map((worker) => cpus(worker).join(",")));
      assertEquals(thread_status(`/proc/${pool.pid}`, "Cpus_allowed_list"), all);
    });
  });
}

Deno.test("a spare is bound as well; an unknown strategy binds nobody and is said", async () => {
  await with_pool({ options: "pin-threads=R1L" }, async (pool) => {
    const first = String(parse_cpu_list(thread_status("/proc/self", "Cpus_allowed_list"))[0]);
    await wait_until("a spare is there and bound", () => {
      const workers = workers_of(pool);
      return workers.length > navigator.hardwareConcurrency &&
        workers.every(({ directory }) => thread_status(directory, "Cpus_allowed_list") === first);
    }, DEADLINE_MS);
  });
  await with_pool({ options: "pin-threads=RPS" }, async (pool) => {
    await wait_for_workers(pool);
    const all = thread_status("/proc/self", "Cpus_allowed_list");
    for (const { directory } of workers_of(pool)) assertEquals(thread_status(directory, "Cpus_allowed_list"), all);
    assert(pool.error_lines().some((line) => line.includes('Unknown value "RPS" for "pin-threads" is ignored')));
  });
});

Deno.test("proxy-ioprio: a worker reads and writes with the I/O priority of the caller", async () => {
  await with_pool({ options: "read-thread-count=1,proxy-ioprio=true,passthrough.io=off" }, async (pool) => {
    const tid = workers_of(pool)[0]!.directory.split("/").at(-1)!;
    const priority = async () => (await must("ionice", ["-p", tid])).trim();
    await Deno.writeTextFile(pool.path("f"), "content");
    const before = await priority();
    await must("ionice", ["-c", "3", "cat", pool.path("f")]);
    assertEquals(await priority(), "idle");
    await must("ionice", [
      "-c",
      "2",
      "-n",
      "6",
      "dd",
      "if=/dev/zero",
      `of=${pool.path("g")}`,
      "count=1",
      "status=none",
    ]);
    assertEquals(await priority(), "best-effort: prio 6");
    await must("setfattr", ["-n", "user.mergerfs.proxy-ioprio", "-v", "false", pool.path(".mergerfs")]);
    await must("ionice", ["-c", "3", "cat", pool.path("f")]);
    assertEquals(await priority(), before);
    assertMatch(before, /^(none|best-effort)/);
  });
});
