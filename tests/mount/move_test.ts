// moveonenospc with disks that are really full: what programs see while the file under their hands changes its disk
// (operations §17.3, §30.9; departures D1, D2).

import { assert, assertEquals } from "@std/assert";
import { MIB } from "../support/branch_disks.ts";
import { broken_live_invariants } from "../support/live_arena.ts";
import { type BranchSetup, type Pool, type PoolSetup, with_pool } from "../support/mount.ts";
import { must, python, run, type RunResult, shell } from "../support/run.ts";
import { kill } from "../support/temp_dir.ts";

const SMALL: BranchSetup = { size_bytes: 2 * MIB };

/** The first branch is a small disk, full after 2 MiB; new files go there. */
function small_and_large(options = "", ...more: BranchSetup[]): PoolSetup {
  return { branches: [SMALL, ...(more.length > 0 ? more : [{}])], options: `category.create=ff${options}` };
}

/** What is on the branches beside directories: "0/d/f". */
async function files(pool: Pool): Promise<string[]> {
  const list = (branch: string) => must("find", [branch, "!", "-type", "d", "-printf", "%P\n"]);
  const found = await Promise.all(pool.branches.map(list));
  return found
    .flatMap((text, at) => text.split("\n").filter((line) => line !== "").map((path) => `${at}/${path}`))
    .sort();
}

Deno.test("the table of operations §30.9: an append at the limit is short, the next one is whole", async () => {
  await with_pool(small_and_large(), async (pool) => {
    const result = await python(
      `
      os.makedirs(sys.argv[1] + "/d/e")
      fd = os.open(sys.argv[1] + "/d/e/file", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
      os.setxattr(fd, "user.kept", b"value")
      os.fchown(fd, 12, 34)
      block = os.urandom(300000)
      counts, ino = [], os.fstat(fd).st_ino
      while not counts or counts[-1] == len(block):
          counts.append(os.write(fd, block))
      counts.append(os.write(fd, block))
      stat = os.fstat(fd)
      content = os.pread(fd, 10**8, 0)
      expected = b"".join(block[:count] for count in counts)
      show([0 < counts[-2] < len(block), counts[-1] == len(block), content == expected, stat.st_size == len(expected),
            stat.st_ino != ino, stat.st_ino == os.stat(sys.argv[1] + "/d/e/file").st_ino])
    `,
      [pool.mountpoint],
    );
    assertEquals(result, [true, true, true, true, true, true]);
    assertEquals(await files(pool), ["1/d/e/file"]);
    const moved = pool.on_branch(1, "d/e/file");
    assertEquals((await must("stat", ["-c", "%a %u %g", moved])).trim(), "640 12 34");
    assertEquals(await must("getfattr", ["-n", "user.kept", "--only-values", "--absolute-names", moved]), "value");
  });
});

Deno.test("with the page cache, one append of which 8 KiB fit is stored once (F14)", async () => {
  await with_pool(small_and_large(",cache.files=partial"), async (pool) => {
    const result = await python(
      `
      fd = os.open(sys.argv[1] + "/file", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
      room = os.statvfs(sys.argv[2])
      first = os.urandom(room.f_bavail * room.f_frsize - 8192)
      more = os.urandom(65536)
      counts = [os.write(fd, first), os.write(fd, more)]
      os.fsync(fd)
      with open(sys.argv[3], "rb") as file:
          show([counts == [len(first), 65536], file.read() == first + more])
    `,
      [pool.mountpoint, pool.branches[0]!, pool.on_branch(1, "file")],
    );
    assertEquals([result, await files(pool)], [[true, true], ["1/file"]]);
  });
});

/** A process that writes its blocks of a file over the limit of the small disk, and reads what it wrote before. */
const WRITER = `
  import hashlib
  path, me, count, blocks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
  SIZE = 32768
  def block(at):
      return hashlib.shake_128(b"%d" % at).digest(SIZE)
  fd = os.open(path, os.O_RDWR)
  wrong = 0
  mine = list(range(me, blocks, count))
  for position, at in enumerate(mine):
      data, done = block(at), 0
      while done < SIZE:
          done += os.pwrite(fd, data[done:], at * SIZE + done)
      before = mine[position * 7 % (position + 1)]
      wrong += os.pread(fd, SIZE, before * SIZE) != block(before)
  os.fsync(fd)
  wrong += sum(os.pread(fd, SIZE, at * SIZE) != block(at) for at in mine)
  show(wrong)
`;

for (const cache_files of ["off", "partial"]) {
  Deno.test(`four processes write one file over the limit of two disks, cache.files=${cache_files}`, async () => {
    const setup = small_and_large(`,moveonenospc=lfs,cache.files=${cache_files}`, { size_bytes: 5 * MIB }, {});
    await with_pool(setup, async (pool) => {
      await Deno.writeTextFile(pool.path("f"), "");
      const [writers, blocks] = [4, 256];
      const results = await Promise.all(Array.from({ length: writers }, (_, at) => {
        return python(WRITER, [pool.path("f"), String(at), String(writers), String(blocks)]);
      }));
      assertEquals([results, await files(pool)], [[0, 0, 0, 0], ["2/f"]]);
      const check = `
        import hashlib
        expected = b"".join(hashlib.shake_128(b"%d" % at).digest(32768) for at in range(int(sys.argv[2])))
        with open(sys.argv[1], "rb") as file:
            show(file.read() == expected)
      `;
      assertEquals(await python(check, [pool.on_branch(2, "f"), String(blocks)]), true);
      assertEquals(broken_live_invariants(pool.pid), []);
    });
  });
}

Deno.test("pages of a shared mapping find their way to the moved file", async () => {
  await with_pool(small_and_large(",cache.files=partial"), async (pool) => {
    const result = await python(
      `
      fd = os.open(sys.argv[1] + "/f", os.O_RDWR | os.O_CREAT, 0o644)
      size = 6 * 2**20
      os.ftruncate(fd, size)
      content = os.urandom(size)
      with mmap.mmap(fd, size) as pages:
          for at in range(0, size, 4096):
              pages[at:at + 4096] = content[at:at + 4096]
          pages.flush()
          in_memory = pages[:] == content
      os.fsync(fd)
      with open(sys.argv[2], "rb") as file:
          show([in_memory, file.read() == content])
    `,
      [pool.mountpoint, pool.on_branch(1, "f")],
    );
    assertEquals([result, await files(pool)], [[true, true], ["1/f"]]);
  });
});

Deno.test("fallocate and copy_file_range move as well; what no disk can hold is refused and nothing moves", async () => {
  await with_pool(small_and_large("", { size_bytes: 8 * MIB }), async (pool) => {
    const result = await python(
      `
      os.chdir(sys.argv[1])
      a, b = [os.open(name, os.O_RDWR | os.O_CREAT, 0o644) for name in "ab"]
      os.pwrite(a, b"a" * 1000000, 0)
      os.pwrite(b, b"b" * 100000, 0)
      refused = attempt(fallocate, a, 0, 0, 9 * 2**20)
      allocated = attempt(fallocate, a, 0, 0, 3 * 2**20)
      os.pwrite(b, b"b" * 1900000, 0)
      copied, rounds = 0, 0
      while copied < 900000 and rounds < 100:
          copied += os.copy_file_range(a, b, 900000 - copied, copied, 1900000 + copied)
          rounds += 1
      show([refused, allocated, copied, os.fstat(a).st_size, os.pread(a, 2, 999999), os.fstat(b).st_size,
            os.pread(b, 2, 1899999)].__repr__())
    `,
      [pool.mountpoint],
    );
    const expected = `['ENOSPC', 0, 900000, ${3 * MIB}, b'a\\x00', 2800000, b'ba']`;
    assertEquals([result, await files(pool)], [expected, ["1/a", "1/b"]]);
  });
});

Deno.test("without room anywhere the write's own error comes, and no file has changed its place", async () => {
  await with_pool(small_and_large("", { size_bytes: 2 * MIB }), async (pool) => {
    const result = await python(
      `
      os.chdir(sys.argv[1])
      a = os.open("a", os.O_RDWR | os.O_CREAT, 0o644)
      content = b""
      def more():
          global content
          block = os.urandom(100000)
          content += block[:os.write(a, block)]
      while attempt(more) == 0:
          pass
      errors = [attempt(os.write, a, b"x"), attempt(os.write, a, b"x" * 100000)]
      show([errors, os.pread(a, 10**7, 0) == content, os.fstat(a).st_size == len(content), os.listdir(".")])
    `,
      [pool.mountpoint],
    );
    assertEquals([result, await files(pool)], [[["ENOSPC", "ENOSPC"], true, true, ["a"]], ["0/a"]]);
  });
});

Deno.test("other programs that have the file open go on: reading, appending; also when it was renamed", async () => {
  await with_pool(small_and_large(), async (pool) => {
    const result = await python(
      `
      os.chdir(sys.argv[1])
      os.mkdir("d")
      writer = os.open("f", os.O_RDWR | os.O_CREAT, 0o644)
      os.write(writer, b"0" * 1900000)
      to_child, from_child = os.pipe(), os.pipe()
      child = os.fork()
      if child == 0:
          reader = os.open("f", os.O_RDONLY)
          append = os.open("f", os.O_WRONLY | os.O_APPEND)
          os.write(from_child[1], b"r")
          os.read(to_child[0], 1)
          seen = os.pread(reader, 5, 2399998)
          os.write(append, b"appended")
          os.write(from_child[1], seen)
          os._exit(0)
      os.read(from_child[0], 1)
      os.rename("f", "d/g")
      put("f", "another one")
      done = 0
      while done < 500000:
          done += os.write(writer, b"1" * (500000 - done))
      os.write(to_child[1], b"g")
      seen = os.read(from_child[0], 100)
      os.waitpid(child, 0)
      show([seen.decode(), os.pread(writer, 100, 2399999).decode(), get("f"), os.stat("d/g").st_size])
    `,
      [pool.mountpoint],
    );
    assertEquals(result, ["11", "1appended", "another one", 2_400_008]);
    assertEquals(await files(pool), ["0/f", "1/d/g"]);
  });
});

Deno.test("a file with several names moves under one of them; find and programs see two files at once", async () => {
  await with_pool(small_and_large(",passthrough.io=off,cache.attr=600,cache.entry=600"), async (pool) => {
    const result = await python(
      `
      import subprocess
      os.chdir(sys.argv[1])
      os.mkdir("d")
      put("a", "a" * 1900000)
      os.link("a", "b")
      os.link("a", "d/c")
      names = ["a", "b", "d/c"]
      def links():
          found = subprocess.run(["find", ".", "-type", "f", "-printf", "%n %P\\n"], capture_output=True, text=True).stdout
          return sorted(found.splitlines())
      files = [os.open(name, os.O_RDWR) for name in names]
      before, done = links(), 0
      while done < 500000:
          done += os.pwrite(files[0], b"A" * (500000 - done), 1900000 + done)
      os.pwrite(files[1], b"B", 0)
      sizes = [os.stat(name).st_size for name in names] + [os.fstat(file).st_size for file in files]
      inodes = len({os.stat(name).st_ino for name in names})
      show([before, links(), sizes, inodes, [os.pread(file, 2, 0).decode() for file in files], get("a")[-1]])
    `,
      [pool.mountpoint],
    );
    const [big, small] = [2_400_000, 2 * MIB];
    assertEquals(result, [
      ["3 a", "3 b", "3 d/c"],
      ["1 a", "2 b", "2 d/c"],
      [big, small, small, big, small, small],
      2,
      ["aa", "Ba", "Ba"],
      "A",
    ]);
    assertEquals(await files(pool), ["0/b", "0/d/c", "1/a"]);
  });
});

/** A pool whose second branch is a pool, which can be stopped. */
async function with_slow_target(size_bytes: number, body: (pool: Pool, inner: Pool) => Promise<void>): Promise<void> {
  await with_pool({ branches: [{ size_bytes: 200 * MIB }] }, async (inner) => {
    await with_pool({ branches: [{ size_bytes }, { path: inner.mountpoint }] }, async (pool) => {
      try {
        await body(pool, inner);
      } finally {
        kill(inner.pid, "SIGCONT"); // before any clean-up: processes that wait for the branch cannot be killed
      }
    });
  });
}

/** Fills the first branch with the file f, then starts an append, which cannot find room there. */
async function start_move(pool: Pool, size_bytes: number): Promise<{ appended: Promise<RunResult>; digest: string }> {
  await python("put(sys.argv[1], os.urandom(int(sys.argv[2])))", [pool.on_branch(0, "f"), String(size_bytes)]);
  const digest = await digest_of(pool.on_branch(0, "f"), size_bytes);
  const append = "import os, sys; print(os.write(os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND), b'x' * 10))";
  return { appended: run("python3", ["-c", append, pool.path("f")]), digest };
}

/** Of the first bytes of a file. */
function digest_of(path: string, size_bytes: number): Promise<string> {
  return shell('head -c "$2" "$1" | sha256sum', [path, String(size_bytes)]);
}

/**
 * Stops the inner pool when so much is copied to it, looking without a pause. False: it was complete before. The copy has no
 * name, but the inner pool has it open.
 */
function stop_in_the_middle(inner: Pool, copied: number): Promise<boolean> {
  return python(
    `
    directory, copied, server = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    end, open_files = time.monotonic() + 60, f"/proc/{server}/fd"
    def size(descriptor):
        try:
            path = f"{open_files}/{descriptor}"
            is_copy = os.readlink(path).startswith(directory + "/#")
            return os.stat(path).st_size if is_copy else 0
        except FileNotFoundError:
            return 0
    def has_begun():
        if "f" in os.listdir(directory) or time.monotonic() > end:
            return True
        return any(size(descriptor) >= copied for descriptor in os.listdir(open_files))
    while not has_begun():
        pass
    os.kill(server, signal.SIGSTOP)
    show("f" not in os.listdir(directory))
  `,
    [inner.branches[0]!, String(copied), String(inner.pid)],
  );
}

Deno.test("while a file is moved only its writers wait", async () => {
  const size_bytes = 48 * MIB;
  await with_slow_target(size_bytes, async (pool, inner) => {
    let in_the_middle = false;
    let appended: Promise<RunResult> | undefined;
    for (let attempt = 0; attempt < 5 && !in_the_middle; attempt++) {
      if (appended !== undefined) {
        kill(inner.pid, "SIGCONT");
        await appended;
        await must("rm", [pool.path("f")]);
      }
      const stopping = stop_in_the_middle(inner, 1);
      ({ appended } = await start_move(pool, size_bytes));
      in_the_middle = await stopping;
    }
    assert(in_the_middle, "every copy was complete before it could be stopped");
    const others = await python(
      `
      os.chdir(sys.argv[1])
      fd = os.open("f", os.O_RDONLY)
      with open(sys.argv[2] + "/f", "rb") as file:
          is_same = os.pread(fd, 2**24, 0) == file.read(2**24)
      show([is_same, os.fstat(fd).st_size, os.stat("f").st_size])
    `,
      [pool.mountpoint, pool.branches[0]!],
    );
    assertEquals(others, [true, size_bytes, size_bytes]);
    kill(inner.pid, "SIGCONT");
    assertEquals((await appended!).stdout.trim(), "10");
    assertEquals(await files(pool), ["1/f"]);
  });
});

for (const copied of [1, 5 * MIB, 20 * MIB]) {
  Deno.test(`a daemon that is killed when ${copied} bytes are copied leaves the whole file and nothing else`, async () => {
    await with_slow_target(24 * MIB, async (pool, inner) => {
      const stopping = stop_in_the_middle(inner, copied);
      const { appended, digest } = await start_move(pool, 24 * MIB);
      const in_the_middle = await stopping;
      kill(pool.pid, "SIGKILL");
      kill(inner.pid, "SIGCONT");
      await appended;
      await pool.ended();
      await must("umount", ["-l", pool.mountpoint]);
      const left = [...Deno.readDirSync(inner.branches[0]!)].map(({ name }) => name);
      assertEquals(left, in_the_middle ? [] : ["f"]);
      const whole = in_the_middle ? pool.on_branch(0, "f") : inner.on_branch(0, "f");
      assertEquals(await digest_of(whole, 24 * MIB), digest);
    });
  });
}
