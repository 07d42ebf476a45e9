// operations.md §30.10 and §19: listings merged from several branches.

import { assertEquals } from "@std/assert";
import { on_pool_and_native, with_pool } from "../support/mount.ts";
import { python } from "../support/run.ts";

const NAMES = 3000;
const ON_BOTH = 1000;

/** 3000 names of 28 bytes: the first 1000 on both branches, the others shared out. */
function fill(branches: readonly string[]): void {
  for (let at = 0; at < NAMES; at++) {
    const name = `name_${String(at).padStart(23, "0")}`;
    for (const branch of [0, 1]) {
      if (at < ON_BOTH || at % 2 === branch) Deno.writeTextFileSync(`${branches[branch]!}/${name}`, "");
    }
  }
}

const LIST = `
  import ctypes
  # struct linux_dirent64: ino, off, length, type, name. Requests of 32 KiB, as readdir(3) makes them.
  def entries(fd, size=32768):
      buffer = ctypes.create_string_buffer(size)
      while (length := LIBC.getdents64(fd, buffer, size)) > 0:
          at = 0
          while at < length:
              ino, offset, record, kind = struct.unpack_from("=QqHB", buffer, at)
              yield buffer.raw[at + 19:at + record].split(b"\\0")[0].decode(), offset, kind, ino
              at += record
      if length < 0:
          raise OSError(ctypes.get_errno(), "getdents64")
`;

for (const options of ["readdirplus=false", "readdirplus=auto", "readdirplus=true", "cache.readdir=true"]) {
  Deno.test(`3000 names on two branches are listed once each, at offsets 1 to 3002 (${options})`, async () => {
    await with_pool({ branches: [{}, {}], prepare: fill, options }, async (pool) => {
      const found = await python<{ names: number; unique: number; offsets: boolean; twice: boolean; dots: string[] }>(
        `${LIST}
  fd = os.open(sys.argv[1], os.O_RDONLY)
  listed = list(entries(fd))
  names = [name for name, _, _, _ in listed]
  os.lseek(fd, 0, os.SEEK_SET)
  show({
      "names": len(names),
      "unique": len(set(names)),
      "offsets": [offset for _, offset, _, _ in listed] == list(range(1, len(names) + 1)),
      "twice": listed == list(entries(fd)),
      "dots": sorted(names)[:2],
  })
`,
        [pool.mountpoint],
      );
      assertEquals(found, { names: NAMES + 2, unique: NAMES + 2, offsets: true, twice: true, dots: [".", ".."] });
    });
  });
}

Deno.test("a listing goes on where a seek put it, and keeps its snapshot until it is rewound", async () => {
  await with_pool({ branches: [{}, {}], prepare: fill }, async (pool) => {
    const found = await python(
      `${LIST}
  fd = os.open(sys.argv[1], os.O_RDONLY)
  listed = [entry[0] for entry in entries(fd, 4096)]
  os.lseek(fd, 1500, os.SEEK_SET)
  tail = [entry[0] for entry in entries(fd)]
  put(sys.argv[1] + "/new")
  os.lseek(fd, 3000, os.SEEK_SET)
  snapshot = len(list(entries(fd)))
  os.lseek(fd, 0, os.SEEK_SET)
  show([tail == listed[1500:], snapshot, len(list(entries(fd)))])
`,
      [pool.mountpoint],
    );
    assertEquals(found, [true, 2, NAMES + 3]);
  });
});

Deno.test("types and inode numbers of a listing are those of stat", async () => {
  await with_pool({}, async (pool) => {
    const found = await python(
      `${LIST}
  os.chdir(sys.argv[1])
  put("file")
  os.mkdir("directory")
  os.symlink("file", "link")
  os.mkfifo("pipe")
  os.mknod("device", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
  different = []
  for name, _, kind, ino in entries(os.open(".", os.O_RDONLY)):
      info = os.lstat(name)
      if name not in (".", "..") and (kind != stat.S_IFMT(info.st_mode) >> 12 or ino != info.st_ino):
          different.append([name, kind, ino, info.st_mode, info.st_ino])
  show(different)
`,
      [pool.mountpoint],
    );
    assertEquals(found, []);
  });
});

Deno.test("the first branch decides what a name is", async () => {
  const prepare = (branches: readonly string[]) => {
    Deno.mkdirSync(`${branches[0]!}/a`);
    Deno.writeTextFileSync(`${branches[1]!}/a`, "a file");
    Deno.writeTextFileSync(`${branches[0]!}/b`, "the first");
    Deno.writeTextFileSync(`${branches[1]!}/b`, "the second");
  };
  await with_pool({ prepare }, async (pool) => {
    const entries = [...Deno.readDirSync(pool.mountpoint)].map(({ name, isDirectory }) => [name, isDirectory]);
    assertEquals(entries.sort(), [["a", true], ["b", false]]);
    assertEquals(await Deno.readTextFile(pool.path("b")), "the first");
  });
});

Deno.test("a tree is removed while it is listed", async () => {
  const { pool, native } = await on_pool_and_native({}, (directory) =>
    python(
      `
      import shutil
      os.chdir(sys.argv[1])
      for at in range(500):
          os.makedirs(f"tree/{at % 20}", exist_ok=True)
          put(f"tree/{at % 20}/{at}")
      shutil.rmtree("tree")
      show(os.listdir("."))
    `,
      [directory],
    ));
  assertEquals(pool, native);
});
