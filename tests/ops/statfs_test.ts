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

/** Modes, statfs-ignore, read-only mounts: how many of the branches' free blocks count, in branches. */
root_test("statfs-ignore leaves the free space of some branches out, never the total", () => {
  const cases: readonly (readonly [ignore: string, modes: string[], read_only: number[], counted: number])[] = [
    ["none", ["RW", "RO", "NC"], [], 3],
    ["ro", ["RW", "RO", "NC"], [], 1],
    ["nc", ["RW", "RO", "NC"], [], 2],
    ["ro", ["RW", "RW", "RW"], [1], 3],
    ["none", ["RW", "RO", "NC"], [1, 2], 1],
  ];
  with_pool({ branches: ["", "", ""], prepare: tmpfs_branches(MIB) }, (pool) => {
    for (const [ignore, modes, read_only, counted] of cases) {
      pool.set("statfs-ignore", ignore);
      pool.set("branches", modes.map((mode, index) => `${pool.branch(index)}=${mode}`).join(":"));
      for (const index of read_only) must_run("mount", "-o", "remount,ro", pool.branch(index));
      const sum = figures(statfs(pool, ""));
      for (const index of read_only) must_run("mount", "-o", "remount,rw", pool.branch(index));
      assertEquals([sum.blocks, sum.bfree, sum.bavail], [768, 768, counted * 256], `${ignore} ${modes}`);
    }
  });
});

root_test("units differ: everything is counted in the smallest (config §8.3)", () => {
  with_pool({ branches: ["", ""], prepare: ext4_and_tmpfs }, (pool) => {
    const [first, second] = [0, 1].map((index) => {
      const [frsize, blocks, bavail] = must_run("stat", "-f", "-c", "%S %b %a", pool.branch(index)).split(" ");
      return { frsize: Number(frsize), blocks: Number(blocks), bavail: Number(bavail) };
    });
    assertEquals([first!.frsize, second!.frsize], [1024, 4096]);
    const sum = figures(statfs(pool, ""));
    assertEquals(sum.frsize, 1024);
    assertEquals(sum.blocks, first!.blocks + 4 * second!.blocks);
    assertEquals(sum.bavail, first!.bavail + 4 * second!.bavail);
  });
});

function ext4_and_tmpfs(pool: Pool): () => void {
  const image = `${pool.directory}/image`;
  must_run("truncate", "-s", "8M", image);
  must_run("mkfs.ext4", "-q", "-F", "-b", "1024", "-O", "^has_journal", image);
  must_run("mount", "-o", "loop", image, pool.branch(0));
  must_run("mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", pool.branch(1));
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
