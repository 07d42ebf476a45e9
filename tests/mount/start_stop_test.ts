// How the program starts and ends: the background start, what the mount table says, and every way to end it.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { find_mount } from "../support/mount_table.ts";
import { type Pool, PROGRAM, run_in_background, with_pool, with_unmounted_pool } from "../support/mount.ts";
import { must, run, type RunResult } from "../support/run.ts";
import { kill, processes_of } from "../support/temp_dir.ts";
import { DEADLINE_MS, wait_until } from "../support/wait_until.ts";

/** Within a second is promised; the rest is for a machine that is busy with other things. */
const END_DEADLINE_MS = 5000;

async function start_in_background(pool: Pool, env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  await Deno.mkdir(pool.mountpoint, { recursive: true });
  return await run_in_background(pool, pool.program_arguments(false), { env });
}

async function assert_ends(pool: Pool): Promise<void> {
  await wait_until("no process is left", () => processes_of(pool.mountpoint).length === 0, END_DEADLINE_MS);
  assertEquals(find_mount(pool.mountpoint), undefined);
}

type End = (pool: Pool, pid: number) => Promise<unknown> | void;

const ENDS: Readonly<Record<string, End>> = {
  umount: (pool) => must("umount", [pool.mountpoint]),
  "umount -l": (pool) => must("umount", ["-l", pool.mountpoint]),
  "fusermount3 -u": (pool) => must("fusermount3", ["-u", pool.mountpoint]),
  SIGTERM: (_, pid) => kill(pid, "SIGTERM"),
  SIGINT: (_, pid) => kill(pid, "SIGINT"),
  SIGQUIT: (_, pid) => kill(pid, "SIGQUIT"),
};

for (const [name, end] of Object.entries(ENDS)) {
  Deno.test(`in the foreground ${name} ends the program with 0`, async () => {
    await with_pool({}, async (pool) => {
      await Deno.writeTextFile(pool.path("f"), "content");
      const started_ms = performance.now();
      await end(pool, pool.pid);
      const { code, stdout, stderr } = await pool.ended();
      assert(performance.now() - started_ms < END_DEADLINE_MS);
      assertEquals([code, stdout], [0, ""], stderr);
      await assert_ends(pool);
    });
  });

  Deno.test(`in the background ${name} ends the program`, async () => {
    await with_unmounted_pool({}, async (pool) => {
      assertEquals(await start_in_background(pool), { code: 0, stdout: "", stderr: "" });
      const processes = processes_of(pool.mountpoint);
      assertEquals(processes.length, 1);
      await Deno.writeTextFile(pool.path("f"), "content");
      await end(pool, processes[0]!);
      await assert_ends(pool);
    });
  });
}

Deno.test("the background start returns when the mount answers", async () => {
  const prepare = (branches: readonly string[]) => Deno.writeTextFileSync(`${branches[0]!}/f`, "content");
  await with_unmounted_pool({ prepare }, async (pool) => {
    for (let round = 0; round < 3; round++) {
      assertEquals(await start_in_background(pool), { code: 0, stdout: "", stderr: "" });
      assertEquals(find_mount(pool.mountpoint)?.type, "fuse.mergerfs");
      assertEquals(await Deno.readTextFile(pool.path("f")), "content");
      await must("umount", [pool.mountpoint]);
      await assert_ends(pool);
    }
  });
});

Deno.test("the background process lets go of the output of its caller", async () => {
  await with_unmounted_pool({}, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    // Ends when nobody holds the pipes any more, as $(mergerfs-ts …) in a shell does.
    const result = await run(PROGRAM, pool.program_arguments(false), { deadline_ms: DEADLINE_MS });
    assertEquals(result, { code: 0, stdout: "", stderr: "" });
    await must("umount", [pool.mountpoint]);
    await assert_ends(pool);
  });
});

Deno.test("the background process has left the terminal and the working directory", async () => {
  await with_unmounted_pool({}, async (pool) => {
    await start_in_background(pool);
    const pid = processes_of(pool.mountpoint)[0]!;
    const session = (await must("ps", ["-o", "sid=,tty=", "-p", String(pid)])).trim().split(/\s+/);
    assertEquals(session, [String(pid), "?"]);
    const links = ["cwd", "fd/0", "fd/1", "fd/2"].map((name) => Deno.readLinkSync(`/proc/${pid}/${name}`));
    assertEquals(links, ["/", "/dev/null", "/dev/null", "/dev/null"]);
    await must("umount", [pool.mountpoint]);
    await assert_ends(pool);
  });
});

Deno.test("relative branches and mountpoint are taken where the program was started", async () => {
  await with_unmounted_pool({}, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    const list = pool.branches.map((path) => path.slice(pool.directory.length + 1)).join(":");
    const started = await run_in_background(pool, ["-o", "minfreespace=0", list, "pool"], { cwd: pool.directory });
    assertEquals(started.code, 0);
    await Deno.writeTextFile(pool.path("f"), "content");
    assertEquals(pool.branches.flatMap((branch) => [...Deno.readDirSync(branch)]).length, 1);
    await must("umount", [pool.mountpoint]);
    // The arguments are relative, so the process cannot be found by its mountpoint.
    await wait_until("the branches are free", async () => (await run("umount", [pool.branches[0]!])).code === 0);
  });
});

Deno.test("a signal ends the program although files are open; they then fail", async () => {
  // What is passed through goes on: the kernel has the branch's file.
  await with_pool({ options: "passthrough.io=off" }, async (pool) => {
    const file = await Deno.open(pool.path("f"), { create: true, write: true, read: true });
    await file.write(new TextEncoder().encode("content"));
    kill(pool.pid, "SIGTERM");
    assertEquals((await pool.ended()).code, 0);
    await assert_ends(pool);
    const error = await file.read(new Uint8Array(10)).then(() => "", String);
    assertMatch(error, /not connected|aborted|os error (107|103)/i);
    file.close();
  });
});

Deno.test("a signal that comes as soon as there is a mount leaves none", async () => {
  const script =
    'mount=$1; shift; "$@" & while read -r -d "" table < /proc/self/mounts; [[ $table != *" $mount "* ]]; do :; done; ' +
    "kill $!; wait $!";
  await with_unmounted_pool({}, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    for (let round = 0; round < 5; round++) {
      const arguments_ = [pool.mountpoint, PROGRAM, ...pool.program_arguments(true)];
      const { code, stderr } = await run("bash", ["-c", script, "test", ...arguments_], { deadline_ms: DEADLINE_MS });
      assertEquals(code, 0, stderr);
      await assert_ends(pool);
    }
  });
});

Deno.test("in the foreground too a signal that the caller ignores stays ignored", async () => {
  const script = 'trap "" INT; shift; "$@" & until mountpoint -q "$POOL"; do :; done; stat "$POOL" > /dev/null; ' +
    'kill -INT $!; ls "$POOL"; kill -TERM $!; wait $!';
  await with_unmounted_pool({}, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    const arguments_ = ["-c", script, "test", "", PROGRAM, ...pool.program_arguments(true)];
    const { code, stderr } = await run("bash", arguments_, {
      deadline_ms: DEADLINE_MS,
      env: { POOL: pool.mountpoint },
    });
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /SIGTERM received/);
    await assert_ends(pool);
  });
});

Deno.test("a mount whose server was killed is cleaned up by the next start", async () => {
  await with_unmounted_pool({}, async (pool) => {
    await start_in_background(pool);
    await must("stat", [pool.mountpoint]); // the kernel now knows its attributes for a second, dead or not
    kill(processes_of(pool.mountpoint)[0]!, "SIGKILL");
    await wait_until("the process is gone", () => processes_of(pool.mountpoint).length === 0);
    assertEquals((await run_in_background(pool, pool.program_arguments(false))).code, 0);
    const table = await Deno.readTextFile("/proc/self/mounts");
    assertEquals(table.split("\n").filter((line) => line.split(" ")[1] === pool.mountpoint).length, 1);
    await must("ls", [pool.mountpoint]);
    await must("umount", [pool.mountpoint]);
    await assert_ends(pool);
  });
});

Deno.test("no temporary file is made, and none is left", async () => {
  await with_unmounted_pool({}, async (pool) => {
    const temporary = `${pool.directory}/temporary`;
    await Deno.mkdir(temporary);
    await start_in_background(pool, { TMPDIR: temporary, HOME: temporary });
    await Deno.writeTextFile(pool.path("f"), "content");
    assertEquals([...Deno.readDirSync(temporary)], []);
    await must("umount", [pool.mountpoint]);
    await assert_ends(pool);
    assertEquals([...Deno.readDirSync(temporary)], []);
  });
});

Deno.test("the log tells start, options, mount and end, and nothing of ordinary work", async () => {
  await with_pool({ options: "category.create=mfs,cache.attr=3" }, async (pool) => {
    await wait_until("the mount is logged", () => pool.error_lines().some((line) => line.includes("Mounted")));
    for (let at = 0; at < 20; at++) await Deno.writeTextFile(pool.path(`f${at}`), "content");
    await run("cat", [pool.path("gone")]);
    await pool.stop();
    const lines = pool.error_lines();
    assertMatch(lines[0]!, /^mergerfs-ts: .*starts/);
    for (const option of ["category.create=mfs", "func.create=mfs", "cache.attr=3", "minfreespace=0"]) {
      assert(lines.some((line) => line.endsWith(` ${option}`)), `The log does not tell "${option}"`);
    }
    const mounted = lines.findIndex((line) => line.includes("Mounted") && line.includes(pool.mountpoint));
    assert(mounted > 0, lines.join("\n"));
    const after = lines.slice(mounted + 1);
    assertEquals(after.length, 2, after.join("\n"));
    assertMatch(after.join("\n"), /: The end: the pool was unmounted\n.*: Unmounted ".*"$/);
  });
});

Deno.test("an unmount right after the first answer is an end like any other", async () => {
  for (let round = 0; round < 3; round++) await with_pool({}, () => Promise.resolve());
});

Deno.test("the trace has a line for each request and each reply", async () => {
  await with_pool({ trace: true }, async (pool) => {
    await Deno.mkdir(pool.path("directory"));
    await pool.wait_for_trace(/dir=OUT/);
    const requests = pool.log_lines().filter((line) => /opcode=MKDIR\b/.test(line));
    assertEquals(requests.length, 1);
    assertMatch(requests[0]!, /"directory"/);
    const unique = /unique=(\S+)/.exec(requests[0]!)![1]!;
    await pool.wait_for_trace(new RegExp(`OUT.*unique=${unique} .*error=0`));
  });
});

Deno.test("-d traces and does not keep the program in the foreground", async () => {
  await with_unmounted_pool({ options: "" }, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    const arguments_ = ["-d", "-o", `log.file=${pool.log_file}`, ...pool.program_arguments(false)];
    assertEquals((await run_in_background(pool, arguments_)).code, 0);
    await Deno.mkdir(pool.path("directory"));
    await pool.wait_for_trace(/opcode=MKDIR\b.*"directory"/);
    await must("umount", [pool.mountpoint]);
    await assert_ends(pool);
  });
});

Deno.test("-h and -V print to standard output and end with 0", async () => {
  const help = await run(PROGRAM, ["-h"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  assertMatch(help.stdout, /^Usage: mergerfs \[options\] <branches> <mountpoint>\n/);
  assertMatch(help.stdout, /category\.create/);
  const version = await run(PROGRAM, ["-V"]);
  assertEquals([version.code, version.stderr], [0, ""]);
  assertMatch(version.stdout, /^mergerfs v\d+\.\d+\.\d+\n\n/);
});

Deno.test("what an older spelling is taken as is said on the terminal", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }], options: "cache.files=libfuse" }, async (pool) => {
    const { code, stdout } = await start_in_background(pool);
    assertEquals(code, 0);
    assertMatch(
      stdout,
      /^mergerfs-ts: "cache\.files=libfuse" is an older spelling and taken as "cache\.files=partial"/,
    );
    await must("umount", [pool.mountpoint]);
    await assert_ends(pool);
  });
});
