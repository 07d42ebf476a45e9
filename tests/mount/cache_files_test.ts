// cache.files with the kernel's page cache: which opens drop what is cached, and that changes behind the pool's back are
// seen where they must be (config §3.2, operations §16.1, §16.6).

import { assertEquals } from "@std/assert";
import { type Pool, with_pool } from "../support/mount.ts";
import { python } from "../support/run.ts";

const READ_LINE = / opcode=READ /;

function reads(pool: Pool): number {
  return pool.log_lines().filter((line) => READ_LINE.test(line)).length;
}

/** Reads the file as a program of the name "reader"; its text, and whether the program was asked. */
async function read(pool: Pool): Promise<{ text: string; asked: boolean }> {
  const before = reads(pool);
  const text = await python<string>('put("/proc/self/comm", "reader"); show(get(sys.argv[1]))', [pool.path("f")]);
  return { text, asked: reads(pool) > before };
}

/** A passed-through file is in the page cache of its branch alone. */
const DAEMON_READS = "passthrough.io=off";

/** Options; is the second reading answered from the cache; is a change on the branch, of the same size, seen at once. */
const CASES: readonly (readonly [options: string, from_cache: boolean, sees_change: boolean])[] = [
  ["cache.files=off", false, true],
  ["cache.files=partial", false, true],
  ["cache.files=full", true, false],
  ["cache.files=auto-full", true, true],
  ["cache.files=libfuse", false, true],
  ["cache.files=libfuse,auto_cache", true, true],
  ["cache.files=libfuse,kernel_cache", true, false],
  ["cache.files=per-process", false, true],
];

for (const [options, from_cache, sees_change] of CASES) {
  Deno.test(`${options}: ${from_cache ? "kept" : "dropped"} at an open, a change is ${sees_change ? "" : "not "}seen`, async () => {
    const prepare = (branches: readonly string[]) => Deno.writeTextFileSync(`${branches[0]!}/f`, "first");
    await with_pool({ branches: [{}], options: `${DAEMON_READS},${options}`, prepare, trace: true }, async (pool) => {
      assertEquals(await read(pool), { text: "first", asked: true });
      // The first open knows nothing of the file; what it read is there for the second.
      assertEquals(await read(pool), { text: "first", asked: !from_cache });
      Deno.writeTextFileSync(pool.on_branch(0, "f"), "other");
      assertEquals(await read(pool), { text: sees_change ? "other" : "first", asked: sees_change });
    });
  });
}

const WRITE_BY_OTHER_NAME = `
  first, second = sys.argv[1:]
  before = get(first)
  os.link(first, second)
  get(second)
  put(first, "other")
  seen = [get(second)]
  put(second, "third")
  show([before, *seen, get(first), get(first)])
`;

for (const cache_files of ["off", "partial", "full", "auto-full"]) {
  Deno.test(`cache.files=${cache_files}: what was written through one name of a file is read through another`, async () => {
    const prepare = (branches: readonly string[]) => Deno.writeTextFileSync(`${branches[0]!}/f`, "first");
    await with_pool(
      { branches: [{}], options: `${DAEMON_READS},cache.files=${cache_files}`, prepare },
      async (pool) => {
        const read = await python(WRITE_BY_OTHER_NAME, [pool.path("f"), pool.path("g")]);
        assertEquals(read, ["first", "other", "third", "third"]);
      },
    );
  });
}

Deno.test("cache.files=per-process: a named program reads through the cache, another one past it", async () => {
  const options = `${DAEMON_READS},cache.files=per-process,cache.files.process-names=reader|other`;
  const prepare = (branches: readonly string[]) => Deno.writeTextFileSync(`${branches[0]!}/f`, "first");
  await with_pool({ branches: [{}], options, prepare, trace: true }, async (pool) => {
    await read(pool);
    const flags = (pattern: RegExp) => pool.log_lines().filter((line) => pattern.test(line)).length;
    assertEquals(flags(/open_flags_str="NOFLUSH"/), 1);
    await Deno.readTextFile(pool.path("f"));
    assertEquals(flags(/open_flags_str="DIRECT_IO\|NOFLUSH/), 1);
  });
});

Deno.test("a file that became a pipe behind the kernel's back is opened as the pipe, and holds no worker", async () => {
  const options = "cache.attr=600,cache.entry=600";
  const prepare = (branches: readonly string[]) => Deno.writeTextFileSync(`${branches[0]!}/f`, "first");
  await with_pool({ branches: [{}], options, prepare }, async (pool) => {
    const opened = await python(
      `
      os.stat(sys.argv[1])
      os.unlink(sys.argv[2]), os.mkfifo(sys.argv[2])
      show(stat.S_ISFIFO(os.fstat(os.open(sys.argv[1], os.O_RDWR)).st_mode))
    `,
      [pool.path("f"), pool.on_branch(0, "f")],
    );
    assertEquals(opened, true);
  });
});

Deno.test("a file that became a symlink behind the kernel's back is opened where that leads in the pool", async () => {
  const options = "cache.attr=600,cache.entry=600,category.create=ff";
  const prepare = (branches: readonly string[]) => Deno.writeTextFileSync(`${branches[0]!}/f`, "first");
  await with_pool({ branches: [{}, {}], options, prepare }, async (pool) => {
    const opened = await python(
      `
      pool, branch, other = sys.argv[1:]
      os.stat(pool + "/f")
      put(other + "/g", "on the other branch")
      os.unlink(branch + "/f"), os.symlink("g", branch + "/f")
      read = get(pool + "/f")
      put(pool + "/f", "written")
      show([read, get(other + "/g"), os.listdir(branch), attempt(os.open, pool + "/f", os.O_RDONLY | os.O_NOFOLLOW)])
    `,
      [pool.mountpoint, pool.branches[0]!, pool.branches[1]!],
    );
    assertEquals(opened, ["on the other branch", "written", ["f"], "ELOOP"]);
  });
});
