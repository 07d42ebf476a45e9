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

const BIRTH = `
  branch, pool = sys.argv[1:3]
  births = {birth_time_ns(f"{branch}/{name}"): name for name in os.listdir(branch)}
  names = ("f", "d", "to_file", "to_directory", "to_nothing")
  show([births.get(birth_time_ns(f"{pool}/{name}")) for name in names] +
       [stat.S_IFMT(os.lstat(f"{pool}/{name}").st_mode) >> 12 for name in names[2:]])
`;

/** Of a link to a file, to a directory, and to nothing: whose time of birth is shown, and which type (DT_*). */
const BORN = [
  ["never", ["to_file", "to_directory", "to_nothing"], [10, 10, 10]],
  ["directory", ["to_file", "d", "to_nothing"], [10, 4, 10]],
  ["regular", ["f", "to_directory", "to_nothing"], [8, 10, 10]],
  ["all", ["f", "d", "to_nothing"], [8, 4, 10]],
] as const;

Deno.test("follow-symlinks: the time of birth is that of what is shown (operations F5)", async () => {
  const links = ([branch]: readonly string[]) =>
    python<void>(
      `
      os.chdir(sys.argv[1])
      # Each with a time of birth of its own.
      def make(call, *args):
          last = max([0] + [birth_time_ns(name) for name in os.listdir(".")])
          def is_later():
              attempt(os.unlink, args[-1]) if call is os.symlink or call is put else attempt(os.rmdir, args[-1])
              call(*args)
              return birth_time_ns(args[-1]) > last
          wait_until("the clock went on", is_later)
      make(put, "f"), make(os.mkdir, "d")
      make(os.symlink, "f", "to_file"), make(os.symlink, "d", "to_directory"), make(os.symlink, "gone", "to_nothing")
    `,
      [branch!],
    );
  const setup = { branches: [{ kind: "ext4" }], prepare: links, options: "cache.attr=0,cache.entry=0" } as const;
  await with_pool(setup, async (pool) => {
    for (const [value, born, types] of BORN) {
      await set(pool, `follow-symlinks=${value}`);
      const shown = await python(BIRTH, [pool.branches[0]!, pool.mountpoint]);
      assertEquals(shown, ["f", "d", ...born, ...types], value);
    }
  });
});

Deno.test("link-cow: writing through one of two names leaves the other one as it was", async () => {
  const two_names = ([branch]: readonly string[]) => {
    Deno.writeTextFileSync(`${branch}/a`, "shared", { mode: 0o640 });
    Deno.linkSync(`${branch}/a`, `${branch}/b`);
  };
  await with_pool({ branches: [{}], prepare: two_names, options: "link-cow=true" }, async (pool) => {
    const told = await python(
      `
      os.chdir(sys.argv[1])
      os.setxattr("a", "user.kept", b"1")
      def links(): return [os.stat(name).st_nlink for name in "ab"]
      with open("a", "rb") as reading:
          before = [reading.read().decode(), links()]
      with open("a", "r+b") as writing:
          writing.write(b"SEP")
      show([before, get("a"), get("b"), links(), oct(os.stat("a").st_mode), os.listxattr("a"),
            os.stat("a").st_ino != os.stat("b").st_ino, sorted(os.listdir("."))])
    `,
      [pool.mountpoint],
    );
    const separate = ["SEPred", "shared", [1, 1], "0o100640", ["user.kept"], true, ["a", "b"]];
    assertEquals(told, [["shared", [2, 2]], ...separate]);
    assertEquals(Deno.readTextFileSync(pool.on_branch(0, "b")), "shared");
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
