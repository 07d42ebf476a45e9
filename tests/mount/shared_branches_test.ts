// Two pools over the same branches, and programs that change the branches themselves: the pools stay true to what is there,
// at the latest when the cache times are over, and answer as a native directory does that others change.

import { assertEquals } from "@std/assert";
import { broken_live_invariants } from "../support/live_arena.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

/** A first pool, and a second one over its branches in the reverse order. */
async function with_two_pools(
  first: string,
  second: string,
  body: (first: Pool, second: Pool) => Promise<void>,
): Promise<void> {
  await with_pool({ options: first }, async (one) => {
    const branches = one.branches.map((path) => ({ path })).reverse();
    await with_pool({ branches, options: second }, (two) => body(one, two));
  });
}

/** What a pool must show, by its branches: the first one that has a name counts. "path mode size mtime links digest". */
const SHOWN = `
  import hashlib
  def shown(top, name):
      info = os.lstat(top + "/" + name)
      text = f"{name} {info.st_mode} {info.st_mtime_ns}"
      if stat.S_ISREG(info.st_mode):
          with open(top + "/" + name, "rb") as file:
              text += f" {info.st_size} {info.st_nlink} " + hashlib.md5(file.read()).hexdigest()
      return text + (os.readlink(top + "/" + name) if stat.S_ISLNK(info.st_mode) else "")
  def names_below(top, at=""):
      for name in os.listdir(top + "/" + at):
          path = at + name
          yield path
          if stat.S_ISDIR(os.lstat(top + "/" + path).st_mode):
              yield from names_below(top, path + "/")
  pool, branches = sys.argv[1], sys.argv[2:]
  # What is below a directory that another branch hides behind a file is not to be seen.
  def is_visible(path):
      parts = path.split("/")
      parents = ["/".join(parts[:count]) for count in range(1, len(parts))]
      return all(stat.S_ISDIR(os.lstat(first_with(parent) + "/" + parent).st_mode) for parent in parents)
  def first_with(path):
      return next(branch for branch in branches if os.path.lexists(branch + "/" + path))
  expected = sorted({path for branch in branches for path in names_below(branch) if is_visible(path)})
  show([sorted(shown(pool, path) for path in names_below(pool)), [shown(first_with(path), path) for path in expected]])
`;

/** Whether the pool shows what its branches hold. A name may have gone meanwhile from the kernel's caches only. */
async function is_true_to_branches(pool: Pool): Promise<boolean> {
  const [pool_tree, tree] = await python<[string[], string[]]>(SHOWN, [pool.mountpoint, ...pool.branches])
    .catch(() => [["unreadable"], []]);
  return JSON.stringify(pool_tree) === JSON.stringify(tree.sort());
}

/** By each of six processes. */
const CALLS = 300;

for (
  const [first, second] of [
    ["cache.files=off,cache.attr=0,cache.entry=0", "cache.files=auto-full"],
    ["cache.files=partial,readdirplus=true,category.create=mfs", "readdirplus=false,cache.negative-entry=1"],
  ] as const
) {
  Deno.test(`pools with "${first}" and "${second}" and native programs change the same names at once`, async () => {
    await with_two_pools(first, second, async (one, two) => {
      const script = new URL("../support/shared_stress.py", import.meta.url).pathname;
      const places = [one, one, two, two].map((pool) => pool.mountpoint);
      await must("/usr/bin/python3", [script, String(CALLS), ...places, one.branches[0]!, one.branches[1]!]);
      for (const pool of [one, two]) {
        await wait_until(`${pool.mountpoint} shows what is there`, () => is_true_to_branches(pool));
        assertEquals(broken_live_invariants(pool.pid), []);
        assertEquals(pool.error_lines().filter((line) => /Bug in|ERROR:/.test(line)), []);
      }
      const left = await must("find", [...one.branches, "-name", ".*_??????"]);
      assertEquals(left, "");
    });
  });
}

Deno.test("another kind of object under a name that the kernel remembers: its attributes show it, and calls are made on it", async () => {
  await with_pool({ branches: [{}, {}], options: "cache.entry=600,cache.attr=0" }, async (pool) => {
    const different = await python<unknown[]>(
      `
      import itertools
      pool, branch, native = sys.argv[1:]
      MAKE = {"file": lambda path: put(path, "content"), "directory": os.mkdir, "symlink": lambda path: os.symlink("to", path)}
      CALLS = {
          "open": lambda path: os.close(os.open(path, os.O_RDONLY | os.O_NOFOLLOW)),
          "open to write": lambda path: os.close(os.open(path, os.O_RDWR | os.O_NOFOLLOW)),
          "chmod": lambda path: os.chmod(path, 0o700),
          "list": os.listdir,
          "readlink": os.readlink,
          "create in it": lambda path: put(path + "/new"),
          "truncate": lambda path: os.truncate(path, 3),
          "mkdir": os.mkdir,
          "unlink": os.unlink,
          "rmdir": os.rmdir,
          "rename": lambda path: os.rename(path, path + ".renamed"),
          "link": lambda path: os.link(path, path + ".linked", follow_symlinks=False),
      }
      def after_replacement(seen_at, changed_at, name, before, after, call):
          MAKE[before](f"{changed_at}/{name}")
          os.lstat(f"{seen_at}/{name}")
          (os.rmdir if before == "directory" else os.unlink)(f"{changed_at}/{name}")
          MAKE[after](f"{changed_at}/{name}")
          return [attempt(lambda: stat.S_IFMT(os.lstat(f"{seen_at}/{name}").st_mode)), attempt(call, f"{seen_at}/{name}")]
      different = []
      for before, after in itertools.permutations(MAKE, 2):
          for what, call in CALLS.items():
              name = f"{before} {after} {what}"
              results = [after_replacement(seen_at, changed_at, name, before, after, call)
                         for seen_at, changed_at in ((pool, branch), (native, native))]
              if results[0] != results[1]:
                  different.append([name, *results])
      show(different)
    `,
      [pool.mountpoint, pool.branches[0]!, pool.directory],
    );
    assertEquals(different, []);
  });
});

Deno.test("what other programs change is seen when the cache times are over", async () => {
  await with_pool({ options: "cache.attr=1,cache.entry=1,cache.negative-entry=1" }, async (pool) => {
    const results = await python<unknown[]>(
      `
      pool, branch = sys.argv[1:]
      os.chdir(pool)
      for name in ("grown", "touched", "removed", "other"):
          put(branch + "/" + name, "x")
      os.mkdir(branch + "/d")
      before = [os.stat(name).st_size for name in ("grown", "touched", "removed", "other")]
      looked_for = [attempt(os.stat, "made"), os.listdir("d")]
      put(branch + "/grown", "longer")
      os.utime(branch + "/touched", (1, 2))
      os.unlink(branch + "/removed")
      put(branch + "/made", "")
      put(branch + "/d/made", "")
      os.rename(branch + "/other", branch + "/renamed")
      wait_until("all of it shows", lambda: [
          os.stat("grown").st_size, os.stat("touched").st_mtime, attempt(os.stat, "removed"), os.path.exists("made"),
          os.listdir("d"), attempt(os.stat, "other"), os.path.exists("renamed")] ==
          [6, 2, "ENOENT", True, ["made"], "ENOENT", True])
      show([before, looked_for, get("grown"), get("renamed")])
    `,
      [pool.mountpoint, pool.branches[0]!],
    );
    assertEquals(results, [[1, 1, 1, 1], ["ENOENT", []], "longer", "x"]);
  });
});

for (const options of ["cache.files=partial", "cache.files=auto-full,passthrough.io=rw"]) {
  Deno.test(`files that are open while other programs replace, remove and move them, ${options}`, async () => {
    await with_pool({ options: `${options},category.create=ff` }, async (pool) => {
      const results = await python<unknown[]>(
        `
        import shutil
        pool, branch, other = sys.argv[1:]
        os.chdir(pool)
        names = ("replaced", "removed", "renamed", "moved")
        for name in names:
            put(branch + "/" + name, "old")
        open_files = [os.open(name, os.O_RDWR) for name in names]
        put(branch + "/new", "the new one")
        os.rename(branch + "/new", branch + "/replaced")
        os.unlink(branch + "/removed")
        os.rename(branch + "/renamed", branch + "/renamed2")
        shutil.copy2(branch + "/moved", other + "/.moved")
        os.rename(other + "/.moved", other + "/moved")
        os.unlink(branch + "/moved")
        # Who opens them now gets what has the name now, whatever is remembered.
        opened = [attempt(get, name) for name in names]
        for name in ("replaced", "moved"):
            with open(name, "ab") as file:
                file.write(b"+")
        # What was open goes on, to the last byte.
        kept = [[os.pread(fd, 9, 0).decode(), os.pwrite(fd, b"OLD", 0), os.fstat(fd).st_size, os.fstat(fd).st_nlink,
                 attempt(os.ftruncate, fd, 2), os.pread(fd, 9, 0).decode()] for fd in open_files]
        show([opened, kept, get(branch + "/replaced"), get(other + "/moved"), get(branch + "/renamed2"),
              attempt(put, "removed", "again"), get(branch + "/removed")])
      `,
        [pool.mountpoint, pool.branches[0]!, pool.branches[1]!],
      );
      const kept = [0, 0, 1, 0].map((nlink) => ["old", 3, 3, nlink, 0, "OL"]);
      const opened = ["the new one", "ENOENT", "ENOENT", "old"];
      assertEquals(results, [opened, kept, "the new one+", "old+", "OL", 0, "again"]);
    });
  });
}

Deno.test("directories that are renamed or removed by others while they are open or the working directory", async () => {
  await with_pool({ options: "cache.entry=0,cache.attr=0" }, async (pool) => {
    const results = await python<unknown[]>(
      `
      import shutil
      pool, branch = sys.argv[1:]
      for name in ("renamed", "removed"):
          os.makedirs(f"{branch}/{name}/below")
          put(f"{branch}/{name}/below/f", name)
      results = []
      for name in ("renamed", "removed"):
          os.chdir(f"{pool}/{name}/below")
          fd = os.open(".", os.O_RDONLY)
          if name == "renamed":
              os.rename(f"{branch}/renamed", f"{branch}/renamed2")
          else:
              shutil.rmtree(f"{branch}/removed")
          results.append([attempt(get, "f"), attempt(os.listdir, fd), attempt(put, "new"), attempt(os.stat, f"{pool}/{name}")])
          os.close(fd)
      os.chdir(pool)
      show([results, get("renamed2/below/f"), sorted(os.listdir("."))])
    `,
      [pool.mountpoint, pool.branches[0]!],
    );
    // A pool knows a directory by its path: under a new name it is another one.
    const gone = ["ENOENT", "ENOENT", "ENOENT", "ENOENT"];
    assertEquals(results, [[gone, gone], "renamed", ["renamed2"]]);
  });
});
