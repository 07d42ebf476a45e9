// GETATTR, STATX, READLINK and the attributes of entries: followed symlinks, symlinkify, the control file, inode numbers,
// NFS look-ups (operations §7.5, §10, §28; config §7.1, §9).

import { assert, assertEquals } from "@std/assert";
import { O_RDONLY } from "../../src/sys/file.ts";
import { Pool, root_test, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

const STATX_BASIC = 0x7ff;
const STATX_BTIME = 0x800;
const S_IFMT = 0o170000;
const DIRECTORY = 0o040000;
const REGULAR = 0o100000;
const SYMLINK = 0o120000;

function type_of(pool: Pool, path: string): number {
  return pool.lookup(path).attr.mode & S_IFMT;
}

Deno.test("follow-symlinks: what is shown for a link to a file, to a directory, to nothing", () => {
  const expected = {
    never: [SYMLINK, SYMLINK, SYMLINK],
    directory: [SYMLINK, DIRECTORY, SYMLINK],
    regular: [REGULAR, SYMLINK, SYMLINK],
    all: [REGULAR, DIRECTORY, SYMLINK],
  };
  for (const [follow, types] of Object.entries(expected)) {
    with_pool({ branches: ["", ""], tree: ["0/f:12345", "0/d/", "1/elsewhere"] }, (pool) => {
      Deno.symlinkSync("f", pool.on(0, "to_file"));
      Deno.symlinkSync("d", pool.on(0, "to_directory"));
      Deno.symlinkSync("elsewhere", pool.on(0, "to_nothing"));
      pool.set("follow-symlinks", follow);
      const names = ["to_file", "to_directory", "to_nothing"];
      assertEquals(names.map((name) => type_of(pool, name)), types, follow);
      for (const [index, name] of names.entries()) {
        const answer = pool.send(wire.statx(pool.next(), pool.node(name), 0, STATX_BASIC | STATX_BTIME));
        const stat = 32;
        assertEquals(answer.u32(stat + 28) & S_IFMT, types[index], `statx of ${name}, ${follow}`);
        assertEquals((answer.u32(stat) & STATX_BTIME) !== 0, true, name);
        assertEquals(answer.u64(stat + 32), pool.lookup(name).attr.ino, name);
      }
    });
  }
});

Deno.test("statx: by handle, by path, of an unlinked file; nothing extra of the control file", () => {
  with_pool({ tree: ["0/f:12345"] }, (pool) => {
    const { node, attr } = pool.lookup("f");
    const handle = pool.open("f", O_RDONLY);
    const statx = (id: bigint, fh?: bigint) => pool.send(wire.statx(pool.next(), id, 0, STATX_BASIC | STATX_BTIME, fh));
    for (const answer of [statx(node), statx(node, handle)]) {
      assertEquals([answer.u64(32 + 32), answer.u64(32 + 40)], [attr.ino, 5n]);
      assert((answer.u32(32) & STATX_BTIME) !== 0);
    }
    calls.unlink(pool, "f");
    assertEquals(statx(node).u64(32 + 40), 5n);
    const control = statx(pool.node(".mergerfs"));
    assertEquals([control.result, control.u32(32), control.u32(32 + 28) & 0xffff], ["ok", 0, 0o100664]);
  });
});

Deno.test("symlinkify: an old file nobody may write is a link to its place", () => {
  const options = { symlinkify: "true", "symlinkify-timeout": "-1" };
  with_pool({ tree: ["0/d/old:12345", "0/d/writable"], options }, (pool) => {
    Deno.chmodSync(pool.on(0, "d/old"), 0o444);
    const { attr } = pool.lookup("d/old");
    const place = pool.on(0, "d/old");
    assertEquals([attr.mode, attr.size, attr.blocks], [SYMLINK | 0o777, BigInt(place.length), 0n]);
    assertEquals(calls.readlink(pool, "d/old").text, place);
    assertEquals([type_of(pool, "d/writable"), type_of(pool, "d")], [REGULAR, DIRECTORY]);
    const answer = pool.send(wire.statx(pool.next(), pool.node("d/old"), 0, STATX_BASIC));
    assertEquals([answer.u32(32 + 28) & S_IFMT, answer.u64(32 + 40)], [SYMLINK, BigInt(place.length)]);
    pool.set("symlinkify-timeout", "3600");
    assertEquals(type_of(pool, "d/old"), REGULAR);
  });
});

root_test("symlinkify: both modification and change must be old; set-id bits stay in the shown mode", () => {
  const hours_ago = new Date(Date.now() - 2 * 3600_000);
  with_pool({ tree: ["0/f"], options: { symlinkify: "true" } }, (pool) => {
    Deno.chmodSync(pool.on(0, "f"), 0o4444);
    Deno.utimeSync(pool.on(0, "f"), hours_ago, hours_ago);
    // The change was just now.
    assertEquals(type_of(pool, "f"), REGULAR);
    pool.set("symlinkify-timeout", "-1");
    assertEquals(pool.lookup("f").attr.mode, SYMLINK | 0o4777);
    // Old enough by the change alone.
    const soon = new Date(Date.now() + 3600_000);
    Deno.utimeSync(pool.on(0, "f"), soon, soon);
    assertEquals(type_of(pool, "f"), REGULAR);
  });
});

Deno.test("readlink gives the bytes of the link, and EINVAL for anything else", () => {
  with_pool({ branches: ["", ""], tree: ["0/f"] }, (pool) => {
    const target = "x".repeat(4000);
    Deno.symlinkSync(target, pool.on(1, "long"));
    assertEquals(calls.readlink(pool, "long").text, target);
    assertEquals(calls.readlink(pool, "f").result, "EINVAL");
  });
});

Deno.test("the control file is always there, with one time, and never a branch's file", () => {
  with_pool({ tree: ["0/.mergerfs:real file", "0/d/.mergerfs:ordinary"] }, (pool) => {
    const { attr } = pool.lookup(".mergerfs");
    assertEquals([attr.mode, attr.nlink, attr.size, attr.ino, attr.blksize], [0o100664, 1, 0n, 0n, 512]);
    assertEquals([attr.uid, attr.gid], [Deno.uid()!, Deno.gid()!]);
    assertEquals([attr.atime, attr.mtime], [attr.ctime, attr.ctime]);
    assertEquals(calls.getattr(pool, ".mergerfs").attr, attr);
    assertEquals(pool.lookup("d/.mergerfs").attr.size, 8n);
  });
});

Deno.test("inode numbers: a directory by its path, the same on every branch; a file by its branch", () => {
  with_pool({ branches: ["", ""], tree: ["0/d/sub/", "1/d/sub/f", "0/d/sub/g"] }, (pool) => {
    const ino = (path: string) => calls.getattr(pool, path).attr.ino;
    assertEquals([ino(""), ino("d"), ino("d/sub")], [
      0x0338dc4be2cecdaen,
      0x67afb2971c7f6e37n,
      0xea2332652410617dn,
    ]);
    pool.set("inodecalc", "passthrough");
    assertEquals(ino("d/sub/f"), BigInt(Deno.statSync(pool.on(1, "d/sub/f")).ino!));
    pool.set("inodecalc", "hybrid-hash32");
    assertEquals([ino(""), ino("d")], [0xc77b2b7dn, 0x58970fa0n]);
  });
});

Deno.test("'.' finds a known node again, '..' its parent; unknown and unlinked ones are stale", () => {
  with_pool({ tree: ["0/d/e/f"] }, (pool) => {
    const [directory, below, file] = [pool.node("d"), pool.node("d/e"), pool.node("d/e/f")];
    const look = (node: wire.U64, name: string) => pool.send(wire.lookup(pool.next(), node, name));
    assertEquals([look(file, ".").entry().node, look(below, "..").entry().node], [file, directory]);
    assertEquals([pool.lookups(file), look(directory, "..").entry().node], [2, 1n]);
    assertEquals([look(1, ".").entry().node, look(1, "..").result], [1n, "ENOENT"]);
    assertEquals([look(1, ".").entry().generation, look(9999, ".").result], [0n, "ESTALE"]);
    calls.unlink(pool, "d/e/f");
    assertEquals([look(file, ".").result, look(file, "..").result], ["ESTALE", "ESTALE"]);
    Deno.removeSync(pool.on(0, "d"), { recursive: true });
    assertEquals(look(below, ".").result, "ESTALE");
  });
});

Deno.test("a replaced file behind a known node is what its name shows", () => {
  with_pool({ tree: ["0/f:old"] }, (pool) => {
    const node = pool.node("f");
    Deno.removeSync(pool.on(0, "f"));
    pool.make("0/f:longer");
    assertEquals(pool.send(wire.getattr(pool.next(), node)).attr.size, 6n);
    Deno.removeSync(pool.on(0, "f"));
    assertEquals(pool.send(wire.getattr(pool.next(), node)).result, "ENOENT");
  });
});
