// Hard links inside the pool: every name tells the same, at once (departures D8), although the kernel knows each name of
// a file as an object of its own and keeps its attributes for a second.

import { assertEquals } from "@std/assert";
import { on_pool_and_native, with_pool } from "../support/mount.ts";
import { python } from "../support/run.ts";

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
