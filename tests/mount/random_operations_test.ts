// Random sequences of calls come out in pools as on a native file system (tests/posix/random_operations.py): every result, what
// is to be seen after it, and the whole tree. The seeds are fixed, so that a failure is there every time; RANDOM_SEEDS=N in the
// environment adds N others, and a failure tells its seed.

import { assert, assertEquals } from "@std/assert";
import { type BranchSetup, type Pool, with_pool } from "../support/mount.ts";
import { native_disk } from "../support/native_disk.ts";
import { must, shell } from "../support/run.ts";

const SCRIPT = new URL("../posix/random_operations.py", import.meta.url).pathname;
const STEPS = 300;
const FIXED_SEEDS = [1, 2, 600188653];
const RANDOM_SEEDS = Number(Deno.env.get("RANDOM_SEEDS") ?? 0);

/** What the sequences leave out, and the options of the pools that go through the same ones. */
interface Family {
  readonly name: string;
  readonly word: "together" | "cached" | "spread";
  readonly branches: number;
  readonly options: readonly string[];
}

const FAMILIES: readonly Family[] = [
  {
    name: "pools of one branch",
    word: "together",
    branches: 1,
    options: [
      "cache.files=off,passthrough.io=off",
      "passthrough.io=rw,passthrough.min-free=0",
      "cache.attr=60,cache.entry=60,cache.negative-entry=60,cache.readdir=true,cache.symlinks=true,posix-acl=true",
    ],
  },
  {
    name: "pools whose data the kernel caches",
    word: "cached",
    branches: 2,
    options: [
      "cache.writeback=true,cache.files=partial,category.create=rand",
      "cache.files=full,passthrough.io=off,cache.attr=60",
    ],
  },
  {
    name: "pools of three branches",
    word: "spread",
    branches: 3,
    options: [
      "category.create=rand,passthrough.io=off",
      "category.create=epmfs,ignorepponrename=true,func.readdir=cor:2",
      "func.mkdir=all,func.create=rand,func.mknod=rand,func.symlink=rand,cache.attr=60,cache.entry=60,cache.readdir=true",
    ],
  },
];

/** Mounts a pool for each of these options and calls `body` with all of them. */
async function with_pools(
  branches: number,
  options: readonly string[],
  body: (pools: readonly Pool[]) => Promise<void>,
  pools: readonly Pool[] = [],
): Promise<void> {
  const [first, ...rest] = options;
  if (first === undefined) return await body(pools);
  const setup: readonly BranchSetup[] = Array.from({ length: branches }, () => ({}));
  await with_pool({ branches: setup, options: first }, (pool) => with_pools(branches, rest, body, [...pools, pool]));
}

/** Every object that is no directory lies on one branch, and nothing is there that nobody made. */
async function assert_sane(pool: Pool): Promise<void> {
  const found = await shell('for branch; do find "$branch" -mindepth 1 ! -type d -printf "%P\\n"; done', pool.branches);
  const paths = found.split("\n").filter((path) => path !== "");
  assertEquals(paths.length, new Set(paths).size);
  assertEquals(paths.filter((path) => !/^run1(\/[xyz])+$/.test(path)), []);
}

for (const { name, word, branches, options } of FAMILIES) {
  Deno.test(`random calls come out alike natively and on ${name}`, async () => {
    await with_pools(branches, options, async (pools) => {
      const native = await native_disk(pools[0]!);
      const directories = [native, ...pools.map((pool) => pool.mountpoint)];
      const more = Array.from({ length: RANDOM_SEEDS }, () => Math.floor(Math.random() * 1e9));
      for (const seed of [...FIXED_SEEDS, ...more]) {
        for (const directory of directories) await must("rm", ["-rf", `${directory}/run1`]);
        const difference = await must("/usr/bin/python3", [SCRIPT, String(seed), String(STEPS), word, ...directories]);
        assert(difference === "", difference);
        for (const pool of pools) await assert_sane(pool);
      }
    });
  });
}
