// operations.md §30.10 and §19: listings merged from several branches.

import { assertEquals } from "@std/assert";
import { H_NODE_COUNT } from "../../src/state/layout.ts";
import { with_live_arena } from "../support/live_arena.ts";
import { on_pool_and_native, type Pool, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

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

/** How many requests of each kind a command sent; the numbers of the trace are those of the kernel's requests. */
async function requests_of(pool: Pool, command: string, args: readonly string[]): Promise<Record<string, number>> {
  const before = pool.log_lines().length;
  await must(command, args);
  const found: Record<string, number> = { READDIR: 0, READDIRPLUS: 0, LOOKUP: 0 };
  for (const line of pool.log_lines().slice(before)) {
    const opcode = /opcode=(READDIR|READDIRPLUS|LOOKUP)\b/.exec(line)?.[1];
    if (opcode !== undefined) found[opcode]!++;
  }
  return found;
}

function fill_some(branches: readonly string[]): void {
  for (const branch of branches.slice(0, 2)) Deno.mkdirSync(`${branch}/d`);
  for (let at = 0; at < 1000; at++) Deno.writeTextFileSync(`${branches[at % 2]!}/d/${"x".repeat(200)}${at}`, "");
}

/** Departures D10: with "true" always attributes, with "auto" when the kernel expects a use, with "false" never. */
const REQUESTED = [
  ["true", "ls", { READDIR: false, READDIRPLUS: true, LOOKUP: false }],
  ["true", "ls -l", { READDIR: false, READDIRPLUS: true, LOOKUP: false }],
  ["auto", "ls", { READDIR: true, READDIRPLUS: true, LOOKUP: false }],
  ["auto", "ls -l", { READDIR: null, READDIRPLUS: true, LOOKUP: null }],
  ["false", "ls", { READDIR: true, READDIRPLUS: false, LOOKUP: false }],
  ["false", "ls -l", { READDIR: true, READDIRPLUS: false, LOOKUP: true }],
] as const;

for (const [word, command, expected] of REQUESTED) {
  Deno.test(`readdirplus=${word}: requests of "${command}", and every node is forgotten in the end`, async () => {
    const options = `readdirplus=${word},cache.entry=600,cache.attr=600`;
    await with_pool({ branches: [{}, {}], prepare: fill_some, options, trace: true }, async (pool) => {
      await must("stat", [pool.path("d")]);
      const sent = await requests_of(pool, "ls", [...command.split(" ").slice(1), "-U", pool.path("d")]);
      const names = sent.LOOKUP! > 100; // the kernel may ask for a few, of locales and the like
      const seen = { READDIR: sent.READDIR! > 0, READDIRPLUS: sent.READDIRPLUS! > 0, LOOKUP: names };
      const wanted = Object.fromEntries(
        Object.entries(expected).map(([key, value]) => [key, value ?? seen[key as keyof typeof seen]]),
      );
      assertEquals(seen, wanted as typeof seen, JSON.stringify(sent));
      // Had a look-up been counted that the kernel does not know of, its node would stay.
      const nodes = () => with_live_arena(pool.pid, ({ header }) => header[H_NODE_COUNT]!);
      assertEquals(nodes() > 1000, word === "true" || command === "ls -l");
      await must("rm", ["-r", pool.path("d")]);
      await wait_until("the kernel has forgotten all", () => nodes() === 1, 30_000);
    });
  });
}
