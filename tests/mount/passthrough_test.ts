// Passthrough with the real kernel (departures D1, D4): reads and writes reach the branch without the daemon, nothing else
// changes for programs, no open fails for lack of the right backing id, and every id is given back.

import { assertEquals } from "@std/assert";
import { H_HANDLE_COUNT } from "../../src/state/layout.ts";
import { MIB } from "../support/branch_disks.ts";
import { broken_live_invariants, with_live_arena } from "../support/live_arena.ts";
import { on_pool_and_native, type Pool, with_pool } from "../support/mount.ts";
import { must, python, run } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

/** Sparse, and more than the default of passthrough.min-free. */
const LARGE = { size_bytes: 8192 * MIB };
/** The branches of the tests are small. */
const ANY_SPACE = "passthrough.min-free=0";

interface Seen {
  /** READ and WRITE requests that came to the daemon. */
  readonly reads: number;
  readonly writes: number;
  /** What the trace says of each open, in order. */
  readonly why: readonly string[];
}

/** What the trace says of the requests that `body` caused. */
async function watch(pool: Pool, body: () => Promise<unknown>): Promise<Seen> {
  const start = pool.log_lines().length - 1;
  await body();
  const lines = pool.log_lines().slice(start);
  const count = (opcode: string) => lines.filter((line) => line.includes(` opcode=${opcode} `)).length;
  const why = lines.flatMap((line) => / passthrough="([^"]*)"/.exec(line)?.[1] ?? []);
  return { reads: count("READ"), writes: count("WRITE"), why };
}

/** The kernel ends an open file a moment after the program's close, and a node that is open stays as it was opened. */
async function until_nothing_is_open(pool: Pool): Promise<void> {
  const handles = () => with_live_arena(pool.pid, (arena) => arena.header[H_HANDLE_COUNT]);
  await wait_until("nothing is open", () => handles() === 0);
}

async function set(pool: Pool, key: string, text: string): Promise<void> {
  await must("setfattr", ["-n", `user.${key}`, "-v", text, pool.path(".mergerfs")]);
}

async function get(pool: Pool, key: string): Promise<string> {
  return await must("getfattr", ["--only-values", "-n", `user.${key}`, pool.path(".mergerfs")]);
}

/** Nothing is open any more: no id is left in the state of the daemon, and the kernel holds no file of the branch. */
async function assert_given_back(pool: Pool): Promise<void> {
  await wait_until("the state is sound", () => broken_live_invariants(pool.pid).length === 0);
  const unmounted = await run("umount", [pool.branches[0]!]);
  assertEquals([unmounted.code, unmounted.stderr], [0, ""]);
}

for (const kind of ["tmpfs", "ext4"] as const) {
  Deno.test(`by default reads and writes do not reach the daemon, and the bytes are right (${kind})`, async () => {
    await with_pool({ branches: [{ ...LARGE, kind }], trace: true }, async (pool) => {
      const seen = await watch(pool, async () => {
        const [from_pool, from_branch] = await python<[boolean, boolean]>(
          `
          pool, branch = sys.argv[1:]
          content = os.urandom(3 * 2**20 + 12345)
          put(pool, content)
          show([open(path, "rb").read() == content for path in (pool, branch)])
        `,
          [pool.path("f"), pool.on_branch(0, "f")],
        );
        assertEquals([from_pool, from_branch], [true, true]);
      });
      assertEquals(seen, { reads: 0, writes: 0, why: ["yes", "yes"] });
      assertEquals(await get(pool, "mergerfs.passthrough.io"), "auto");
      await assert_given_back(pool);
    });
  });
}

/** passthrough.io, and which requests come when a file is created and written, read, and opened for both and written. */
const OPTIONS: readonly (readonly [string, string, string, string])[] = [
  ["off", "WRITE", "READ", "READ WRITE"],
  ["ro", "WRITE", "", "READ WRITE"],
  ["wo", "", "READ", "READ WRITE"],
  ["rw", "", "", ""],
  ["auto", "", "", ""],
];

Deno.test("passthrough.io is live and says which access modes are passed through", async () => {
  await with_pool({ branches: [{}], options: ANY_SPACE, trace: true }, async (pool) => {
    const requests = async (code: string) => {
      const seen = await watch(pool, () => python(code, [pool.path("f")]));
      return [seen.reads > 0 ? "READ" : "", seen.writes > 0 ? "WRITE" : ""].join(" ").trim();
    };
    for (const [option, ...expected] of OPTIONS) {
      await set(pool, "mergerfs.passthrough.io", option);
      assertEquals(
        [
          await requests('put(sys.argv[1], b"12345")'),
          await requests('assert get(sys.argv[1]) == "12345"'),
          await requests('fd = os.open(sys.argv[1], os.O_RDWR); os.write(fd, b"abc"); assert os.read(fd, 9) == b"45"'),
        ],
        expected,
        option,
      );
      await Deno.remove(pool.path("f"));
    }
    await assert_given_back(pool);
  });
});

Deno.test("opens of other access modes beside a passed-through one work and come to the daemon (operations F8)", async () => {
  const because = "no: option passthrough.io";
  const prepare = async ([branch]: readonly string[]) => {
    for (const name of ["f0", "f1"]) await Deno.writeTextFile(`${branch}/${name}`, "....");
  };
  for (const option of ["ro", "wo"]) {
    const options = `${ANY_SPACE},passthrough.io=${option}`;
    await with_pool({ branches: [{}], options, prepare, trace: true }, async (pool) => {
      const seen = await watch(pool, async () => {
        const results = await python(
          `
          os.chdir(sys.argv[1])
          first, results = os.O_RDONLY if sys.argv[2] == "ro" else os.O_WRONLY, []
          for name, order in (("f0", [first, os.O_RDWR]), ("f1", [os.O_RDWR, first])):
              fds = [os.open(name, mode) for mode in order]
              both = fds[order.index(os.O_RDWR)]
              results += [os.pwrite(both, b"ab", 0), os.pread(both, 9, 0).decode()]
              view = mmap.mmap(both, 4)
              view[2:4] = b"cd"
              view.flush()
              results.append(os.pread(both, 9, 0).decode())
          show(results)
        `,
          [pool.mountpoint, option],
        );
        assertEquals(results, [2, "ab..", "abcd", 2, "ab..", "abcd"]);
      });
      assertEquals(seen.why, ["yes", because, because, "no: open without it already"]);
      await assert_given_back(pool);
    });
  }
});

const PROGRAM = `
  os.chdir(sys.argv[1])
  results = []
  def note(*values): results.extend(value.decode() if isinstance(value, bytes) else value for value in values)
  reader_first = os.open("f", os.O_RDWR | os.O_CREAT)
  writer = os.open("f", os.O_WRONLY)
  reader = os.open("f", os.O_RDONLY)
  appender = os.open("f", os.O_WRONLY | os.O_APPEND)
  note(os.write(writer, b"0123456789"), os.pread(reader, 99, 0), os.write(appender, b"end"), os.pread(reader, 99, 5))
  note(os.stat("f").st_size, os.fstat(reader).st_size, os.lseek(reader, 0, os.SEEK_END))
  before = os.stat("f").st_mtime_ns
  note(os.pwrite(writer, b"ab", 0), os.stat("f").st_mtime_ns >= before, os.fsync(writer) is None)
  os.ftruncate(writer, 4); note(os.pread(reader, 99, 0), os.stat("f").st_size)
  os.truncate("f", 6); note(os.pread(reader, 99, 0))
  os.write(appender, b"+"); note(os.pread(reader, 99, 0))
  view = mmap.mmap(reader_first, 7)
  note(view[0:2]); view[0:2] = b"MM"; view.flush(); note(os.pread(reader, 99, 0))
  os.pwrite(writer, b"WW", 2); note(view[0:7])
  note(attempt(fallocate, writer, 0, 0, 4096), os.stat("f").st_size)
  note(attempt(fallocate, writer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), os.pread(reader, 4, 0))
  os.ftruncate(writer, 0)
  os.pwrite(writer, b"copied", 0)
  other = os.open("g", os.O_RDWR | os.O_CREAT | os.O_EXCL)
  note(os.copy_file_range(reader, other, 6, 0, 0), os.pread(other, 99, 0), os.stat("g").st_size)
  note(os.sendfile(other, reader, 0, 6), os.pread(other, 99, 0))
  os.lseek(other, 0, os.SEEK_SET)
  pipe = os.pipe(); os.write(pipe[1], b"spliced"); note(os.splice(pipe[0], other, 7), os.pread(other, 99, 0))
  os.rename("f", "h"); os.pwrite(writer, b"R", 0); note(get("h"))
  os.link("h", "name"); os.pwrite(writer, b"L", 0); os.close(writer); note(os.stat("name").st_size, get("name"))
  writer = os.open("name", os.O_WRONLY | os.O_APPEND)
  for _ in range(3): os.write(writer, b"!"); note(os.stat("h").st_size, os.stat("name").st_size)
  put("name", b"cut"); note(os.pread(reader, 99, 0), os.stat("h").st_size)
  for name in ("h", "name"): os.unlink(name)
  note(os.pwrite(appender, b"gone", 0), os.pread(reader, 99, 0), os.fstat(reader).st_nlink)
  put("h", b"new"); note(get("h"), os.pread(reader, 99, 0))
  os.lockf(appender, os.F_TLOCK, 0); fcntl.flock(reader, fcntl.LOCK_SH | fcntl.LOCK_NB)
  nameless = os.open(".", O_TMPFILE | os.O_RDWR, 0o600)
  os.write(nameless, b"nameless"); linkat_fd(nameless, "named"); os.write(nameless, b"!"); note(get("named"))
  put("direct", b"d" * 8192)
  fd = os.open("direct", os.O_RDONLY | os.O_DIRECT); page = mmap.mmap(-1, 4096); note(os.preadv(fd, [page], 4096), page[:2])
  dropped = os.open("direct", os.O_WRONLY | os.O_TRUNC); note(os.stat("direct").st_size, os.write(dropped, b"x"), get("direct"))
  note(sorted(os.listdir(".")))
  show(results)
`;

/** Options, and whether all reads and writes of the program pass the daemon by. */
const PROGRAM_OPTIONS: readonly string[] = [
  ANY_SPACE,
  `${ANY_SPACE},cache.files=full`,
  `${ANY_SPACE},passthrough.io=rw`,
  `${ANY_SPACE},passthrough.io=ro`,
  `${ANY_SPACE},passthrough.io=wo`,
  "cache.files=partial",
  "passthrough.io=off",
];

for (const options of PROGRAM_OPTIONS) {
  Deno.test(`programs see what they see natively: ${options}`, async () => {
    for (const kind of ["tmpfs", "ext4"] as const) {
      const { pool, native } = await on_pool_and_native(
        { branches: [{ kind }, { kind }], options },
        (directory) => python<unknown[]>(PROGRAM, [directory]),
      );
      assertEquals(pool, native, kind);
    }
  });
}

Deno.test("files opened for writing on a branch with little space come to the daemon", async () => {
  await with_pool({ branches: [{}], trace: true }, async (pool) => {
    const write = () => watch(pool, () => Deno.writeTextFile(pool.path("f"), "text"));
    const little = "no: written, and the branch has less free than passthrough.min-free";
    assertEquals(await write(), { reads: 0, writes: 1, why: [little] });
    const read = await watch(pool, () => Deno.readTextFile(pool.path("f")));
    assertEquals(read, { reads: 0, writes: 0, why: ["yes"] });
    await set(pool, "mergerfs-ts.passthrough.min-free", "50%");
    assertEquals((await write()).why, ["yes"]);
    await must("fallocate", ["-l", String(40 * MIB), pool.on_branch(0, "filling")]);
    assertEquals((await write()).why, [little]);
    await set(pool, "mergerfs-ts.passthrough.min-free", "10M");
    assertEquals((await write()).why, ["yes"]);
  });
});

Deno.test("a file that met the end of the space is not passed through when it is opened again", async () => {
  await with_pool({ branches: [{}], options: ANY_SPACE, trace: true }, async (pool) => {
    const fill =
      'fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT); show(attempt(lambda: [os.write(fd, b"x" * 2**20) for _ in range(100)]))';
    const first = await watch(pool, async () => assertEquals(await python(fill, [pool.path("f")]), "ENOSPC"));
    assertEquals([first.writes, first.why], [0, ["yes"]]);
    const again = await watch(
      pool,
      () => must("dd", ["if=/dev/zero", `of=${pool.path("f")}`, "bs=1", "count=1", "conv=notrunc"]),
    );
    assertEquals([again.writes, again.why[0]!.startsWith("no: written, and the branch has less free")], [1, true]);
  });
});

Deno.test("files on an overlay are passed through as the stack depth allows", async () => {
  const prepare = async ([branch]: readonly string[]) => {
    for (const name of ["lower", "upper", "work"]) await Deno.mkdir(`${branch}/${name}`);
    await Deno.writeTextFile(`${branch}/lower/f`, "below");
    const layers = ["lower", "upper", "work"].map((name) => `${name}dir=${branch}/${name}`).join();
    await must("mount", ["-t", "overlay", "-o", layers, "overlay", branch!]);
  };
  for (const [depth, why] of [["1", "no: the branch's file system is stacked too deep"], ["2", "yes"]] as const) {
    const options = `${ANY_SPACE},passthrough.max-stack-depth=${depth}`;
    await with_pool({ branches: [{}, {}], options, prepare, trace: true }, async (pool) => {
      const seen = await watch(pool, async () => {
        assertEquals(await Deno.readTextFile(pool.path("f")), "below");
        await until_nothing_is_open(pool);
        await Deno.writeTextFile(pool.path("f"), "above");
        await until_nothing_is_open(pool);
        assertEquals(await Deno.readTextFile(pool.path("f")), "above");
      });
      assertEquals(seen.why.map((text) => text.startsWith(why)), [true, true, true], seen.why.join());
      await Deno.writeTextFile(pool.on_branch(1, "plain"), "text");
      assertEquals((await watch(pool, () => Deno.readTextFile(pool.path("plain")))).why, ["yes"]);
    });
  }
});

Deno.test("on another FUSE file system nothing is passed through", async () => {
  const why = "no: the branch is a FUSE file system itself";
  for (const depth of ["0", "1"]) {
    await with_pool({ options: `${ANY_SPACE},passthrough.max-stack-depth=${depth}` }, async (inner) => {
      const branches = [{ path: inner.mountpoint }];
      await with_pool({ branches, options: ANY_SPACE, trace: true }, async (outer) => {
        const seen = await watch(outer, async () => {
          await Deno.writeTextFile(outer.path("f"), "text");
          assertEquals(await Deno.readTextFile(outer.path("f")), "text");
        });
        assertEquals(seen.why, [why, why]);
      });
    });
  }
});

Deno.test("with the write-back cache, or a stack depth that the kernel does not take, it reads back off", async () => {
  for (
    const options of [
      "cache.writeback=true",
      "passthrough.max-stack-depth=0",
      "passthrough.max-stack-depth=3,passthrough.io=rw",
    ]
  ) {
    await with_pool({ branches: [{}], options: `${ANY_SPACE},${options}`, trace: true }, async (pool) => {
      assertEquals(await get(pool, "mergerfs.passthrough.io"), "off");
      await set(pool, "mergerfs.passthrough.io", "rw");
      const seen = await watch(pool, () => Deno.writeTextFile(pool.path("f"), "text"));
      assertEquals(seen.why, ["no: kernel or privileges do not allow it"]);
      const warnings = pool.error_lines().filter((line) => line.includes('"passthrough.io=rw" has no effect')).length;
      assertEquals(warnings, options.includes("=rw") ? 1 : 0);
    });
  }
});

Deno.test("writes past the daemon take set-uid and set-gid as native ones do", async () => {
  const { pool, native } = await on_pool_and_native({ branches: [{}], options: ANY_SPACE }, (directory) =>
    python(
      `
      os.chmod(sys.argv[1], 0o777)
      os.chdir(sys.argv[1])
      def write(user, before, meanwhile):
          put("f"); os.chmod("f", 0o777)
          os.chown("f", 12, 34)
          os.chmod("f", before)
          ready, go = os.pipe(), os.pipe()
          def work():
              fd = os.open("f", os.O_WRONLY)
              os.write(ready[1], b"x"); os.read(go[0], 1)
              os.write(fd, b"data")
          def start():
              os.read(ready[0], 1)
              if meanwhile: os.chmod("f", meanwhile)
              os.write(go[1], b"x")
          import threading
          other = threading.Thread(target=start); other.start()
          as_user(user, user, work); other.join()
          mode = os.stat("f").st_mode & 0o7777
          os.unlink("f")
          return oct(mode)
      show([
          [write(1000, before, meanwhile) for before, meanwhile in
              [(0o4777, 0), (0o6777, 0), (0o2777, 0), (0o777, 0o4777), (0o777, 0o6777), (0o777, 0)]],
          [write(0, before, 0) for before in (0o4777, 0o6777, 0o2767)],
      ])
    `,
      [directory],
    ));
  assertEquals(pool, native);
});

const STRESS = `
  import random
  root, me, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
  os.chdir(root)
  chance = random.Random(me)
  SLOT = 512
  written, fds, problems = {}, [], []
  def name(): return "f%d" % chance.randrange(8)
  def open_one():
      path = name()
      mode = chance.choice([os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT])
      fds.append((os.open(path, mode, 0o644), path, mode & os.O_ACCMODE))
  def close_one():
      if fds: os.close(fds.pop(chance.randrange(len(fds)))[0])
  def write_one():
      able = [entry for entry in fds if entry[2] != os.O_RDONLY]
      if not able: return
      fd, path, _ = chance.choice(able)
      data = b"%s %d %d|" % (path.encode(), me, chance.randrange(10**9)) * 40
      written[path] = data[:SLOT]
      os.pwrite(fd, written[path], me * SLOT)
  def check_one():
      able = [entry for entry in fds if entry[2] != os.O_WRONLY]
      if not able: return
      fd, path, _ = chance.choice(able)
      found = os.pread(fd, SLOT, me * SLOT)
      if found.strip(b"\\0") != written.get(path, b""): problems.append(["content", path, found[:40].decode()])
  def own_file():
      path = "own%d" % me
      put(path, b"%d" % me)
      os.rename(path, path + "r")
      if get(path + "r") != str(me): problems.append("own")
      os.unlink(path + "r")
  def change_option():
      if me == 0: os.setxattr(".mergerfs", "user.mergerfs.passthrough.io", chance.choice([b"auto", b"off", b"ro", b"wo", b"rw"]))
      if me == 1: os.setxattr(".mergerfs", "user.mergerfs-ts.passthrough.min-free", chance.choice([b"0", b"0", b"100%"]))
  CALLS = [open_one] * 6 + [close_one] * 6 + [write_one] * 6 + [check_one] * 6 + [own_file, change_option]
  for at in range(count):
      if len(fds) > 20: close_one()
      call = chance.choice(CALLS)
      result = attempt(call)
      if result != 0: problems.append([call.__name__, result])
  for fd, _, _ in fds: os.close(fd)
  show([problems, {path: data.decode() for path, data in written.items()}])
`;

for (const cache_files of ["off", "partial", "full"]) {
  Deno.test(`sixteen processes use the same files while the option changes: cache.files=${cache_files}`, async () => {
    await with_pool({ branches: [{}], options: `${ANY_SPACE},cache.files=${cache_files}` }, stress);
  });
}

async function stress(pool: Pool): Promise<void> {
  const PROCESSES = 16;
  for (let file = 0; file < 8; file++) await Deno.writeTextFile(pool.path(`f${file}`), "");
  const results = await Promise.all(Array.from({ length: PROCESSES }, (_, me) => {
    return python<[unknown[], Record<string, string>]>(STRESS, [pool.mountpoint, String(me), "600"]);
  }));
  assertEquals(results.flatMap(([problems]) => problems), []);
  for (let file = 0; file < 8; file++) {
    const stored = await Deno.readTextFile(pool.on_branch(0, `f${file}`));
    results.forEach(([, written], me) => {
      const data = written[`f${file}`];
      if (data !== undefined) assertEquals(stored.slice(me * 512, me * 512 + 512), data, `f${file} of ${me}`);
    });
  }
  await assert_given_back(pool);
}

Deno.test("a branch can leave the list while files on it are passed through", async () => {
  await with_pool({ branches: [{}, {}], options: `${ANY_SPACE},category.create=ff` }, async (pool) => {
    const text = await python(
      `
      pool, branches, left = sys.argv[1:]
      fd = os.open(pool + "/f", os.O_RDWR | os.O_CREAT)
      os.write(fd, b"before ")
      os.setxattr(pool + "/.mergerfs", "user.mergerfs.branches", branches.encode())
      os.write(fd, b"after")
      show([os.pread(fd, 99, 0).decode(), get(left + "/f"), attempt(os.stat, pool + "/f")])
    `,
      [pool.mountpoint, pool.branches[1]!, pool.branches[0]!],
    );
    assertEquals(text, ["before after", "before after", "ENOENT"]);
    await assert_given_back(pool);
  });
});

Deno.test("a file is not moved while a mapping of it writes past the daemon, open or not (departures D1)", async () => {
  const branches = [{ size_bytes: 8 * MIB }, { size_bytes: 64 * MIB }];
  await with_pool({ branches, options: `${ANY_SPACE},category.create=ff`, trace: true }, async (pool) => {
    const results = await python(
      `
      pool, log = sys.argv[1:]
      os.chdir(pool)
      def released(): return get(log).count("opcode=RELEASE ")
      fd = os.open("f", os.O_RDWR | os.O_CREAT)
      os.write(fd, b"." * 4096)
      # The module mmap would keep a descriptor open.
      LIBC.mmap.restype = ctypes.c_void_p
      view = ctypes.c_void_p(LIBC.mmap(None, 4096, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, fd, 0))
      def set_min_free(text): os.setxattr(".mergerfs", "user.mergerfs-ts.passthrough.min-free", text)
      def fill(name="f"):
          writer = os.open(name, os.O_WRONLY | os.O_APPEND)
          def write():
              for _ in range(12): os.write(writer, b"x" * 2**20)
          result = attempt(write)
          os.close(writer)
          return result
      results = [fill()]
      os.truncate("f", 4096)
      os.close(fd)
      wait_until("the opens are gone", lambda: released() >= 2)
      set_min_free(b"100%")
      results.append(fill())
      ctypes.memmove(view, b"mapped", 6)
      results.append(open("f", "rb").read(6).decode())
      LIBC.munmap(view, 4096)
      wait_until("the opens are gone", lambda: released() >= 4)
      results.append(fill())
      results.append(open("f", "rb").read(6).decode())
      show(results)
    `,
      [pool.mountpoint, pool.log_file],
    );
    assertEquals(results, ["ENOSPC", "ENOSPC", "mapped", 0, "mapped"]);
    assertEquals([...Deno.readDirSync(pool.branches[0]!)].map(({ name }) => name), []);
  });
});

Deno.test("with nullrw nothing is passed through", async () => {
  await with_pool({ branches: [{}], options: `${ANY_SPACE},nullrw=true`, trace: true }, async (pool) => {
    await Deno.writeTextFile(pool.on_branch(0, "f"), "text");
    // Such a file has no end.
    const seen = await watch(pool, () => must("head", ["-c", "4", pool.path("f")]));
    assertEquals([seen.why, seen.reads > 0], [["no: option nullrw"], true]);
  });
});
