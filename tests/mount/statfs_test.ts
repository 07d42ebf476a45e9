// statfs on a real mount: what df and stat -f print, against the sum worked out from the branches (config §8).

import { assertEquals } from "@std/assert";
import { MIB } from "../support/branch_disks.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

const FIELDS = ["f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_namemax"];

/** One filesystem as statvfs(3) tells it, by the names of the fields. */
type Space = Readonly<Record<string, number>>;

async function space_of(...paths: string[]): Promise<Space[]> {
  const fields = JSON.stringify(FIELDS);
  const code = `show([{field: getattr(os.statvfs(path), field) for field in ${fields}} for path in sys.argv[1:]])`;
  return await python(code, paths);
}

/** The sum of config §8.1; `ignored` are the indexes whose available blocks do not count. */
function sum_of(branches: readonly Space[], ignored: readonly number[]): Space {
  const least = (field: string) => Math.min(...branches.map((space) => space[field]!));
  const unit = least("f_frsize");
  const sum = (field: string, left_out: readonly number[] = []) =>
    branches.reduce((total, space, index) => {
      const scale = /^f_b/.test(field) ? space["f_frsize"]! / unit : 1;
      return total + (left_out.includes(index) ? 0 : Math.trunc(space[field]! * scale));
    }, 0);
  return {
    f_bsize: least("f_bsize"),
    f_frsize: unit,
    f_blocks: sum("f_blocks"),
    f_bfree: sum("f_bfree"),
    f_bavail: sum("f_bavail", ignored),
    f_files: sum("f_files"),
    f_ffree: sum("f_ffree"),
    f_namemax: least("f_namemax"),
  };
}

async function check(pool: Pool, branches: readonly string[], ignored: readonly number[]): Promise<void> {
  const [shown, ...found] = await space_of(pool.mountpoint, ...branches);
  const expected = sum_of(found, ignored);
  assertEquals(shown, expected);
  const printed = await must("df", ["-B1", "--output=size,used,avail,itotal", pool.mountpoint]);
  const bytes = (blocks: number) => blocks * expected["f_frsize"]!;
  assertEquals(printed.trim().split("\n")[1]!.trim().split(/\s+/).map(Number), [
    bytes(expected["f_blocks"]!),
    bytes(expected["f_blocks"]! - expected["f_bfree"]!),
    bytes(expected["f_bavail"]!),
    expected["f_files"]!,
  ]);
}

Deno.test("df and stat -f show the sum of the branches' devices", async () => {
  const prepare = async (branches: readonly string[]) => {
    await must("umount", [branches[1]!]);
    const image = `${branches[1]!}.image`;
    await must("truncate", ["-s", String(16 * MIB), image]);
    await must("mkfs.ext4", ["-q", "-F", "-b", "1024", "-O", "^has_journal", image]);
    await must("mount", ["-o", "loop", image, branches[1]!]);
    Deno.writeFileSync(`${branches[0]!}/used`, new Uint8Array(3 * MIB));
    Deno.mkdirSync(`${branches[2]!}/same-device`);
  };
  const branches = [{ kind: "tmpfs" }, { kind: "tmpfs" }, { kind: "ext4", mode: "NC" }] as const;
  await with_pool({ branches, prepare, options: "cache.statfs=60" }, async (pool) => {
    await check(pool, pool.branches, []);
    await must("setfattr", ["-n", "user.mergerfs.statfs-ignore", "-v", "nc", pool.path(".mergerfs")]);
    await check(pool, pool.branches, [2]);
    const again = `+>${pool.branches[2]!}/same-device=RW`;
    await must("setfattr", ["-n", "user.mergerfs.branches", "-v", again, pool.path(".mergerfs")]);
    await check(pool, pool.branches, [2]);
    // No cache stands between a change and what is shown.
    Deno.removeSync(pool.on_branch(0, "used"));
    await check(pool, pool.branches, [2]);
  });
});
