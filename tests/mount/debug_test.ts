// debug and log.file with the real program: where the trace goes, and the report about memory. And a standard error that
// nobody reads.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Pool, PROGRAM, run_in_background, with_pool, with_unmounted_pool } from "../support/mount.ts";
import { must, python, run } from "../support/run.ts";
import { kill, processes_of } from "../support/temp_dir.ts";
import { wait_until } from "../support/wait_until.ts";

const DEADLINE_MS = 30_000;

async function set(pool: Pool, key: string, value: string): Promise<void> {
  await must("setfattr", ["-n", `user.mergerfs.${key}`, "-v", value, pool.path(".mergerfs")]);
}

Deno.test("in the foreground the trace goes to standard error, INIT included, until it is switched off", async () => {
  await with_pool({ options: "debug=true" }, async (pool) => {
    await Deno.mkdir(pool.path("seen"));
    const lines = pool.error_lines();
    for (const pattern of [/dir=IN .*opcode=INIT /, /dir=OUT .*max_write=1048576/, /opcode=MKDIR .*"seen"/]) {
      assert(lines.some((line) => pattern.test(line)), String(pattern));
    }
    await set(pool, "debug", "false");
    await Deno.mkdir(pool.path("unseen"));
    assert(!pool.error_lines().some((line) => line.includes('"unseen"')));
  });
});

Deno.test("log.file takes the trace over at runtime, appending; a bad one is refused and changes nothing", async () => {
  await with_pool({ options: "debug=true" }, async (pool) => {
    await Deno.writeTextFile(pool.log_file, "before\n");
    await set(pool, "log.file", pool.log_file);
    await Deno.mkdir(pool.path("filed"));
    const refused = await must("bash", [
      "-c",
      'setfattr -n user.mergerfs.log.file -v /none/x "$1" 2>&1 || true',
      "test",
      pool.path(".mergerfs"),
    ]);
    assertMatch(refused, /No such file or directory/);
    await Deno.mkdir(pool.path("also"));
    const lines = pool.log_lines();
    assertEquals(lines[0], "before");
    for (const name of ["filed", "also"]) assert(lines.some((line) => line.includes(`"${name}"`)), name);
    assert(!pool.error_lines().some((line) => line.includes('"filed"')));
  });
});

Deno.test("in the background the trace without a file goes nowhere, and the report to the temporary directory", async () => {
  await with_unmounted_pool({ options: "debug=true" }, async (pool) => {
    const temporary = `${pool.directory}/temporary`;
    for (const directory of [pool.mountpoint, temporary]) await Deno.mkdir(directory);
    const started = await run_in_background(pool, pool.program_arguments(false), { env: { TMPDIR: temporary } });
    assertEquals(started.code, 0);
    await Deno.mkdir(pool.path("untold"));
    const pid = processes_of(pool.mountpoint)[0]!;
    assertEquals(Deno.readLinkSync(`/proc/${pid}/fd/2`), "/dev/null");
    const report = `${temporary}/mergerfs.${pid}.info`;
    const is_written = () => Deno.readTextFile(report).then((text) => text.endsWith("\n\n"), () => false);
    await wait_until("the report is written", is_written, DEADLINE_MS);
    assertMatch(await Deno.readTextFile(report), /^time=.*\nnodes=\d+\n/);
    assert(!(await Deno.readTextFile(`${pool.directory}/output`)).includes('"untold"'));
    await must("umount", [pool.mountpoint]);
    await pool.assert_gone();
  });
});

Deno.test("a file inside the pool is refused for the trace and for options, and with one worker nothing waits", async () => {
  await with_pool({ trace: true, options: "read-thread-count=1,passthrough.io=off" }, async (pool) => {
    const bound = `${pool.directory}/bound`;
    await Deno.mkdir(bound);
    await must("mount", ["--bind", pool.mountpoint, bound]);
    await Deno.symlink("pool/log", `${pool.directory}/link`);
    for (const path of [pool.path("log"), `${bound}/log`, `${pool.directory}/link`]) {
      for (const key of ["log.file", "config"]) {
        const args = ["-n", `user.mergerfs.${key}`, "-v", path, pool.path(".mergerfs")];
        const { code, stderr } = await run("setfattr", args, { deadline_ms: DEADLINE_MS });
        assertEquals([code, /Invalid argument/.test(stderr)], [1, true], stderr);
        const reason = `${key}=${path} ("${path}" lies inside this pool; name one outside of the pool)`;
        await wait_until("the reason is told", () => pool.error_lines().some((line) => line.includes(reason)));
      }
    }
    await Deno.mkdir(pool.path("works"));
    assertStringIncludes(pool.log_lines().join("\n"), '"works"');
    await must("umount", [bound]);
  });
});

Deno.test("SIGHUP: a trace whose file leads into the pool by now stays where it was, and the log says so", async () => {
  await with_pool({ options: "debug=true" }, async (pool) => {
    const link = `${pool.directory}/link`;
    await Deno.symlink(pool.log_file, link);
    await set(pool, "log.file", link);
    await Deno.remove(link);
    await Deno.symlink(pool.path("log"), link);
    kill(pool.pid, "SIGHUP");
    const told = `Cannot append to "${link}", the trace stays where it was: Invalid argument`;
    await wait_until("it is told", () => pool.error_lines().some((line) => line.includes(told)), DEADLINE_MS);
    await Deno.mkdir(pool.path("works"));
    assertStringIncludes(pool.log_lines().join("\n"), '"works"');
  });
});

Deno.test("SIGHUP: a relative log.file stays in the directory of the start, also in the background", async () => {
  await with_unmounted_pool({ options: "debug=true,log.file=log" }, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    const started = await run_in_background(pool, pool.program_arguments(false), { cwd: pool.directory });
    assertEquals(started.code, 0, started.stdout);
    await Deno.rename(pool.log_file, `${pool.log_file}.1`);
    kill(processes_of(pool.mountpoint)[0]!, "SIGHUP");
    await wait_until("it is opened anew", () => Deno.lstat(pool.log_file).then(() => true, () => false), DEADLINE_MS);
    await must("umount", [pool.mountpoint]);
    await pool.assert_gone();
  });
});

Deno.test("a named pipe for the trace: refused while nobody reads, and never waited for", async () => {
  await with_pool({ options: "debug=true" }, async (pool) => {
    await must("mkfifo", [pool.log_file]);
    const args = ["-n", "user.mergerfs.log.file", "-v", pool.log_file, pool.path(".mergerfs")];
    assertMatch((await run("setfattr", args, { deadline_ms: DEADLINE_MS })).stderr, /No such device or address/);
    const reader = await Deno.open(pool.log_file, { read: true, write: true });
    await set(pool, "log.file", pool.log_file);
    // More lines than a pipe holds.
    for (let round = 0; round < 300; round++) await Deno.mkdir(pool.path(`d${round}`));
    reader.close();
  });
});

/** The pipe is full before the program starts, and read when the pool has done some work. */
const UNREAD = `
  import subprocess
  program, branch, pool = sys.argv[1:]
  reading, writing = os.pipe()
  junk = fcntl.fcntl(writing, 1032) # F_GETPIPE_SZ
  os.write(writing, b"x" * junk)
  child = subprocess.Popen([program, "-f", "-o", "minfreespace=0", branch, pool], stderr=writing)
  os.close(writing)
  try:
      wait_until("the pool is mounted", lambda: os.path.ismount(pool))
      put(f"{pool}/f", "content")
      while junk > 0: junk -= len(os.read(reading, junk))
      child.terminate()
      with open(reading) as file: rest = file.read()
      show([child.wait(), rest])
  finally:
      child.kill()
`;

Deno.test("a standard error that nobody reads stops neither start, work nor end; what is lost is counted", async () => {
  await with_unmounted_pool({ branches: [{}] }, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    const args = [PROGRAM, pool.branches[0]!, pool.mountpoint];
    const [code, rest] = await python<[number, string]>(UNREAD, args, { deadline_ms: DEADLINE_MS });
    assertEquals(code, 0);
    assertMatch(rest, /^mergerfs-ts: WARNING: Messages before this one that nobody read and that are lost: [1-9]/);
    assertMatch(rest, /: Unmounted ".*"\n$/);
    assertEquals(await Deno.readTextFile(pool.on_branch(0, "f")), "content");
  });
});
