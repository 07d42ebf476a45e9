// branches-mount-timeout with the real program: it waits on the terminal until the disks of the branches are there.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { find_mount } from "../support/mount_table.ts";
import { type Pool, type PoolSetup, run_in_background, with_pool, with_unmounted_pool } from "../support/mount.ts";
import { must, run, type RunResult } from "../support/run.ts";
import { kill, processes_of } from "../support/temp_dir.ts";
import { wait_until, within } from "../support/wait_until.ts";

const DEADLINE_MS = 30_000;

/** Two directories of the test's own device: no disk is mounted on them. */
const EMPTY_BRANCHES: PoolSetup = { branches: [{ kind: "dir" }, { kind: "dir" }] };

/** A program "mount" that notes its arguments, and runs `script` with the branch as $1. Returns the PATH that has it. */
async function fake_mount(pool: Pool, script: string): Promise<string> {
  const directory = `${pool.directory}/programs`;
  await Deno.mkdir(directory);
  const note = `printf '%s\\n' "$*" >> ${pool.directory}/mount_calls`;
  await Deno.writeTextFile(`${directory}/mount`, `#!/bin/sh\n${note}\n${script}\n`, { mode: 0o755 });
  return `${directory}:${Deno.env.get("PATH")}`;
}

function mount_calls(pool: Pool): string[] {
  return Deno.readTextFileSync(`${pool.directory}/mount_calls`).trim().split("\n").sort();
}

async function start(pool: Pool, options: string, PATH: string): Promise<RunResult> {
  await Deno.mkdir(pool.mountpoint);
  const started = run_in_background(pool, ["-o", options, ...pool.program_arguments(false)], { env: { PATH } });
  return await within("the start", DEADLINE_MS, started);
}

async function unmount(pool: Pool): Promise<void> {
  await must("umount", [pool.mountpoint]);
  await pool.assert_gone();
}

Deno.test("each branch without its disk is mounted once, and then the pool starts", async () => {
  await with_unmounted_pool(EMPTY_BRANCHES, async (pool) => {
    const PATH = await fake_mount(pool, '/bin/mount -t tmpfs -o size=1m tmpfs "$1"');
    const { code, stdout } = await start(pool, "branches-mount-timeout=25,branches-mount-timeout-fail=true", PATH);
    assertEquals(code, 0, stdout);
    assertEquals(mount_calls(pool), [...pool.branches]);
    assertEquals(pool.branches.map((branch) => find_mount(branch)?.type), ["tmpfs", "tmpfs"]);
    await Deno.writeTextFile(pool.path("f"), "on a disk");
    await unmount(pool);
  });
});

Deno.test("without its disks the pool does not start when that is wished, and says which are missing", async () => {
  await with_unmounted_pool(EMPTY_BRANCHES, async (pool) => {
    const PATH = await fake_mount(pool, "exit 32");
    const { code, stdout } = await start(pool, "branches-mount-timeout=1,branches-mount-timeout-fail=true", PATH);
    assertEquals(code, 1);
    const missing = pool.branches.map((branch) => `"${branch}"`).join(", ");
    assert(stdout.includes(`mergerfs-ts: Not mounted within 1 s: ${missing} (`), stdout);
    assertEquals(mount_calls(pool), [...pool.branches]);
    assertEquals(find_mount(pool.mountpoint), undefined);
    await pool.assert_gone();
  });
});

Deno.test("else it starts when the time is over, with a warning", async () => {
  await with_unmounted_pool(EMPTY_BRANCHES, async (pool) => {
    const PATH = await fake_mount(pool, "exit 32");
    const { code, stdout } = await start(pool, "branches-mount-timeout=1", PATH);
    assertEquals(code, 0, stdout);
    assertMatch(stdout, /WARNING: Not mounted within 1 s: .*; the pool starts all the same/);
    await must("stat", [pool.path(".mergerfs")]);
    await unmount(pool);
  });
});

Deno.test("a disk that is mounted by somebody else meanwhile is enough, and so is a mark", async () => {
  await with_unmounted_pool(EMPTY_BRANCHES, async (pool) => {
    const PATH = await fake_mount(pool, "exit 32");
    const started = start(pool, "branches-mount-timeout=25,branches-mount-timeout-fail=true", PATH);
    const is_tried = () => run("test", ["-s", `${pool.directory}/mount_calls`]).then(({ code }) => code === 0);
    await wait_until("the program waits", is_tried, DEADLINE_MS);
    assertEquals(find_mount(pool.mountpoint), undefined);
    await must("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", pool.branches[0]!]);
    await Deno.writeTextFile(pool.on_branch(1, ".mergerfs.branch"), "");
    const { code, stdout } = await started;
    assertEquals(code, 0, stdout);
    await unmount(pool);
  });
});

for (const in_foreground of [true, false]) {
  Deno.test(`SIGTERM ends the wait ${in_foreground ? "with" : "without"} -f`, async () => {
    await with_unmounted_pool({ ...EMPTY_BRANCHES, options: "branches-mount-timeout=1000" }, async (pool) => {
      const PATH = await fake_mount(pool, "exit 32");
      await Deno.mkdir(pool.mountpoint);
      const ended = run_in_background(pool, pool.program_arguments(in_foreground), { env: { PATH } });
      await wait_until("the program waits", () => {
        try {
          return mount_calls(pool).length === 2;
        } catch {
          return false;
        }
      }, DEADLINE_MS);
      for (const pid of processes_of(pool.mountpoint)) kill(pid, "SIGTERM");
      assertEquals((await within("the end", DEADLINE_MS, ended)).code !== 0, true);
      assertEquals(find_mount(pool.mountpoint), undefined);
      await pool.assert_gone();
    });
  });
}

Deno.test("lazy-umount-mountpoint takes a pool away that is in use, and needs none", async () => {
  await with_pool({ branches: [{}], options: "lazy-umount-mountpoint=true" }, async (former) => {
    assert(!former.error_lines().some((line) => /unmount/i.test(line)), former.error_lines().join("\n"));
    const file = await Deno.open(former.path("f"), { create: true, write: true });
    const stacked = await run_in_background(former, former.program_arguments(false));
    assertEquals(stacked.code, 0, stacked.stdout);
    const table = await Deno.readTextFile("/proc/self/mounts");
    assertEquals(table.split("\n").filter((line) => line.split(" ")[1] === former.mountpoint).length, 1);
    // The former server goes when its last user has gone.
    file.close();
    assertEquals((await former.ended()).code, 0);
    await must("umount", [former.mountpoint]);
    await former.assert_gone();
  });
});
