// mergerfs.collect-info (operations §27.2): what is in the file, where it lies, who may read it, and that nothing that hangs
// keeps it from being written.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Pool, PROGRAM, with_pool } from "../support/mount.ts";
import { must, run, type RunResult } from "../support/run.ts";
import { kill } from "../support/temp_dir.ts";

const DEADLINE_MS = 90_000;
const LIMIT_MS = 10_000;

interface Report extends RunResult {
  /** Title to text, as they follow each other. */
  readonly items: ReadonlyMap<string, string>;
}

function report_file(pool: Pool): string {
  return `${pool.directory}/mergerfs.info.txt`;
}

/** Runs the program with the directory of the pool as the temporary directory. */
async function collect(pool: Pool, args = ["collect-info"], env: Record<string, string> = {}): Promise<Report> {
  const all = { env: { TMPDIR: pool.directory, ...env }, deadline_ms: DEADLINE_MS };
  const result = await run(PROGRAM, args, all);
  const text = await Deno.readTextFile(report_file(pool));
  assertMatch(text, /^=== .*\n[^]*[^\n]\n\n\n$/);
  const parts = text.split(/^=== (.*)\n/m).slice(1);
  const items = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) items.set(parts[at]!, parts[at + 1]!);
  return { ...result, items };
}

/** A directory with commands that stand in front of those of the machine. */
async function with_command(pool: Pool, name: string, script: string): Promise<Record<string, string>> {
  const directory = `${pool.directory}/commands`;
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(`${directory}/${name}`, `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  return { PATH: `${directory}:${Deno.env.get("PATH")}` };
}

Deno.test("the file has every item in its order, each with a header, and two empty lines behind it", async () => {
  await with_pool({ options: "category.create=mfs" }, async (pool) => {
    const env = await with_command(pool, "lshw", "printf 'no end of line'; echo broken >&2; exit 7");
    const { code, stdout, stderr, items } = await collect(pool, ["collect-info"], env);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^\* Mount the pool .*\n\* Attach this file .*\n\* .*\/mergerfs\.info\.txt\n$/);
    assert(stdout.endsWith(`\n* ${report_file(pool)}\n`));
    const titles = [...items.keys()];
    const own_titles = titles.filter((title) => !title.includes("/") || title.includes(pool.directory));
    assertEquals(own_titles.map((title) => title.replace(pool.directory, "DIR").split(" -")[0]), [
      "mergerfs-ts",
      "mergerfs",
      "uname",
      "lsb_release",
      "df",
      "lsblk",
      ...[0, 1, 2].map((at) => `stat DIR/branch${at}`),
      "DIR/pool/.mergerfs",
      "docker",
      "docker compose version",
      "podman",
      "podman compose version",
      "smbd",
      "lshw",
      "journalctl",
    ]);
    const files = titles.map((title, at) => title.startsWith("cat ") ? [title, titles[at - 1]] : []).flat();
    assertEquals([files[0], files[1], files[2]], ["cat /proc/mounts", titles[5], "cat /etc/fstab"]);
    const text = (title: RegExp) => items.get(titles.find((each) => title.test(each))!)!;
    assertMatch(text(/^mergerfs-ts /), /^mergerfs v\d/);
    assertMatch(text(/^uname/), /^Linux .*\n\n\n$/);
    assertEquals(text(/^lshw -sanitize$/), "no end of linebroken\nerror: exit code 7\n\n\n");
    assertMatch(text(/\/proc\/mounts$/), new RegExp(`^\\S+ ${pool.mountpoint} fuse\\.mergerfs `, "m"));
    assertMatch(items.get(`stat ${pool.branches[2]}`)!, /^ {2}File: .*branch2\n {2}Size: /);
    const options = items.get(`${pool.mountpoint}/.mergerfs`)!;
    const listed = await must("getfattr", ["--absolute-names", "-d", `${pool.mountpoint}/.mergerfs`]);
    const keys = [...listed.matchAll(/^user\.mergerfs(?:-ts)?\.([^=]*)=/gm)].map((match) => match[1]).sort();
    assertEquals(options.trimEnd().split("\n").map((line) => line.split("=")[0]).sort(), keys);
    assertMatch(options, /^func\.create=mfs$/m);
  });
});

Deno.test("the file is made anew for its owner alone, and no link leads the writer elsewhere", async () => {
  await with_pool({}, async (pool) => {
    await Deno.writeTextFile(`${pool.directory}/victim`, "untouched");
    await Deno.symlink("victim", report_file(pool));
    await must("ln", ["-s", PROGRAM, `${pool.directory}/mergerfs.collect-info`]);
    const script = 'SUDO_UID=1234 SUDO_GID=4321 TMPDIR=$1 "$1/mergerfs.collect-info"';
    await must("bash", ["-c", script, "test", pool.directory]);
    assertEquals(await Deno.readTextFile(`${pool.directory}/victim`), "untouched");
    assertEquals(await must("stat", ["-c", "%F %a %u %g", report_file(pool)]), "regular file 600 1234 4321\n");
    await Deno.remove(report_file(pool));
    await Deno.mkdir(report_file(pool));
    const refused = await run(PROGRAM, ["collect-info"], { env: { TMPDIR: pool.directory } });
    assertEquals(refused.code, 1);
    assertMatch(refused.stderr, /^mergerfs-ts collect-info: cannot write ".*": Is a directory \(TMPDIR=.*\)\n$/);
    const unknown = await run(PROGRAM, ["collect-info", "/pool"]);
    assertEquals([unknown.code, unknown.stdout], [1, ""]);
    assertMatch((await run(PROGRAM, ["collect-info", "--help"])).stdout, /^Usage: mergerfs-ts collect-info\n/);
  });
});

Deno.test("a pool and a command that hang cost their own parts; passwords of any item are left out", async () => {
  await with_pool({}, async (pool) => {
    const env = await with_command(pool, "uname", "echo before password=geheim; exec sleep 1000");
    const started_ms = performance.now();
    kill(pool.pid, "SIGSTOP");
    try {
      const { code, items } = await collect(pool, ["collect-info"], env);
      assertEquals(code, 0);
      assertEquals(items.get("uname -a"), "before password=***\nerror: no end within 10 s\n\n\n");
      assertEquals(items.get(`${pool.mountpoint}/.mergerfs`), "error: no end within 10 s\n\n\n");
      assert(items.has("cat /etc/fstab") && performance.now() - started_ms >= LIMIT_MS);
    } finally {
      kill(pool.pid, "SIGCONT");
    }
  });
});
