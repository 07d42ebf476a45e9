// Options that the kernel takes part in: what it keeps in its caches, when it sends a FLUSH, what it makes of files that are
// shown as something else (config §3.2, operations §9, §10, §16.3, §21.5).

import { assertEquals } from "@std/assert";
import { type Pool, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

function prepare(branches: readonly string[]): void {
  Deno.writeTextFileSync(`${branches[0]!}/f`, "text");
}

/** Changes options through the control file, as "name=value" words. */
async function set(pool: Pool, options: string): Promise<void> {
  for (const [name, value] of options.split(",").map((option) => option.split("="))) {
    await must("setfattr", ["-n", `user.mergerfs.${name}`, "-v", value!, pool.path(".mergerfs")]);
  }
}

/** Looks at the mode of a file and for one that is missing, changes both on the branch, and looks again. */
const LOOK_TWICE = `
  file, on_branch = sys.argv[1:]
  def look():
      return [oct(os.stat(file).st_mode & 0o777), attempt(os.lstat, file + ".missing") == "ENOENT"]
  put(on_branch, "")
  os.chmod(on_branch, 0o600)
  first = look()
  os.chmod(on_branch, 0o640)
  put(on_branch + ".missing", "")
  show([first, look()])
`;

const CACHE_TIMES: readonly (readonly [options: string, mode: string, is_missing: boolean])[] = [
  ["cache.entry=0,cache.attr=0,cache.negative-entry=0", "0o640", false],
  ["cache.entry=600,cache.attr=600,cache.negative-entry=600", "0o600", true],
  ["cache.entry=600,cache.attr=600,cache.negative-entry=0", "0o600", false],
  ["cache.entry=0,cache.attr=600,cache.negative-entry=0", "0o640", false],
  ["cache.entry=600,cache.attr=0,cache.negative-entry=0", "0o640", false],
];

Deno.test("cache.entry, cache.attr, cache.negative-entry: a change on the branch is seen accordingly", async () => {
  await with_pool({ branches: [{}] }, async (pool) => {
    for (const [at, [options, mode, is_missing]] of CACHE_TIMES.entries()) {
      await set(pool, options);
      const looked = await python(LOOK_TWICE, [pool.path(`f${at}`), pool.on_branch(0, `f${at}`)]);
      assertEquals(looked, [["0o600", true], [mode, is_missing]], options);
    }
  });
});

Deno.test("flush-on-close: which close(2) sends a FLUSH", async () => {
  await with_pool({ branches: [{}], prepare, trace: true }, async (pool) => {
    const flushes = async (flags: string) => {
      const before = count(pool, / opcode=FLUSH /);
      await python(`os.close(os.open(sys.argv[1], os.${flags}))`, [pool.path("f")]);
      return count(pool, / opcode=FLUSH /) - before;
    };
    for (const [value, reading, writing] of [["never", 0, 0], ["opened-for-write", 0, 1], ["always", 1, 1]] as const) {
      await set(pool, `flush-on-close=${value}`);
      assertEquals([await flushes("O_RDONLY"), await flushes("O_RDWR")], [reading, writing], value);
    }
  });
});

function count(pool: Pool, pattern: RegExp): number {
  return pool.log_lines().filter((line) => pattern.test(line)).length;
}

Deno.test("dropcacheonclose: what a branch has in its page cache goes with the close", async () => {
  await with_pool({ branches: [{ kind: "ext4" }], prepare, trace: true }, async (pool) => {
    const file = pool.on_branch(0, "f");
    await must("sync", [file]);
    const cached = async () => Number((await must("fincore", ["-n", "-b", "-o", "PAGES", file])).trim() || 0);
    await must("cat", [pool.path("f")]);
    await pool.wait_for_trace(/ opcode=RELEASE /);
    assertEquals(await cached(), 1);
    await set(pool, "dropcacheonclose=true");
    await must("cat", [pool.path("f")]);
    await wait_until("the file is in no cache", async () => await cached() === 0);
  });
});

Deno.test("uid, gid and umask are what every kind of stat shows", async () => {
  await with_pool({ branches: [{ kind: "ext4" }], prepare, options: "uid=7,gid=8,umask=18" }, async (pool) => {
    // %W asks for the time of birth, which only STATX has; then the kernel answers from what it keeps.
    for (const format of ["%u %g %a", "%u %g %a %W", "%u %g %a"]) {
      const shown = await must("stat", ["-c", format, pool.path("f")]);
      assertEquals(shown.trim().split(" ").slice(0, 3), ["7", "8", "755"], format);
    }
    assertEquals(Deno.statSync(pool.on_branch(0, "f")).uid, 0);
  });
});

Deno.test("symlinkify: a file that nobody may write is read through a link to its branch", async () => {
  const options = "symlinkify=true,symlinkify-timeout=-1,cache.attr=0,cache.entry=0";
  await with_pool({ branches: [{}, {}], prepare, options }, async (pool) => {
    await Deno.chmod(pool.on_branch(0, "f"), 0o444);
    assertEquals(Deno.readLinkSync(pool.path("f")), pool.on_branch(0, "f"));
    assertEquals(await Deno.readTextFile(pool.path("f")), "text");
    await Deno.chmod(pool.on_branch(0, "f"), 0o644);
    assertEquals((await Deno.lstat(pool.path("f"))).isFile, true);
    await Deno.writeTextFile(pool.path("f"), "new");
    assertEquals(await Deno.readTextFile(pool.on_branch(0, "f")), "new");
  });
});

/** What lstat says of the two links and of one just made, what the file holds, and what removing them removes. */
const FOLLOW = `
  os.chdir(sys.argv[1])
  def kind(path):
      mode = os.lstat(path).st_mode
      return "file" if stat.S_ISREG(mode) else "directory" if stat.S_ISDIR(mode) else "link"
  os.symlink("f", "made")
  kinds = [kind(name) for name in ("to_file", "to_directory", "made")]
  text = get("to_file")
  removed = [attempt(os.rmdir if kinds[1] == "directory" else os.unlink, "to_directory"), attempt(os.unlink, "to_file")]
  show([kinds, text, removed, sorted(os.listdir("."))])
`;

const FOLLOWED = [
  ["never", "link", "link"],
  ["directory", "link", "directory"],
  ["regular", "file", "link"],
  ["all", "file", "directory"],
] as const;

function prepare_links([branch]: readonly string[]): void {
  for (const [value] of FOLLOWED) {
    Deno.mkdirSync(`${branch}/${value}/d`, { recursive: true });
    Deno.writeTextFileSync(`${branch}/${value}/f`, "text");
    Deno.symlinkSync("f", `${branch}/${value}/to_file`);
    Deno.symlinkSync("d", `${branch}/${value}/to_directory`);
  }
}

Deno.test("follow-symlinks: links are shown as told, and removed themselves", async () => {
  await with_pool({ branches: [{}], prepare: prepare_links }, async (pool) => {
    for (const [value, to_file, to_directory] of FOLLOWED) {
      await set(pool, `follow-symlinks=${value}`);
      const result = await python(FOLLOW, [pool.path(value)]);
      assertEquals(result, [[to_file, to_directory, to_file], "text", [0, 0], ["d", "f", "made"]], value);
    }
  });
});

const READ_AS_USER = `
  show(as_user(1234, 1234, lambda: attempt(get, sys.argv[1])))
`;

for (const [value, result] of [["false", "EACCES"], ["true", "text"]] as const) {
  Deno.test(`posix-acl=${value}: a user named in an access list gets ${result}`, async () => {
    const options = `posix-acl=${value}`;
    await with_pool({ branches: [{ kind: "ext4" }], prepare, options }, async (pool) => {
      await Deno.chmod(pool.mountpoint, 0o755);
      await Deno.chmod(pool.path("f"), 0o600);
      await must("setfacl", ["-m", "u:1234:r", pool.path("f")]);
      await Deno.chmod(pool.directory, 0o755);
      assertEquals(await python(READ_AS_USER, [pool.path("f")]), result);
    });
  });
}
