// The cases of tests/posix on native directories and on pools. They pass natively, and a pool comes out in the same way,
// except for what tests/posix/exceptions.ts allows.

import { assertEquals } from "@std/assert";
import { type DiskKind, MIB } from "../support/branch_disks.ts";
import { idmapped_mount } from "../support/idmapped_mount.ts";
import { type BranchSetup, type Pool, type PoolSetup, with_pool } from "../support/mount.ts";
import { native_disk } from "../support/native_disk.ts";
import { differences, failures, posix_suite, type SuiteResults } from "../support/posix_suite.ts";
import { must } from "../support/run.ts";
import { type Exception, EXCEPTIONS, type Pools, READ_ONLY_EXCEPTIONS } from "../posix/exceptions.ts";

const SMALL_BYTES = 2 * MIB;
const SMALL_INODES = 100;

/** Directories on the first branch, files on the largest, the last one; symlinks, pipes and devices on the smallest. */
const SPREAD = "func.mkdir=ff,func.create=mfs,func.mknod=lfs,func.symlink=lfs";

/** What changes through the pool has to show at once all the same. */
const CACHED = "passthrough.io=off,cache.files=full,cache.readdir=true,cache.symlinks=true," +
  "cache.attr=60,cache.entry=60,cache.negative-entry=60";

function branches(kind: DiskKind, sizes_mib: readonly number[]): BranchSetup[] {
  return sizes_mib.map((size_mib) => ({ kind, size_bytes: size_mib * MIB }));
}

/** The cases that the exceptions for these pools name. */
function allowed(exceptions: readonly Exception[], pools: readonly Pools[]): string[] {
  return exceptions.filter((exception) => pools.includes(exception.pools)).flatMap(({ cases }) => cases);
}

/** Fails for a difference that is neither certain nor possible, and for a certain one that did not happen. */
function assert_differs(actual: SuiteResults, native: SuiteResults, certain: string[], possible: string[] = []): void {
  const found = differences(actual, native);
  const expected = [...certain, ...possible];
  const unexpected = [...found].filter(([name]) => !expected.includes(name)).map(([name, text]) => `${name}: ${text}`);
  const no_longer = certain.filter((name) => !found.has(name));
  assertEquals({ unexpected, no_longer }, { unexpected: [], no_longer: [] });
}

/** `certain`: whose exceptions have to happen, because it is known where every object lies. `possible`: whose may. */
function usual(
  name: string,
  kind: DiskKind,
  setup: PoolSetup,
  certain: readonly Pools[],
  possible: readonly Pools[],
): void {
  Deno.test(`POSIX cases on ${name}`, async () => {
    await with_pool(setup, (pool) => assert_usual(pool, pool.mountpoint, kind, certain, possible));
  });
}

async function assert_usual(
  pool: Pool,
  directory: string,
  kind: DiskKind,
  certain: readonly Pools[],
  possible: readonly Pools[],
): Promise<void> {
  const native = await native_disk(pool, kind);
  const expected = await posix_suite("usual", native, pool.directory);
  assertEquals(failures(expected), []);
  const actual = await posix_suite("usual", directory, pool.directory);
  assert_differs(actual, expected, allowed(EXCEPTIONS, certain), allowed(EXCEPTIONS, possible));
}

usual("a pool of one tmpfs", "tmpfs", { branches: branches("tmpfs", [64]) }, ["every"], ["slow"]);
usual("a pool of one ext4", "ext4", { branches: branches("ext4", [64]) }, ["every"], ["slow"]);
usual(
  "three branches, each kind of object on its own",
  "tmpfs",
  { branches: branches("tmpfs", [64, 32, 96]), options: SPREAD },
  ["every", "spread"],
  ["slow"],
);
usual(
  "three branches, with everything cached for a minute",
  "tmpfs",
  { branches: branches("tmpfs", [64, 32, 96]), options: `${SPREAD},${CACHED}` },
  ["every", "spread"],
  ["slow"],
);
usual(
  "three branches, objects at random",
  "tmpfs",
  { branches: branches("tmpfs", [64, 64, 64]), options: "category.create=rand" },
  ["every"],
  ["spread", "random", "slow"],
);

Deno.test("POSIX cases on a pool mounted once more with users and groups mapped", async () => {
  await with_pool({ branches: branches("tmpfs", [64]) }, async (pool) => {
    const mapped = `${pool.directory}/mapped`;
    assertEquals(await idmapped_mount(pool.mountpoint, mapped), "");
    await assert_usual(pool, mapped, "tmpfs", ["every"], ["slow"]);
    await must("umount", [mapped]);
  });
});

Deno.test("POSIX cases on a read-only native directory and a pool of read-only branches", async () => {
  await with_pool({ branches: branches("tmpfs", [64, 32, 96]), options: SPREAD }, async (pool) => {
    const native = await native_disk(pool);
    const other = pool.directory;
    for (const directory of [native, pool.mountpoint]) {
      assertEquals(failures(await posix_suite("before_read_only", directory, other)), []);
    }
    for (const directory of [native, ...pool.branches]) await must("mount", ["-o", "remount,ro", directory]);
    const expected = await posix_suite("read_only", native, other);
    assertEquals(failures(expected), []);
    assert_differs(
      await posix_suite("read_only", pool.mountpoint, other),
      expected,
      allowed(READ_ONLY_EXCEPTIONS, ["every"]),
    );
  });
});

for (const count of [1, 3]) {
  const setup: PoolSetup = {
    branches: Array.from({ length: count }, () => ({ size_bytes: SMALL_BYTES })),
    options: "category.create=ff,moveonenospc=false",
  };
  Deno.test(`POSIX cases on a pool of ${count} full branches`, async () => {
    await with_pool(setup, async (pool) => {
      const native = await native_disk(pool, "tmpfs", SMALL_BYTES);
      for (const directory of [native, ...pool.branches]) {
        await must("mount", ["-o", `remount,nr_inodes=${SMALL_INODES}`, directory]);
      }
      const expected = await posix_suite("small", native, pool.directory);
      const actual = await posix_suite("small", pool.mountpoint, pool.directory);
      assertEquals(failures(expected), []);
      assert_differs(actual, expected, []);
    });
  });
}
