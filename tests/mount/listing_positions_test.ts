// Positions in a listing on a real mount (operations §19.2, §30.10; departures D9, D10): they stay good while the directory
// changes, with buffers of every size, in huge directories, and in all three ways of reading.

import { assert, assertEquals } from "@std/assert";
import { on_pool_and_native, type Pool, type PoolSetup, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

const HUGE = 200_000;
/** A listing of that many names takes about a second. */
const HUGE_DEADLINE_MS = 20_000;

const LIST = `
  import ctypes
  # struct linux_dirent64: ino, off, length, type, name.
  def batch(fd, size):
      buffer = ctypes.create_string_buffer(size)
      length = LIBC.getdents64(fd, buffer, size)
      if length < 0:
          raise OSError(ctypes.get_errno(), "getdents64")
      at, found = 0, []
      while at < length:
          _, _, record, _ = struct.unpack_from("=QqHB", buffer, at)
          found.append(buffer.raw[at + 19:at + record].split(b"\\0")[0].decode())
          at += record
      return found
  def names(fd, size=32768):
      found = []
      while part := batch(fd, size):
          found += part
      return found
`;

/** Links, because a tmpfs keeps an inode for each file. */
const FILL = `
  first, second, count, shared = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
  for branch in (first, second):
      put(branch + "/name_0")
      for at in range(1, count):
          if at < shared or (at % 2 == 0) == (branch == first):
              os.link(branch + "/name_0", f"{branch}/name_{at}")
`;

function filled(count: number, shared: number, options: string): PoolSetup {
  const prepare = ([first, second]: readonly string[]) =>
    python<void>(FILL, [first!, second!, String(count), String(shared)]);
  return { branches: [{}, {}], prepare, options };
}

/**
 * Passes over the directory with leaps to random positions of the same pass, while a process adds, renames and removes other
 * names, through the pool and on a branch. Every pass finds each name that stays exactly once, behind a position the same
 * names as before, and after rewinding what is new.
 */
const RANDOM_POSITIONS = `
  import ctypes, random
  LIBC.opendir.restype = LIBC.readdir.restype = ctypes.c_void_p
  LIBC.telldir.restype = ctypes.c_long
  pool, branch = sys.argv[1:]
  random.seed(4)
  stream = ctypes.c_void_p(LIBC.opendir(os.fsencode(pool)))
  def next_name():
      entry = LIBC.readdir(stream)
      return None if entry is None else os.fsdecode(ctypes.string_at(entry + 19))
  def change_until(done):
      at = 0
      while not os.path.exists(done):
          place = (pool, branch)[at % 2]
          put(f"{place}/comes_{at}")
          os.rename(f"{place}/comes_{at}", f"{place}/goes_{at % 400}")
          at += 1
          attempt(os.unlink, f"{place}/goes_{(at * 7) % 400}")
  changer = os.fork()
  if changer == 0:
      change_until(pool + "/../done")
      os._exit(0)
  def one_pass():
      LIBC.rewinddir(stream)
      seen, expected, leaps = [], [], 0
      while (name := next_name()) is not None:
          if expected and expected.pop(0) != name:
              return "another name behind a remembered position"
          seen.append((name, LIBC.telldir(stream)))
          if leaps < 30 and random.random() < 0.03:
              leaps += 1
              at = random.randrange(len(seen))
              expected = [name for name, _ in seen[at + 1:]] + expected
              LIBC.seekdir(stream, ctypes.c_long(seen[at][1]))
              del seen[at + 1:]
      found = [name for name, _ in seen if name.startswith("name_")]
      return [len(found), len(set(found)), len(seen) == len({name for name, _ in seen})]
  results = [one_pass() for _ in range(6)]
  put(pool + "/../done")
  changed = os.waitpid(changer, 0)[1] == 0 and any(name.startswith("goes_") for name in os.listdir(pool))
  put(pool + "/new")
  LIBC.rewinddir(stream)
  show([results, changed, "new" in iter(next_name, None)])
`;

const WAYS = [
  "readdirplus=false",
  "readdirplus=true,func.readdir=cosr",
  "readdirplus=auto,func.readdir=cor,cache.readdir=true",
];

for (const options of WAYS) {
  Deno.test(`names that stay are found once per pass, with leaps to random positions (${options})`, async () => {
    await with_pool(filled(1500, 500, options), async (pool) => {
      const found = await python(RANDOM_POSITIONS, [pool.mountpoint, pool.branches[1]!]);
      assertEquals(found, [Array.from({ length: 6 }, () => [1500, 1500, true]), true, true]);
    });
  });
}

Deno.test(`${HUGE} names on two branches are listed once each, in a bounded time`, async () => {
  await with_pool(filled(HUGE, HUGE / 10, "readdirplus=false"), async (pool) => {
    for (const way of ["seq", "cor"]) {
      await must("setfattr", ["-n", "user.mergerfs.func.readdir", "-v", way, pool.path(".mergerfs")]);
      const code = `${LIST}\n  found = names(os.open(sys.argv[1], os.O_RDONLY))\n  show([len(found), len(set(found))])`;
      const counts = await python(code, [pool.mountpoint], { deadline_ms: HUGE_DEADLINE_MS });
      assertEquals(counts, [HUGE + 2, HUGE + 2], way);
    }
  });
});

/** The requests of a listing by 32 KiB: what each asked for. */
function requests(pool: Pool): { offset: number; size: number }[] {
  return pool.log_lines().flatMap((line) => {
    const found = / opcode=READDIR .* offset=(\d+) size=(\d+)/.exec(line);
    return found === null ? [] : [{ offset: Number(found[1]), size: Number(found[2]) }];
  });
}

Deno.test("the table of operations §30.10: each request starts behind what fitted into the one before", async () => {
  const prepare = ([first, second]: readonly string[]) =>
    python<void>(
      `
      for branch, numbers in ((sys.argv[1], range(0, 2000)), (sys.argv[2], range(1000, 3000))):
          for at in numbers:
              put(f"{branch}/name_{at:023}")
    `,
      [first!, second!],
    );
  const setup = { branches: [{}, {}], prepare, options: "readdirplus=false", trace: true };
  await with_pool(setup, async (pool) => {
    const code = `${LIST}\n  show(len(names(os.open(sys.argv[1], os.O_RDONLY))))`;
    assertEquals(await python(code, [pool.mountpoint]), 3002);
    const sent = requests(pool);
    // 4 KiB before Linux 6.16. A name of 28 bytes takes 56, "." and ".." take 32 each.
    const { size } = sent[0]!;
    const expected = [0, 2 + Math.floor((size - 64) / 56)];
    while (expected.at(-1)! < 3002) expected.push(Math.min(3002, expected.at(-1)! + Math.floor(size / 56)));
    assertEquals(sent.map(({ offset }) => offset), expected);
    if (size === 32768) assertEquals(expected.slice(0, 3), [0, 586, 1171]);
    assert(sent.every((request) => request.size === size));
  });
});

const SMALL = `${LIST}
  os.chdir(sys.argv[1])
  for at in range(40):
      put(("x" * 250 if at % 3 == 0 else "y") + f"_{at:03}")
  directory = os.open(".", os.O_RDONLY)
  whole = names(directory)
  results = [len(whole), len(set(whole))]
  for size in (280, 300, 1000, 4096):
      os.lseek(directory, 0, os.SEEK_SET)
      results.append(names(directory, size) == whole)
  os.lseek(directory, 0, os.SEEK_SET)
  results.append(attempt(batch, directory, 16))
  show(results)
`;

for (const options of ["readdirplus=false", "readdirplus=true,cache.readdir=true"]) {
  Deno.test(`buffers that hold one name after the other, and one that holds none (${options})`, async () => {
    const { pool, native } = await on_pool_and_native({ options }, (directory) => python(SMALL, [directory]));
    assertEquals(native, [42, 42, true, true, true, true, "EINVAL"]);
    assertEquals(pool, native);
  });
}

const WHILE_LISTED = `${LIST}
  os.chdir(sys.argv[1])
  os.mkdir("d")
  for at in range(300):
      put(f"d/name_{at:03}")
  directory = os.open("d", os.O_RDONLY)
  found = batch(directory, 2000)
  os.rename("d", "e")
  os.unlink("e/name_000")
  found += names(directory, 2000)
  os.lseek(directory, 0, os.SEEK_SET)
  again = names(directory)
  stay = {f"name_{at:03}" for at in range(1, 300)}
  results = [stay <= set(found), len(found) == len(set(found)), len(again), stay <= set(again)]
  os.lseek(directory, 0, os.SEEK_SET)
  batch(directory, 2000)
  for name in os.listdir("e"):
      os.unlink("e/" + name)
  os.rmdir("e")
  show(results + [attempt(batch, directory, 2000), os.listdir(".")])
`;

Deno.test("a directory that is renamed and then removed while it is listed", async () => {
  const { pool, native } = await on_pool_and_native({}, (directory) => python(WHILE_LISTED, [directory]));
  assertEquals(native, [true, true, 301, true, "ENOENT", []]);
  assertEquals(pool, native);
});

const PROGRAMS = `
  import subprocess
  pool = sys.argv[1]
  def lines(*command):
      return sorted(subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip().split("\\n"))
  kinds = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFIFO: "p"}
  def told(path, name):
      info = os.lstat(path)
      return f"{name} {kinds[stat.S_IFMT(info.st_mode)]} {info.st_size} {info.st_nlink} {info.st_ino} {info.st_mode & 0o7777:o}"
  found = lines("find", pool, "-mindepth", "1", "-printf", "%P %y %s %n %i %m\\n")
  listed = [line.split()[0] for line in lines("ls", "-lU", "--inode", pool) if not line.startswith("total")]
  scanned = sorted(
      f"{entry.name} {kinds[stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)]} {entry.inode()}"
      for entry in os.scandir(pool))
  single = sorted(told(f"{pool}/{name}", name) for name in os.listdir(pool))
  columns = [line.split() for line in single]
  show([
      len(single), found == single, sorted(listed) == sorted(column[4] for column in columns),
      scanned == sorted(f"{column[0]} {column[1]} {column[4]}" for column in columns),
  ])
`;

for (const word of ["auto", "true", "false"]) {
  Deno.test(`find -printf, ls -l and os.scandir tell what lstat tells (readdirplus=${word})`, async () => {
    const prepare = ([first, second]: readonly string[]) =>
      python<void>(
        `
        for at in range(120):
            branch, name = sys.argv[1 + at % 2], f"name_{at}"
            if at % 4 < 2: put(f"{branch}/{name}", "x" * at)
            elif at % 12 < 4: os.mkdir(f"{branch}/{name}", 0o711)
            elif at % 12 < 8: os.symlink("x" * at, f"{branch}/{name}")
            else: os.mkfifo(f"{branch}/{name}", 0o640)
        os.link(sys.argv[1] + "/name_0", sys.argv[1] + "/linked")
      `,
        [first!, second!],
      );
    await with_pool({ branches: [{}, {}], prepare, options: `readdirplus=${word}` }, async (pool) => {
      assertEquals(await python(PROGRAMS, [pool.mountpoint]), [121, true, true, true]);
    });
  });
}
