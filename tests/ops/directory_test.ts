// OPENDIR, READDIR, READDIRPLUS, FSYNCDIR, RELEASEDIR: the merged listing (operations §19, §30.10; departures D9, D10, D13).

import { assert, assertEquals, assertMatch } from "@std/assert";
import { EINVAL, EIO, ENOSPC } from "../../src/base/errno.ts";
import { F_FD, N_WANTED, NODE_WORDS } from "../../src/state/layout.ts";
import { O_DIRECTORY } from "../../src/sys/file.ts";
import { ListedName } from "../support/answer.ts";
import { Pool, root_test, with_pool } from "../support/handler.ts";
import { rename, rmdir } from "../support/pool_calls.ts";
import { fails_with, path_of, type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const DT_UNKNOWN = 0;
const DT_DIR = 4;
const DT_REG = 8;
const DT_LNK = 10;
const TWO = ["", ""];

function opendir(pool: Pool, path: string): { node: bigint; handle: bigint } {
  const node = pool.node(path);
  const answer = pool.send(wire.opendir(pool.next(), node));
  assertEquals(answer.result, "ok");
  return { node, handle: answer.open().handle };
}

/** All names, by requests of that size. */
function read_all(pool: Pool, path: string, size: number): ListedName[] {
  const { node, handle } = opendir(pool, path);
  const found: ListedName[] = [];
  for (;;) {
    const offset = found.at(-1)?.offset ?? 0;
    const answer = pool.send(wire.readdir(pool.next(), node, handle, offset, size));
    assertEquals(answer.result, "ok");
    assert(answer.body.length <= size);
    if (answer.names.length === 0) break;
    found.push(...answer.names);
  }
  pool.send(wire.releasedir(pool.next(), node, handle));
  return found;
}

for (const readdir of ["seq", "cosr", "cor"]) {
  Deno.test(`a directory with more names than a listing has room for is an error, not a short listing (${readdir})`, () => {
    with_pool({ branches: TWO, tree: ["0/d/a", "0/d/b", "1/d/c"], options: { "func.readdir": readdir } }, (pool) => {
      const { listing } = pool.context;
      const { node, handle } = opendir(pool, "d");
      const read = () => pool.send(wire.readdir(pool.next(), node, handle, 0, 4096));
      const former = listing.entries_max;
      listing.entries_max = 4;
      try {
        assertEquals([read().result, pool.open_descriptors()], ["EFBIG", []]);
        assertMatch(pool.log.join(), /^error: The directory "d" has more than 4 names, .* \(EFBIG\): move some/);
        listing.entries_max = 5;
        assertEquals(read().names.length, 5);
      } finally {
        listing.entries_max = former;
      }
    });
  });
}

Deno.test("each name once: the first branch supplies type and inode, branches follow each other", () => {
  with_pool({ branches: TWO, tree: ["0/d/x", "1/d/x/", "1/d/y/", "0/d/z"] }, (pool) => {
    Deno.symlinkSync("x", pool.on(1, "d/l"));
    const names = read_all(pool, "d", 4096);
    assertEquals(names.map(({ offset }) => Number(offset)), names.map((_name, index) => index + 1));
    const types = Object.fromEntries(names.map(({ name, type }) => [name, type]));
    assertEquals(types, { ".": DT_DIR, "..": DT_DIR, x: DT_REG, z: DT_REG, y: DT_DIR, l: DT_LNK });
    assertEquals(names.slice(-2).map(({ name }) => name).sort(), ["l", "y"]);
    for (const name of ["x", "y", "z", "l"]) {
      const listed = names.find((entry) => entry.name === name)!;
      assertEquals(listed.ino, pool.lookup(`d/${name}`).attr.ino, name);
    }
  });
});

Deno.test("inode numbers of '.' and '..' are those of ordinary names (operations §28)", () => {
  with_pool({}, (pool) => {
    const names = read_all(pool, "", 4096);
    const ino = (name: string) => names.find((entry) => entry.name === name)!.ino;
    assertEquals([ino("."), ino("..")], [0xcca9689728a95629n, 0x83e2fb5c0393e84fn]);
  });
});

Deno.test("3000 names on two branches, 1000 on both: offsets and requests of operations §30.10", () => {
  with_pool({ branches: TWO, tree: ["0/d/", "1/d/"] }, (pool) => {
    for (let i = 0; i < 3000; i++) {
      const name = `name_of_28_bytes_number_${String(i).padStart(4, "0")}`;
      if (i < 2000) Deno.writeTextFileSync(pool.on(0, `d/${name}`), "");
      if (i >= 1000) Deno.writeTextFileSync(pool.on(1, `d/${name}`), "");
    }
    const names = read_all(pool, "d", 32 * 1024);
    assertEquals([names.length, new Set(names.map(({ name }) => name)).size], [3002, 3002]);
    assertEquals(names.at(-1)!.offset, 3002n);
    const { node, handle } = opendir(pool, "d");
    let offset = 0n;
    const starts = [];
    for (let i = 0; i < 3; i++) {
      starts.push(Number(offset));
      offset = pool.send(wire.readdir(pool.next(), node, handle, offset, 32 * 1024)).names.at(-1)!.offset;
    }
    assertEquals(starts[0], 0);
    // "." and ".." may stand anywhere in the listing of ext4, so the first ends may differ by one.
    assert(Math.abs(starts[1]! - 586) <= 1 && Math.abs(starts[2]! - 1171) <= 1, String(starts));
    assertEquals(pool.send(wire.readdir(pool.next(), node, handle, 3002, 4096)).body.length, 0);
    assertEquals(pool.send(wire.readdir(pool.next(), node, handle, 2n ** 63n, 4096)).body.length, 0);
  });
});

Deno.test("offsets stay good while the directory changes; offset 0 reads it anew", () => {
  with_pool({ tree: ["0/d/a", "0/d/b", "0/d/c"] }, (pool) => {
    const { node, handle } = opendir(pool, "d");
    const read = (offset: wire.U64) =>
      pool.send(wire.readdir(pool.next(), node, handle, offset, 4096)).names.map(({ name }) => name);
    const first = read(0);
    Deno.removeSync(pool.on(0, "d/a"));
    pool.make("0/d/new");
    assertEquals(read(2), first.slice(2));
    assertEquals(read(1), first.slice(1));
    assertEquals(read(0).filter((name) => !name.startsWith(".")).sort(), ["b", "c", "new"]);
  });
});

Deno.test("a first request in the middle reads the directory as well", () => {
  with_pool({ tree: ["0/d/a"] }, (pool) => {
    const { node, handle } = opendir(pool, "d");
    assertEquals(pool.send(wire.readdir(pool.next(), node, handle, 2, 4096)).names.length, 1);
  });
});

Deno.test("names that are not text come as they are", () => {
  with_pool({}, (pool) => {
    const name = Uint8Array.of(0xff, 0xfe, 0x0a, 0x5c);
    const made = pool.send(wire.mkdir(pool.next(), 1, name, 0o755));
    assertEquals(made.result, "ok");
    const names = read_all(pool, "", 4096).map((entry) => entry.name);
    assert(names.includes("\xff\xfe\n\\"));
    assertEquals(pool.send(wire.rmdir(pool.next(), 1, name)).result, "ok");
  });
});

Deno.test("a directory that is renamed stays readable, one that is removed is not", () => {
  with_pool({ tree: ["0/d/a", "0/e/"] }, (pool) => {
    const { node, handle } = opendir(pool, "d");
    assertEquals(rename(pool, "d", "n").result, "ok");
    assertEquals(pool.send(wire.readdir(pool.next(), node, handle, 0, 4096)).names.length, 3);
    const removed = opendir(pool, "e");
    assertEquals(rmdir(pool, "e").result, "ok");
    assertEquals(pool.send(wire.readdir(pool.next(), removed.node, removed.handle, 0, 4096)).result, "ESTALE");
    assertEquals(pool.send(wire.opendir(pool.next(), removed.node)).result, "ESTALE");
    assertEquals(pool.send(wire.getattr(pool.next(), removed.node)).result, "EBADF");
  });
});

Deno.test("branches that cannot be read count only when no other can", () => {
  with_pool({ branches: TWO, tree: ["0/d", "1/d/a"] }, (pool) => {
    pool.set("func.getattr", "newest");
    Deno.utimeSync(pool.on(1, "d"), 4_000_000_000, 4_000_000_000);
    assertEquals(read_all(pool, "d", 4096).length, 3);
    const { node, handle } = opendir(pool, "d");
    Deno.removeSync(pool.on(1, "d"), { recursive: true });
    assertEquals(pool.send(wire.readdir(pool.next(), node, handle, 0, 4096)).result, "ENOTDIR");
  });
});

Deno.test("a pool without any branch: one entry in the root that says so, attributes of a made-up root", () => {
  with_pool({ tree: ["0/d/"] }, (pool) => {
    const { node, handle } = opendir(pool, "d");
    Deno.renameSync(pool.branch(0), `${pool.directory}/away`);
    const names = read_all(pool, "", 4096);
    assertEquals(names.map(({ name, ino, type }) => [name, ino, type]), [
      ["error: no valid mergerfs branch found, check config", 0n, DT_UNKNOWN],
    ]);
    assertEquals(pool.send(wire.readdir(pool.next(), node, handle, 0, 4096)).result, "ENOENT");
    const { attr } = pool.send(wire.getattr(pool.next(), 1));
    assertEquals([attr.mode, attr.nlink, attr.ino, attr.uid, attr.size, attr.mtime], [0o40755, 2, 0n, 0, 0n, [0n, 0]]);
    assertEquals(attr.blksize, 512);
    assertEquals(pool.lookup(".mergerfs").attr.mode, 0o100664);
    assertEquals(pool.send(wire.mkdir(pool.next(), 1, "x", 0o755)).result, "ENOENT");
    Deno.renameSync(`${pool.directory}/away`, pool.branch(0));
  });
});

Deno.test("a root that no branch can read for another reason than not being there is an error", () => {
  with_pool({ branches: TWO }, (pool) => {
    const { node, handle } = opendir(pool, "");
    const listed = () => pool.send(wire.readdir(pool.next(), node, handle, 0, 4096));
    const openat: StandIn = (real, [, , flags]) => (Number(flags) & O_DIRECTORY) !== 0 ? fails_with(EIO) : real();
    with_stand_ins({ openat }, () => assertEquals(listed().result, "EIO"));
    assertEquals(listed().names.length, 2);
  });
});

Deno.test("READDIRPLUS: never more than was asked for", () => {
  const tree = Array.from({ length: 60 }, (_, at) => `0/d/name_${at}`);
  with_pool({ tree }, (pool) => {
    const { node, handle } = opendir(pool, "d");
    const answer = pool.send(wire.readdirplus(pool.next(), node, handle, 0, 1024));
    // "." and ".." take 128 + 32 bytes, the others 128 + 32 or 40.
    assertEquals([answer.result, answer.entries.length, answer.body.length <= 1024], ["ok", 6, true]);
  });
});

Deno.test("READDIRPLUS: attributes, and one look-up for every name but '.' and '..'", () => {
  with_pool({ branches: TWO, tree: ["0/d/a:12345", "1/d/a", "1/d/b/"] }, (pool) => {
    const { node, handle } = opendir(pool, "d");
    const { entries } = pool.send(wire.readdirplus(pool.next(), node, handle, 0, 4096));
    const by_name = Object.fromEntries(entries.map((entry) => [entry.name, entry]));
    assertEquals(Object.keys(by_name).sort(), [".", "..", "a", "b"]);
    assertEquals([by_name["."]!.entry!.node, by_name[".."]!.entry!.node], [0n, 0n]);
    for (const name of ["a", "b"]) {
      const { entry, ino } = by_name[name]!;
      assertEquals([pool.lookups(entry!.node), entry!.attr.ino, entry!.entry_s], [1, ino, 1n], name);
      assertEquals(pool.node(`d/${name}`), entry!.node);
    }
    assertEquals(by_name.a!.entry!.attr.size, 5n);
  });
});

Deno.test("READDIRPLUS: an entry that does not fit is not counted; one that is gone has node 0", () => {
  with_pool({ tree: ["0/d/a", "0/d/b", "0/d/c"] }, (pool) => {
    const { node, handle } = opendir(pool, "d");
    const { names } = pool.send(wire.readdir(pool.next(), node, handle, 0, 4096));
    const before = pool.context.nodes.count;
    // Room for two entries of 128 + 32 bytes and a bit.
    const { entries } = pool.send(wire.readdirplus(pool.next(), node, handle, 3, 400));
    const real = entries.filter(({ name }) => !name.startsWith("."));
    assertEquals([entries.length, pool.context.nodes.count - before], [2, real.length]);
    assertEquals(entries.map(({ name }) => name), names.slice(3).map(({ name }) => name));
    Deno.removeSync(pool.on(0, "d/b"));
    const again = pool.send(wire.readdirplus(pool.next(), node, handle, 2, 4096)).entries;
    for (const { name, entry } of again) assertEquals(entry!.node === 0n, name === "b" || name.startsWith("."), name);
  });
});

Deno.test("opendir tells the kernel to cache listings when cache.readdir says so", () => {
  with_pool({}, (pool) => {
    const flags = () => pool.send(wire.opendir(pool.next(), 1)).open().flags;
    assertEquals(flags(), 0);
    pool.set("cache.readdir", "true");
    assertEquals(flags(), 2 | 8);
  });
});

Deno.test("the listing's memory ends with the handle", () => {
  with_pool({ tree: ["0/d/a"] }, (pool) => {
    const { node, handle } = opendir(pool, "d");
    pool.send(wire.readdir(pool.next(), node, handle, 0, 4096));
    const fd = pool.context.handles.word(Number(handle & 0xffff_ffffn), F_FD);
    const inode = () => Deno.statSync(`/proc/self/fd/${fd}`).ino;
    const before = inode();
    // A rewound listing is another one; the former is closed.
    pool.send(wire.readdir(pool.next(), node, handle, 0, 4096));
    assertEquals(pool.send(wire.releasedir(pool.next(), node, handle)).result, "ok");
    let after: number | null = null;
    try {
      after = inode();
    } catch {
      // nothing has taken the number yet
    }
    assert(after !== before);
    assertEquals(pool.send(wire.releasedir(pool.next(), node, handle)).result, "EBADF");
  });
});

Deno.test("fsyncdir reaches the directory on every branch that has it; the first error counts, after all are tried", () => {
  with_pool({ branches: ["", "", "=RO", ""], tree: ["0/d/", "2/d/", "3/d/"] }, (pool) => {
    const { node, handle } = opendir(pool, "d");
    /** The calls made, and the answer, when the branches answer with these numbers. */
    const synced = (data_only: boolean, errors: readonly number[]) => {
      const calls: string[] = [];
      const stand_in = (name: string): StandIn => (real, [fd]) => {
        calls.push(`${name} ${path_of(fd).slice(pool.directory.length + 1)}`);
        const error = errors[calls.length - 1] ?? 0;
        return error === 0 ? real() : fails_with(error);
      };
      let result = "";
      with_stand_ins({ fsync: stand_in("fsync"), fdatasync: stand_in("fdatasync") }, () => {
        result = pool.send(wire.fsyncdir(pool.next(), node, handle, data_only)).result;
      });
      return [calls, result];
    };
    const all = (name: string) => ["b0", "b2", "b3"].map((branch) => `${name} ${branch}/d`);
    assertEquals(synced(false, []), [all("fsync"), "ok"]);
    assertEquals(synced(true, []), [all("fdatasync"), "ok"]);
    assertEquals(synced(false, [0, EIO, ENOSPC]), [all("fsync"), "EIO"]);
    // A branch whose file system cannot sync directories (squashfs, iso9660) has nothing to write either.
    assertEquals(synced(false, [EINVAL]), [all("fsync"), "ok"]);
    assertEquals(synced(false, [EINVAL, EIO]), [all("fsync"), "EIO"]);
    assertEquals(pool.send(wire.fsyncdir(pool.next(), node, 999)).result, "EBADF");
  });
});

root_test("a branch without permissions is read all the same, as root", () => {
  with_pool({ tree: ["0/d/a"] }, (pool) => {
    Deno.chmodSync(pool.on(0, "d"), 0);
    assertEquals(pool.list("d"), ["a"]);
  });
});

Deno.test("a listing does not wait behind a rename that waits for it", () => {
  with_pool({ tree: ["0/d/a"] }, (pool) => {
    const { node, handle } = opendir(pool, "d");
    const { listing } = pool.context;
    const claim = Number(node & 0xffff_ffffn) * NODE_WORDS + N_WANTED;
    // While the directory is read, another worker's rename of it loses its patience.
    const start = listing.start;
    listing.start = () => (pool.arena.nodes[claim] = 99, start.call(listing));
    const answer = pool.send(wire.readdirplus(pool.next(), node, handle, 0, 4096));
    listing.start = start;
    pool.arena.nodes[claim] = 0;
    assertEquals([answer.entries.length, pool.context.locks.waits], [3, 0]);
  });
});
