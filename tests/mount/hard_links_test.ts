// Hard links inside the pool: every name tells the same, at once (departures D8), although the kernel knows each name of
// a file as an object of its own and keeps its attributes for a second, or for an hour.

import { assertEquals } from "@std/assert";
import { on_pool_and_native, with_pool } from "../support/mount.ts";
import { python, shell } from "../support/run.ts";

const START = `
  os.chdir(sys.argv[1])
  put("a", "content")
  os.link("a", "b")
  os.mkdir("d")
  os.link("b", "d/c")
  NAMES = ["a", "b", "d/c"]
  def all_stats(field):
      return [getattr(os.stat(name), field) for name in NAMES]
  for field in ("st_nlink", "st_mode"):
      all_stats(field)
`;

function compared(name: string, code: string): void {
  Deno.test(`hard links: ${name}`, async () => {
    const { pool, native } = await on_pool_and_native({}, (directory) => python(START + code, [directory]));
    assertEquals(pool, native);
  });
}

compared(
  "one inode number, and a link count that is right at once",
  `
  counts = [all_stats("st_nlink")]
  os.link("d/c", "e")
  counts.append(all_stats("st_nlink"))
  os.unlink("e")
  counts.append(all_stats("st_nlink"))
  os.rename("d/c", "d/f")
  NAMES[2] = "d/f"
  counts.append(all_stats("st_nlink"))
  os.unlink("d/f")
  NAMES.pop()
  counts.append(all_stats("st_nlink"))
  show([counts, len(set(all_stats("st_ino"))), len({os.fstat(os.open(name, os.O_RDONLY)).st_ino for name in NAMES})])
`,
);

compared(
  "mode, owner, size and times are right at once",
  `
  os.chmod("a", 0o600)
  modes = all_stats("st_mode")
  os.chown("b", 12, 34)
  owners = all_stats("st_uid") + all_stats("st_gid")
  os.truncate("d/c", 3)
  sizes = all_stats("st_size")
  os.utime("a", ns=(10**9, 2 * 10**9))
  times = all_stats("st_mtime_ns") + all_stats("st_atime_ns")
  show([modes, owners, sizes, times])
`,
);

compared(
  "a write through one name is read and measured through the others",
  `
  fd = os.open("a", os.O_WRONLY)
  os.pwrite(fd, b"longer content", 0)
  seen = [get(name) for name in NAMES] + all_stats("st_size")
  os.close(fd)
  show([seen, all_stats("st_size")])
`,
);

compared(
  "rename of one name onto another of the same file does nothing",
  `
  os.rename("a", "b")
  show([sorted(os.listdir(".")), attempt(get, "a"), attempt(get, "b"), all_stats("st_nlink")])
`,
);

compared(
  "another file renamed over one name leaves the others",
  `
  put("other", "other")
  os.rename("other", "a")
  show([get("a"), get("b"), get("d/c"), all_stats("st_nlink")])
`,
);

compared(
  "a removed directory takes its name out of the count",
  `
  import shutil
  shutil.rmtree("d")
  NAMES.pop()
  show(all_stats("st_nlink"))
`,
);

Deno.test("hard links lie on one branch", async () => {
  await with_pool({}, async (pool) => {
    await python(START, [pool.mountpoint]);
    const places = ["a", "b", "d/c"].map((name) =>
      pool.branches.filter((_, at) => {
        try {
          return Deno.lstatSync(pool.on_branch(at, name)).nlink === 3;
        } catch {
          return false;
        }
      })
    );
    assertEquals(places.map(({ length }) => length), [1, 1, 1]);
    assertEquals(new Set(places.flat()).size, 1);
  });
});

/** Attributes are kept for an hour: what a name tells afterwards it was told by us, or it is wrong. */
const FOR_AN_HOUR = "cache.attr=3600,cache.entry=3600,category.create=ff";

/** Changes the file through its name "a" in each way; shows for each which fields of the other names are wrong then. */
const EACH_CHANGE = `
  os.chdir(sys.argv[1])
  NAMES = ["a", "b", "c", "other"]
  FIELDS = ["st_ino", "st_nlink", "st_mode", "st_uid", "st_size", "st_blocks", "st_mtime_ns", "st_ctime_ns"]
  def fresh():
      for name in os.listdir("."):
          os.unlink(name)
      for name in ("a", "replacement", "source"):
          put(name, name * 5000)
      for name in NAMES[1:]:
          os.link("a", name)
  def stats():
      return {name: [getattr(os.stat(name), field) for field in FIELDS] for name in NAMES if os.path.exists(name)}
  def with_file(name, flags, call):
      fd = os.open(name, flags)
      try:
          call(fd)
      finally:
          os.close(fd)
  def removed_and_written():
      fd = os.open("a", os.O_RDWR)
      os.unlink("a")
      stats()
      os.pwrite(fd, b"x" * 70000, 0)
      os.fchmod(fd, 0o400)
      os.close(fd)
  CHANGES = {
      "write": lambda: with_file("a", os.O_WRONLY, lambda fd: os.pwrite(fd, b"x" * 90000, 0)),
      "append": lambda: with_file("a", os.O_WRONLY | os.O_APPEND, lambda fd: os.write(fd, b"x" * 90000)),
      "truncate": lambda: os.truncate("a", 3),
      "O_TRUNC": lambda: with_file("a", os.O_WRONLY | os.O_TRUNC, lambda fd: None),
      "fallocate": lambda: with_file("a", os.O_RDWR, lambda fd: os.posix_fallocate(fd, 0, 200000)),
      "copy_file_range": lambda: with_file("a", os.O_RDWR, lambda to:
          with_file("source", os.O_RDONLY, lambda fd: os.copy_file_range(fd, to, 9, 0, 100000))),
      "chmod": lambda: os.chmod("a", 0o600),
      "fchmod": lambda: with_file("a", os.O_RDONLY, lambda fd: os.fchmod(fd, 0o604)),
      "chown": lambda: os.chown("a", 12, 34),
      "utimes": lambda: os.utime("a", ns=(10**9, 2 * 10**9)),
      "setxattr": lambda: os.setxattr("a", "user.x", b"1"),
      "removexattr": lambda: (os.setxattr("a", "user.x", b"1"), stats(), os.removexattr("a", "user.x")),
      "link": lambda: os.link("a", "new"),
      "rename": lambda: os.rename("a", "renamed"),
      "unlink": lambda: os.unlink("a"),
      "rename over it": lambda: os.rename("replacement", "a"),
      "rename it over another": lambda: os.rename("a", "replacement"),
      "exchange": lambda: renameat2("a", "replacement", RENAME_EXCHANGE),
      "write after its name is gone": removed_and_written,
  }
  found = {}
  for change, call in CHANGES.items():
      fresh()
      stats()
      call()
      after = stats()
      rest = [after[name] for name in NAMES[1:]]
      names = [name for name in os.listdir(".") if os.stat(name).st_ino == rest[0][0]]
      # The branch is asked behind the pool's back.
      truth = [os.lstat(branch + "/other") for branch in sys.argv[2:] if os.path.exists(branch + "/other")][0]
      wanted = [rest[0][0]] + [getattr(truth, field) for field in FIELDS[1:]]
      wrong = [field for i, field in enumerate(FIELDS) for seen in rest if seen[i] != wanted[i]]
      if len(names) != truth.st_nlink:
          wrong.append(f"{names}, st_nlink {truth.st_nlink}")
      found[change] = wrong
  show(found)
`;

Deno.test("whatever changes a file through one name, all names tell the same, although attributes are kept for an hour", async () => {
  await with_pool({ options: FOR_AN_HOUR }, async (pool) => {
    const results = await python<Record<string, string[]>>(
      EACH_CHANGE,
      [pool.mountpoint, ...pool.branches],
    );
    assertEquals(Object.values(results).flat(), [], JSON.stringify(results));
    assertEquals(Object.keys(results).length, 19);
  });
});

Deno.test("find -links, du and rsync -H see the names of a file as one, although attributes are kept for an hour", async () => {
  const { pool, native } = await on_pool_and_native({ options: FOR_AN_HOUR }, (directory) =>
    shell(
      `
      cd "$1"
      mkdir tree tree/d
      head -c 300000 /dev/zero > tree/a
      echo other > tree/other
      look() {
        (cd tree && find . -type f -links +1 -printf '%P %n %s\\n' | sort && find . -samefile a | sort)
        find tree -type f -print0 | du -kc --apparent-size --files0-from=- | tail -n 1
      }
      look
      ln tree/a tree/d/b; look
      ln tree/d/b tree/c; look
      truncate -s 400000 tree/c; look
      rm tree/a; mv tree/other tree/a; look
      rsync -aH --inplace tree/ copy/
      find copy -type f -printf '%P %n %s\\n' | sort
      cmp copy/c copy/d/b
      echo more >> tree/c
      rsync -aH --inplace tree/ copy/
      find copy -type f -printf '%P %n %s\\n' | sort
      [ copy/c -ef copy/d/b ] && echo one file
    `,
      [directory],
    ));
  assertEquals(pool, native);
});
