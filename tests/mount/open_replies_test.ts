// operations.md §30.8: what the kernel is told of every open, as the exact words of the trace; and the flags that the file of
// the branch is opened with (§16.1).

import { assertEquals, assertMatch } from "@std/assert";
import { type Pool, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

// FOPEN_* bits (include/uapi/linux/fuse.h).
const DIRECT_IO = 0x1;
const KEEP_CACHE = 0x2;
const NOFLUSH = 0x20;
const PARALLEL = 0x40;
const PASSTHROUGH = 0x80;

/** The default rows of the table hold without passthrough (departures D4). */
const WITHOUT = "passthrough.io=off,passthrough.min-free=0";

const DEFAULTS = "cache.files=off,flush-on-close=opened-for-write,parallel-direct-writes=true,passthrough.io=off";

/** Options, the words of a read-only open, and of O_WRONLY, O_RDWR and CREATE. */
const ROWS: readonly (readonly [options: string, read_only: number, others: number])[] = [
  ["", DIRECT_IO | NOFLUSH | PARALLEL, DIRECT_IO | PARALLEL],
  ["parallel-direct-writes=false", DIRECT_IO | NOFLUSH, DIRECT_IO],
  ["cache.files=partial", NOFLUSH, 0],
  ["cache.files=full", KEEP_CACHE | NOFLUSH, KEEP_CACHE],
  ["flush-on-close=always", DIRECT_IO | PARALLEL, DIRECT_IO | PARALLEL],
  ["flush-on-close=never", DIRECT_IO | NOFLUSH | PARALLEL, DIRECT_IO | NOFLUSH | PARALLEL],
  ["cache.files=auto-full,passthrough.io=rw", NOFLUSH | PASSTHROUGH, PASSTHROUGH],
];

interface OpenReply {
  readonly flags: number;
  readonly backing_id: number;
}

/** What the trace says of the files that `body` opened. */
async function replies(pool: Pool, body: () => Promise<unknown>): Promise<OpenReply[]> {
  const start = pool.log_lines().length - 1;
  await body();
  return pool.log_lines().slice(start).flatMap((line) => {
    const found = / open_flags=0x([0-9a-f]+).* backing_id=(\d+) passthrough="/.exec(line);
    return found === null ? [] : [{ flags: parseInt(found[1]!, 16), backing_id: Number(found[2]) }];
  });
}

/** Opens files of the pool one after the other, each closed before the next. A call is an open of "f" or a step before. */
function steps(pool: Pool, ...code: readonly string[]): Promise<unknown> {
  const lines = ["os.chdir(sys.argv[1])", ...code.map((step) => step.startsWith("os.O_") ? `f(${step})` : step)];
  return python(`def f(flags): os.close(os.open("f", flags, 0o600))\n${lines.join("\n")}`, [pool.mountpoint]);
}

/** Sets the options of a row, those of the other rows back to their defaults. */
function set_options(pool: Pool, options: string): Promise<unknown> {
  const code = `
    for key, value in (word.split("=") for word in sys.argv[2].split(",")):
        os.setxattr(sys.argv[1], "user.mergerfs." + key, value.encode())
  `;
  const all = options === "" ? DEFAULTS : `${DEFAULTS},${options}`;
  return python(code, [pool.path(".mergerfs"), all]);
}

Deno.test("the table of operations §30.8", async () => {
  const prepare = (branches: readonly string[]) => Deno.writeTextFileSync(`${branches[0]!}/f`, "text");
  await with_pool({ branches: [{}], options: WITHOUT, prepare, trace: true }, async (pool) => {
    for (const [options, read_only, others] of ROWS) {
      await set_options(pool, options);
      const create = "os.O_WRONLY | os.O_CREAT | os.O_EXCL";
      const seen = await replies(
        pool,
        () => steps(pool, "os.O_RDONLY", "os.O_WRONLY", "os.O_RDWR", "os.unlink('f')", create),
      );
      assertEquals(seen.map(({ flags }) => flags), [read_only, others, others, others], options || "default");
    }
  });
});

Deno.test("the table of operations §30.8: auto-full, create, open, open, chmod, open, open", async () => {
  await with_pool({ branches: [{}], options: `${WITHOUT},cache.files=auto-full`, trace: true }, async (pool) => {
    for (const [mode, always] of [["os.O_RDONLY", NOFLUSH], ["os.O_RDWR", 0]] as const) {
      const create = "os.O_RDWR | os.O_CREAT | os.O_EXCL";
      const seen = await replies(
        pool,
        () => steps(pool, create, mode, mode, "os.chmod('f', 0o640)", mode, mode, "os.unlink('f')"),
      );
      const keeps = always | KEEP_CACHE;
      assertEquals(seen.map(({ flags }) => flags), [0, always, keeps, always, keeps], mode);
    }
  });
});

Deno.test("the table of operations §30.8: overlapping opens share one backing id, also of another access mode (F8)", async () => {
  const prepare = (branches: readonly string[]) => Deno.writeTextFileSync(`${branches[0]!}/f`, "text");
  for (const option of ["rw", "ro", "wo"]) {
    const options = `${WITHOUT},cache.files=auto-full,passthrough.io=${option}`;
    await with_pool({ branches: [{}], options, prepare, trace: true }, async (pool) => {
      const first = option === "wo" ? "os.O_WRONLY" : "os.O_RDONLY";
      const held = (...modes: string[]) =>
        replies(pool, () => steps(pool, `held = [os.open("f", mode) for mode in (${modes.join(", ")})]`));
      const seen = await held(first, "os.O_RDWR", "os.O_RDONLY", "os.O_WRONLY");
      assertEquals(seen.every(({ flags }) => (flags & PASSTHROUGH) !== 0), true);
      assertEquals(new Set(seen.map(({ backing_id }) => backing_id)).size, 1);
      assertEquals(seen[0]!.backing_id > 0, true);
      // The other way round nothing is passed through.
      if (option === "rw") return;
      const without = await held("os.O_RDWR", first);
      assertEquals(without.map(({ flags, backing_id }) => [flags & PASSTHROUGH, backing_id]), [[0, 0], [0, 0]]);
    });
  }
});

/** The flags of the branch's file that the daemon has open, octal as in /proc. */
async function flags_on_branch(pool: Pool, flags: string): Promise<number> {
  const text = await python<string>(
    `
    pool, branch, daemon = sys.argv[1:]
    held = os.open(pool, ${flags})
    fd = next(name for name in os.listdir(daemon + "/fd") if attempt(os.readlink, daemon + "/fd/" + name) == branch)
    show(get(daemon + "/fdinfo/" + fd))
  `,
    [pool.path("f"), pool.on_branch(0, "f"), `/proc/${pool.pid}`],
  );
  return parseInt(/^flags:\s*(\d+)$/m.exec(text)![1]!, 8);
}

const O_ACCMODE = 3;
const O_RDWR = 2;
const O_APPEND = 0o2000;
const O_SYNC = 0o4010000;
const O_NOATIME = 0o1000000;

Deno.test("the branch's file is opened with the flags of the program", async () => {
  const prepare = (branches: readonly string[]) => Deno.writeTextFileSync(`${branches[0]!}/f`, "text");
  await with_pool({ branches: [{}], options: WITHOUT, prepare }, async (pool) => {
    const kept = O_ACCMODE | O_APPEND | O_SYNC | O_NOATIME;
    const flags = await flags_on_branch(pool, "os.O_WRONLY | os.O_APPEND | os.O_SYNC | os.O_NOATIME");
    assertEquals(flags & kept, 1 | O_APPEND | O_SYNC | O_NOATIME);
    assertEquals(await flags_on_branch(pool, "os.O_RDONLY") & kept, 0);
  });
});

Deno.test("with the write-back cache it can be read and appends nowhere by itself", async () => {
  const prepare = (branches: readonly string[]) => Deno.writeTextFileSync(`${branches[0]!}/f`, "0123456789");
  const options = "cache.writeback=true,cache.files=partial";
  await with_pool({ branches: [{}], options, prepare, trace: true }, async (pool) => {
    const flags = await flags_on_branch(pool, "os.O_WRONLY | os.O_APPEND");
    assertEquals(flags & (O_ACCMODE | O_APPEND), O_RDWR);
    // The kernel reads the page that it writes a part of, and finds the end of the file by itself.
    const written = await python<string>(
      `
      os.chdir(sys.argv[1])
      middle, end = os.open("f", os.O_WRONLY), os.open("f", os.O_WRONLY | os.O_APPEND)
      os.pwrite(middle, b"ab", 3)
      os.write(end, b"end")
      os.close(middle), os.close(end)
      show(get("f"))
    `,
      [pool.mountpoint],
    );
    assertEquals([written, await Deno.readTextFile(pool.on_branch(0, "f"))], ["012ab56789end", "012ab56789end"]);
    // Judged on the flags that the branch gets: opened for writing is O_RDWR by now, and not read-only.
    const seen = await replies(pool, () => steps(pool, "os.O_WRONLY", "os.O_RDONLY"));
    assertEquals(seen.map(({ flags }) => flags), [0, NOFLUSH]);
  });
});

Deno.test("direct-io-allow-mmap: off, a shared mapping of a file that is not cached is refused", async () => {
  const prepare = (branches: readonly string[]) => Deno.writeTextFileSync(`${branches[0]!}/f`, "text");
  const code = `
    fd = os.open(sys.argv[1], os.O_RDWR)
    show([attempt(lambda: len(mmap.mmap(fd, 4, flags))) for flags in (mmap.MAP_SHARED, mmap.MAP_PRIVATE)])
  `;
  for (const [value, shared] of [["true", 4], ["false", "ENODEV"]] as const) {
    const options = `${WITHOUT},direct-io-allow-mmap=${value}`;
    await with_pool({ branches: [{}], options, prepare, trace: true }, async (pool) => {
      assertEquals(await python(code, [pool.path("f")]), [shared, 4], value);
      const told = await must("getfattr", [
        "--only-values",
        "-n",
        "user.mergerfs.direct-io-allow-mmap",
        pool.path(".mergerfs"),
      ]);
      assertMatch(told, new RegExp(`^${value}$`));
    });
  }
});
