// The config file of a mounted pool: read at the start, through the control file, and again with SIGHUP. Each mistake in it
// is told with file and line, wherever it is read (config spec §1.6, departures D22).

import { assert, assertEquals } from "@std/assert";
import { type Pool, PROGRAM, run_in_background, with_pool, with_unmounted_pool } from "../support/mount.ts";
import { must, run } from "../support/run.ts";
import { kill, processes_of } from "../support/temp_dir.ts";
import { wait_until } from "../support/wait_until.ts";

const MISTAKES: readonly (readonly [line: string, told: string])[] = [
  [
    "cach.files=full",
    'unknown option - cach.files=full (PLACE: unknown option "cach.files"; did you mean "cache.files"?)',
  ],
  [
    "allow_other",
    'unknown option - allow_other (PLACE: unknown option "allow-other"; "allow_other" is a mount word: give it with -o or in fstab)',
  ],
  ["category.create=mfz", 'invalid value - category.create=mfz (PLACE: unknown policy "mfz"; did you mean "mfs"?)'],
  ["func.open = ffs", 'invalid value - func.open=ffs (PLACE: unknown policy "ffs"; did you mean "ff"?)'],
  ["cache.files=ful", 'invalid value - cache.files=ful (PLACE: unknown value "ful"; did you mean "full"?)'],
  ["debug", 'invalid value - debug (PLACE: "" is neither true nor false; use true or false)'],
  ["minfreespace=4X", ""],
  [
    "branches=/gone=rw",
    'invalid value - branches=/gone=rw (PLACE: unknown mode "rw" of branch "/gone=rw"; did you mean "RW"?)',
  ],
  ["version=3", 'read-only option - version=3 (PLACE: "version" can only be read)'],
  ["func.readdir=SEQ", ""],
];

/** The mistakes in two files: the first names the second in its third line. */
function write_mistakes(directory: string): string[] {
  const lines = MISTAKES.map(([line]) => line);
  Deno.writeTextFileSync(
    `${directory}/pool.conf`,
    ["cache.attr=77", "", "config=more.conf", ...lines.slice(4)].join("\n"),
  );
  Deno.writeTextFileSync(`${directory}/more.conf`, ["# more", ...lines.slice(0, 4)].join("\n"));
  const places = MISTAKES.map((_, at) => at < 4 ? `more.conf:${at + 2}` : `pool.conf:${at}`);
  const told = MISTAKES.map(([, text], at) => text.replace("PLACE", places[at]!) || places[at]!);
  return [...told.slice(0, 4), "pool.conf:3", ...told.slice(4)];
}

/** Fails unless the lines hold each text once, in that order, and no other "FILE:LINE". */
function assert_told(lines: readonly string[], told: readonly string[]): void {
  const found = lines.filter((line) => /\.conf:\d+/.test(line));
  assertEquals(found.length, told.length, lines.join("\n"));
  for (const [at, text] of told.entries()) assert(found[at]!.includes(text), `${found[at]}\ndoes not hold\n${text}`);
}

function config_of(pool: Pool): string {
  return `${pool.directory}/pool.conf`;
}

function prepared(text: string): (branches: readonly string[]) => void {
  return (branches) => Deno.writeTextFileSync(`${branches[0]!}/../pool.conf`, text);
}

/** The lines that the log gets until one holds the text. */
async function log_until(pool: Pool, text: string, action: () => unknown): Promise<string[]> {
  await wait_until("the start is told", () => pool.error_lines().some((line) => line.includes("Mounted on")));
  const before = pool.error_lines().length;
  await action();
  const lines = () => pool.error_lines().slice(before);
  await wait_until(`the log says "${text}"`, () => lines().some((line) => line.includes(text)));
  return lines();
}

/** Sends SIGHUP and returns what the log says about it. */
function reload(pool: Pool, end = "again, changes: "): Promise<string[]> {
  return log_until(pool, end, () => kill(pool.pid, "SIGHUP"));
}

function set(pool: Pool, key: string, value: string) {
  return run("setfattr", ["-n", `user.mergerfs.${key}`, "-v", value, pool.path(".mergerfs")]);
}

async function get(pool: Pool, key: string): Promise<string> {
  const args = ["--only-values", "--absolute-names", "-n", `user.mergerfs.${key}`, pool.path(".mergerfs")];
  return await must("getfattr", args);
}

Deno.test("ten mistakes in config files: at the start each is told, and nothing is mounted", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    const told = write_mistakes(pool.directory);
    const args = ["-o", "config=pool.conf", pool.branches[0]!, pool.mountpoint];
    for (const more of [[], ["-f"]]) {
      const { code, stderr } = await run(PROGRAM, [...more, ...args], { cwd: pool.directory });
      const lines = stderr.trimEnd().split("\n");
      assertEquals(code, 1);
      assert(lines.every((line) => line.startsWith("mergerfs-ts: ERROR - ")), stderr);
      assert_told(lines.slice(0, -1), told);
      assertEquals(
        lines.at(-1),
        'mergerfs-ts: ERROR - invalid value - config=pool.conf (7 lines of "pool.conf" refused)',
      );
    }
  });
});

Deno.test("ten mistakes in config files: through the control file each is in the log", async () => {
  await with_pool({ branches: [{}] }, async (pool) => {
    const told = write_mistakes(pool.directory);
    const lines = await log_until(pool, `pool.conf:${MISTAKES.length - 1}`, async () => {
      assertEquals((await set(pool, "config", "pool.conf")).code, 1);
    });
    assert_told(lines, told);
    // What could be set is set (config spec §7.3).
    assertEquals([await get(pool, "cache.attr"), await get(pool, "config")], ["77", ""]);
  });
});

Deno.test("ten mistakes in config files: SIGHUP tells each and changes nothing", async () => {
  await with_pool({ branches: [{}], options: "config=pool.conf", prepare: prepared("cache.attr=5") }, async (pool) => {
    const told = write_mistakes(pool.directory);
    assert_told((await reload(pool, "Nothing was changed")).slice(0, -1), told);
    assertEquals([await get(pool, "cache.attr"), await get(pool, "config")], ["5", "pool.conf"]);
  });
});

Deno.test("SIGHUP puts changed lines in force, tells what has to wait, and leaves the rest", async () => {
  const prepare = prepared("category.create=ff\nasync-read=true\nposix-acl=true\ncache.attr=0\n");
  await with_pool({ options: "config=pool.conf", prepare }, async (pool) => {
    await set(pool, "cache.attr", "9");
    await Deno.writeTextFile(pool.path("before"), "");
    const [first, second] = pool.branches;
    await Deno.writeTextFile(
      config_of(pool),
      `# changed\nbranches=${second}:${first}=NC\ncategory.create=ff\nasync-read=false\nposix-acl=true\ncache.attr=0\n`,
    );
    const lines = await reload(pool);
    assertEquals(lines, [
      `mergerfs-ts: pool.conf:2: branches=${second}:${first}=NC`,
      'mergerfs-ts: WARNING: pool.conf:4: "async-read" cannot be changed while the pool is mounted (unmount and mount again)',
      'mergerfs-ts: Read "pool.conf" again, changes: 1',
    ]);
    await Deno.writeTextFile(pool.path("after"), "");
    assertEquals(pool.branches.map((branch) => [...Deno.readDirSync(branch)].map(({ name }) => name)), [
      ["before"],
      ["after"],
      [],
    ]);
    assertEquals([await get(pool, "cache.attr"), await get(pool, "async-read")], ["9", "true"]);
  });
});

Deno.test("SIGHUP without a config file says so, and the pool goes on", async () => {
  await with_pool({ branches: [{}] }, async (pool) => {
    await reload(pool, "No config file to read again");
    await Deno.writeTextFile(pool.path("f"), "content");
  });
});

Deno.test("many SIGHUPs at once: the last content of the file is in force", async () => {
  await with_pool({ branches: [{}], options: "config=pool.conf", prepare: prepared("") }, async (pool) => {
    for (let round = 1; round <= 20; round++) {
      await Deno.writeTextFile(config_of(pool), `cache.attr=${round}`);
      kill(pool.pid, "SIGHUP");
    }
    await wait_until("the last one is in force", async () => await get(pool, "cache.attr") === "20", 30_000);
  });
});

Deno.test("SIGHUP opens the trace's file anew, and follows log.file and debug", async () => {
  await with_pool({ branches: [{}], trace: true, options: "config=pool.conf", prepare: prepared("") }, async (pool) => {
    await must("stat", [pool.path("one")]).catch(() => {});
    await pool.wait_for_trace(/"one"/);
    await Deno.rename(pool.log_file, `${pool.directory}/log.1`);
    await reload(pool);
    await run("stat", [pool.path("two")]);
    await pool.wait_for_trace(/"two"/);

    await Deno.writeTextFile(config_of(pool), `log.file=${pool.directory}/other\n`);
    await reload(pool);
    await run("stat", [pool.path("three")]);
    await wait_until(
      "the other file is written",
      () => /"three"/.test(Deno.readTextFileSync(`${pool.directory}/other`)),
    );
    assertEquals(/"three"/.test(Deno.readTextFileSync(pool.log_file)), false);

    await Deno.writeTextFile(config_of(pool), `log.file=${pool.directory}/other\ndebug=false\n`);
    await reload(pool);
    await run("stat", [pool.path("four")]);
    await pool.stop();
    assertEquals(/"four"/.test(Deno.readTextFileSync(`${pool.directory}/other`)), false);
  });
});

Deno.test("in the background, too, relative paths of the start are found again", async () => {
  await with_unmounted_pool({ branches: [{}] }, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    await Deno.writeTextFile(config_of(pool), "config=inner\n");
    await Deno.writeTextFile(`${pool.directory}/inner`, "cache.attr=5\n");
    const args = ["-o", "config=pool.conf", pool.branches[0]!, pool.mountpoint];
    assertEquals((await run_in_background(pool, args, { cwd: pool.directory })).code, 0);
    await Deno.writeTextFile(`${pool.directory}/inner`, "cache.attr=6\n");
    kill(processes_of(pool.mountpoint)[0]!, "SIGHUP");
    await wait_until("the line is in force", async () => await get(pool, "cache.attr") === "6");
    await must("umount", [pool.mountpoint]);
    await pool.assert_gone();
  });
});
