// debug and log.file with the real program: where the trace goes, and the report about memory.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Pool, run_in_background, with_pool, with_unmounted_pool } from "../support/mount.ts";
import { must } from "../support/run.ts";
import { processes_of } from "../support/temp_dir.ts";
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
