// STATFS: the sum over the devices behind the branches (operations §20, config §8).

import { assert, assertEquals } from "@std/assert";
import { Answer } from "../support/answer.ts";
import { must_run, Pool, root_test, tmpfs_branches, with_pool } from "../support/handler.ts";
import { mkdir, statfs } from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

const MIB = 1024 * 1024;
const PAGE = 4096;

function figures(answer: Answer): Record<string, number> {
  const [blocks, bfree, bavail, files, ffree] = [0, 8, 16, 24, 32].map((at) => Number(answer.u64(at)));
  return {
    blocks: blocks!,
    bfree: bfree!,
    bavail: bavail!,
    files: files!,
    ffree: ffree!,
    bsize: answer.u32(40),
    namelen: answer.u32(44),
    frsize: answer.u32(48),
  };
}

Deno.test("one device counts once, whatever the number of branches on it", () => {
  with_pool({ branches: [""] }, (pool) => {
    const one = figures(statfs(pool, ""));
    assertEquals([one.frsize! > 0, one.namelen], [true, 255]);
    Deno.mkdirSync(`${pool.directory}/more`);
    pool.set("branches", `+>${pool.directory}/more`);
    const two = figures(statfs(pool, ""));
    assertEquals([two.blocks, two.files], [one.blocks, one.files]);
  });
});

root_test("devices add up", () => {
  with_pool({ branches: ["", "", ""], prepare: tmpfs_branches(4 * MIB) }, (pool) => {
    Deno.writeFileSync(pool.on(0, "f"), new Uint8Array(MIB));
    const sum = figures(statfs(pool, ""));
    assertEquals([sum.blocks, sum.bavail, sum.frsize], [3 * 1024, 3 * 1024 - 256, PAGE]);
  });
});

/** Config §8.2: whether a branch's available blocks count, when its filesystem is mounted for writing and when not. */
const COUNTED: readonly (readonly [ignore: string, mode: string, writable: boolean, read_only: boolean])[] = [
  ["none", "RW", true, true],
  ["none", "RO", true, false],
  ["none", "NC", true, false],
  ["ro", "RW", true, true],
  ["ro", "RO", false, false],
  ["ro", "NC", false, false],
  ["nc", "RW", true, true],
  ["nc", "RO", true, false],
  ["nc", "NC", false, false],
];

root_test("statfs-ignore leaves the available blocks of some branches out, never total or free ones", () => {
  with_pool({ branches: ["", ""], prepare: tmpfs_branches(MIB) }, (pool) => {
    mkdir(pool, "d", 0o755);
    Deno.mkdirSync(pool.on(1, "d"));
    for (const is_read_only of [false, true]) {
      must_run("mount", "-o", `remount,${is_read_only ? "ro" : "rw"}`, pool.branch(1));
      for (const [ignore, mode, writable, read_only] of COUNTED) {
        for (const [where, path] of [["base", ""], ["base", "d"], ["full", "d"]] as const) {
          pool.set("statfs", where);
          pool.set("statfs-ignore", ignore);
          pool.set("branches", `${pool.branch(0)}=RW:${pool.branch(1)}=${mode}`);
          const sum = figures(statfs(pool, path));
          const counted = (is_read_only ? read_only : writable) ? 2 : 1;
          const row = `${ignore} ${mode} ${where} "${path}" read-only: ${is_read_only}`;
          assertEquals([sum.blocks, sum.bfree, sum.bavail], [512, 512, counted * 256], row);
        }
      }
    }
    must_run("mount", "-o", "remount,rw", pool.branch(1));
  });
});

root_test("the first branch of a device decides, also that nothing of it is available", () => {
  with_pool({ branches: ["", ""], prepare: tmpfs_branches(MIB) }, (pool) => {
    const [first, second] = [pool.on(0, "first"), pool.on(0, "second")];
    for (const directory of [first, second]) Deno.mkdirSync(directory);
    pool.set("statfs-ignore", "ro");
    const cases = [["RO", "RW", 256], ["RW", "RO", 512], ["NC", "RW", 256], ["RW", "RW", 512]] as const;
    for (const [of_first, of_second, expected] of cases) {
      pool.set("branches", `${first}=${of_first}:${second}=${of_second}:${pool.branch(1)}=RW`);
      const sum = figures(statfs(pool, ""));
      assertEquals([sum.blocks, sum.bavail], [512, expected], `${of_first} ${of_second}`);
    }
    // A branch that is not there decides nothing.
    pool.set("branches", `${first}=RO:${second}=RW:${pool.branch(1)}=RW`);
    Deno.removeSync(first);
    assertEquals(figures(statfs(pool, "")).bavail, 512);
  });
});

root_test("what is mounted below a branch is counted at its path, with full only", () => {
  with_pool({ branches: ["", "=NC"], prepare: tmpfs_branches(MIB), tree: [] }, (pool) => {
    for (const index of [0, 1]) Deno.mkdirSync(pool.on(index, "d/e"), { recursive: true });
    must_run("mount", "-t", "tmpfs", "-o", "size=4m,ro", "tmpfs", pool.on(1, "d"));
    const at = (where: string, path: string) => {
      pool.set("statfs", where);
      const { blocks, bavail } = figures(statfs(pool, path));
      return [blocks, bavail];
    };
    assertEquals([at("full", ""), at("full", "d"), at("full", "d/e")], [[512, 512], [256 + 1024, 256], [256, 256]]);
    assertEquals([at("base", "d"), at("base", "d/e")], [[512, 512], [512, 512]]);
    must_run("umount", pool.on(1, "d"));
  });
});

root_test("units differ: everything is counted in the smallest", () => {
  with_pool({ branches: ["", ""], prepare: ext4_of_1k_and_4k }, (pool) => {
    const [first, second] = [0, 1].map((index) => {
      const found = must_run("stat", "-f", "-c", "%S %b %f %a %c %d", pool.branch(index)).split(" ").map(Number);
      const [frsize, blocks, bfree, bavail, files, ffree] = found as [number, number, number, number, number, number];
      return { frsize, blocks, bfree, bavail, files, ffree };
    });
    assertEquals([first!.frsize, second!.frsize], [1024, 4096]);
    assertEquals(figures(statfs(pool, "")), {
      blocks: first!.blocks + 4 * second!.blocks,
      bfree: first!.bfree + 4 * second!.bfree,
      bavail: first!.bavail + 4 * second!.bavail,
      files: first!.files + second!.files,
      ffree: first!.ffree + second!.ffree,
      bsize: 1024,
      namelen: 255,
      frsize: 1024,
    });
  });
});

function ext4_of_1k_and_4k(pool: Pool): () => void {
  for (const [index, block_bytes] of [1024, 4096].entries()) {
    const image = `${pool.directory}/image${index}`;
    must_run("truncate", "-s", "8M", image);
    must_run("mkfs.ext4", "-q", "-F", "-b", String(block_bytes), "-O", "^has_journal", image);
    must_run("mount", "-o", "loop", image, pool.branch(index));
  }
  return () => [0, 1].forEach((index) => must_run("umount", "-l", pool.branch(index)));
}

root_test("statfs=full asks at the path, base at the branch", () => {
  with_pool({ branches: ["", ""], prepare: tmpfs_branches(MIB) }, (pool) => {
    mkdir(pool, "d", 0o755);
    assertEquals(figures(statfs(pool, "d")).blocks, 512);
    pool.set("statfs", "full");
    assertEquals(figures(statfs(pool, "d")).blocks, 256);
    assertEquals(figures(statfs(pool, "")).blocks, 512);
    assertEquals(figures(statfs(pool, ".mergerfs")).blocks, 0);
  });
});

Deno.test("nothing there is success with zeroes; a removed object is stale", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const node = pool.node("f");
    pool.send(wire.unlink(pool.next(), 1, "f"));
    assertEquals(pool.send(wire.statfs(pool.next(), node)).result, "ESTALE");
    pool.set("branches", `${pool.directory}/missing=RW`);
    const answer = statfs(pool, "");
    assertEquals(answer.result, "ok");
    assert(answer.body.every((byte) => byte === 0));
  });
});
