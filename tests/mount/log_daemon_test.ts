// The system log beside a pool that works on: a log daemon that stops, ends and comes back, a worker without a device of its
// own, a directory for temporary files inside the pool.

import { assertEquals } from "@std/assert";
import { PROGRAM, with_pool, with_unmounted_pool } from "../support/mount.ts";
import { command, inside, QUEUE_RECORDS, start, start_pool, unmount } from "../support/logged_pool.ts";
import { run } from "../support/run.ts";
import { must_inside, SystemLogListener, with_system_log } from "../support/system_log.ts";
import { kill, processes_of } from "../support/temp_dir.ts";
import { DEADLINE_MS, within } from "../support/wait_until.ts";

const WARNING = 4;

Deno.test("the system log: with a log daemon that has stopped, ended, or come back the pool works on", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
    const socket = `${pool.directory}/log.socket`;
    let log = await SystemLogListener.start(socket, 4);
    try {
      await log.freeze();
      const pid = await within("a start that nobody listens to", DEADLINE_MS, start_pool(pool, ""));
      for (let round = 0; round < 5; round++) await command(pool, pid, "cmd.gc");
      await Deno.writeTextFile(inside(pid, pool.path("f")), "content");
      await log.end();
      await command(pool, pid, "cmd.gc");
      log = await SystemLogListener.start(socket, QUEUE_RECORDS);
      await command(pool, pid, "cmd.invalidate-all-nodes");
      const lost = await log.wait_for(/^Messages before this one that nobody read and that are lost: [1-9]\d*$/);
      assertEquals(lost.level, WARNING);
      await log.wait_for(/^Command "cmd\.invalidate-all-nodes"/);
      await log.end();
      await Deno.remove(socket);
      await command(pool, pid, "cmd.gc");
      assertEquals(await Deno.readTextFile(inside(pid, pool.path("f"))), "content");
      await unmount(pool, pid);
    } finally {
      await log.end().catch(() => {});
    }
  });
});

/** With more requests that hang than there are workers, others are called; these find no /dev/fuse any more. */
Deno.test("the system log: a worker without a device of its own says so, and serves from the queue of the mount", async () => {
  await with_pool({ branches: [{}] }, async (hanging) => {
    const stuck = Array.from({ length: navigator.hardwareConcurrency + 1 }, (_, at) => `stuck${at}`);
    for (const name of stuck) await Deno.mkdir(hanging.on_branch(0, name));
    await with_unmounted_pool(
      { branches: [{ kind: "dir" }] },
      (pool) =>
        with_system_log(pool.directory, async (log) => {
          await Deno.writeTextFile(pool.on_branch(0, "healthy"), "content");
          const pid = await start_pool(pool, "", [...pool.branches, hanging.mountpoint]);
          await must_inside(pid, "rm", ["/dev/fuse"]);
          kill(hanging.pid, "SIGSTOP");
          const looks = stuck.map((name) => run("stat", [inside(pid, pool.path(name))]));
          try {
            const told = await log.wait_for(/^Cannot clone the FUSE device \(No such file or directory\)/);
            assertEquals([told.level, told.pid], [WARNING, pid]);
            const read = Deno.readTextFile(inside(pid, pool.path("healthy")));
            assertEquals(await within("a file of the healthy branch", DEADLINE_MS, read), "content");
          } finally {
            kill(hanging.pid, "SIGCONT");
          }
          for (const { code } of await Promise.all(looks)) assertEquals(code, 0);
          await unmount(pool, pid);
        }, QUEUE_RECORDS),
    );
  });
});

Deno.test("the system log: no memory report is written into the pool itself", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, (pool) =>
    with_system_log(pool.directory, async (log) => {
      const args = ["-o", "minfreespace=0,debug=true", pool.branches[0]!, pool.mountpoint];
      const started = await start(pool, args, PROGRAM, 'export TMPDIR="$1/pool";');
      assertEquals(started.code, 0, started.stderr);
      const told = await log.wait_for(
        /^No memory reports: ".*\/pool" lies inside the pool \(set TMPDIR to another one\)$/,
      );
      assertEquals(told.level, WARNING);
      await unmount(pool, processes_of(pool.mountpoint)[0]!);
      assertEquals([...Deno.readDirSync(pool.branches[0]!)], []);
    }, QUEUE_RECORDS));
});
