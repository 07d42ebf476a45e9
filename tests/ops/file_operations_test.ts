// FSYNC, FALLOCATE, LSEEK, COPY_FILE_RANGE, IOCTL, and what is answered "not implemented" (operations §18, §22; D13).

import { assertEquals } from "@std/assert";
import { EIO, ENOSPC } from "../../src/base/errno.ts";
import { O_RDONLY, O_RDWR, O_WRONLY, SEEK_DATA, SEEK_HOLE } from "../../src/sys/file.ts";
import { DEFAULT_OUTCOME, Pool, root_test, with_pool } from "../support/handler.ts";
import { fails_with, path_of, type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const FS_IOC_GETFLAGS = 0x80086601;
const FS_IOC_SETFLAGS = 0x40086602;
const FS_IOC_SETVERSION = 0x40087602;
const FS_IOC_GETVERSION = 0x80087601;
const FS_IOC_FSGETXATTR = 0x801c581f;
const FS_IOC_GETFSMAP = 0xc0c0583b;
const FICLONE = 0x40049409;
const FITRIM = 0xc0185879;
const NODUMP = 0x40;
const IOCTL_UNRESTRICTED = 2;
const IOCTL_DIR = 16;
const PUNCH_HOLE_KEEP_SIZE = 3;

function with_file(text: string, use: (pool: Pool, node: bigint, handle: bigint) => void): void {
  with_pool({ tree: [`0/f:${text}`] }, (pool) => use(pool, pool.node("f"), pool.open("f", O_RDWR)));
}

Deno.test("fsync and fdatasync", () => {
  with_file("x", (pool, node, handle) => {
    for (const data_only of [false, true]) {
      assertEquals(pool.send(wire.fsync(pool.next(), node, handle, data_only)).result, "ok");
    }
  });
});

Deno.test("fallocate: extends, punches, refuses what the branch refuses", () => {
  with_file("0123456789", (pool, node, handle) => {
    const fallocate = (mode: number, offset: wire.U64, length: wire.U64) =>
      pool.send(wire.fallocate(pool.next(), node, handle, mode, offset, length)).result;
    assertEquals([fallocate(0, 0, 100), Deno.statSync(pool.on(0, "f")).size], ["ok", 100]);
    assertEquals([fallocate(PUNCH_HOLE_KEEP_SIZE, 0, 5), Deno.readTextFileSync(pool.on(0, "f")).slice(0, 7)], [
      "ok",
      "\0\0\0\0\x0056",
    ]);
    assertEquals([fallocate(0, 0, 0), fallocate(0, -1n, 5), fallocate(0x4000_0000, 0, 1)], [
      "EINVAL",
      "EINVAL",
      "EOPNOTSUPP",
    ]);
    assertEquals(fallocate(0, 2n ** 62n, 2n ** 62n), "EFBIG");
  });
});

Deno.test("fallocate and copy_file_range take set-id bits away, as far as the kernel leaves that to us", () => {
  for (const [flags, left] of [[DEFAULT_OUTCOME.flags, 0o777], [0, 0o6777]] as const) {
    with_pool({ tree: ["0/f:0123456789"], outcome: { flags } }, (pool) => {
      const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
      const mode_after = (message: () => Uint8Array) => {
        Deno.chmodSync(pool.on(0, "f"), 0o6777);
        return [pool.send(message()).result, Deno.statSync(pool.on(0, "f")).mode! & 0o7777];
      };
      assertEquals(mode_after(() => wire.fallocate(pool.next(), node, handle, 0, 0, 20)), ["ok", left]);
      assertEquals(mode_after(() => wire.copy_file_range(pool.next(), node, handle, 0, node, handle, 5, 4)), [
        "ok",
        left,
      ]);
    });
  }
});

Deno.test("lseek finds data and holes of a file that nobody can have mapped for writing", () => {
  with_pool({ tree: ["0/f:"] }, (pool) => {
    Deno.truncateSync(pool.on(0, "f"), 1 << 20);
    const writing = pool.open("f", O_WRONLY);
    pool.send(wire.write(pool.next(), pool.node("f"), writing, 512 * 1024, Uint8Array.of(1)));
    const handle = pool.open("f", O_RDONLY);
    const lseek = (offset: wire.U64, whence: number) =>
      pool.send(wire.lseek(pool.next(), pool.node("f"), handle, offset, whence));
    assertEquals(lseek(0, SEEK_DATA).u64(0), 512n * 1024n);
    assertEquals(lseek(0, SEEK_HOLE).u64(0), 0n);
    assertEquals([lseek(1 << 20, SEEK_DATA).result, lseek(2 ** 50, SEEK_HOLE).result], ["ENXIO", "ENXIO"]);
    // While it is open for both, a mapping may hold what the branch does not have yet.
    const both = pool.open("f", O_RDWR);
    assertEquals([lseek(5, SEEK_DATA).u64(0), lseek(5, SEEK_HOLE).u64(0)], [5n, 1n << 20n]);
    for (const whence of [SEEK_DATA, SEEK_HOLE]) {
      assertEquals([lseek(1 << 20, whence).result, lseek(-1n, whence).result], ["ENXIO", "ENXIO"]);
    }
    pool.send(wire.release(pool.next(), pool.node("f"), both));
    assertEquals(lseek(0, SEEK_DATA).u64(0), 512n * 1024n);
  });
});

Deno.test("with the write-back cache lseek is the kernel's", () => {
  with_pool({ tree: ["0/f:x"], options: { "cache.writeback": "true" } }, (pool) => {
    const handle = pool.open("f", O_RDONLY);
    assertEquals(pool.send(wire.lseek(pool.next(), pool.node("f"), handle, 0, SEEK_DATA)).result, "ENOSYS");
  });
});

Deno.test("copy_file_range between two files and inside one", () => {
  with_file("0123456789", (pool, node, handle) => {
    pool.make("0/g:abc");
    const [to_node, to_handle] = [pool.node("g"), pool.open("g", O_RDWR)];
    const args = [node, handle, 2, to_node, to_handle, 3, 4] as const;
    assertEquals(pool.send(wire.copy_file_range(pool.next(), ...args)).u32(0), 4);
    assertEquals(Deno.readTextFileSync(pool.on(0, "g")), "abc2345");
    const more = [node, handle, 0, to_node, to_handle, 0, 2n ** 40n] as const;
    assertEquals(pool.send(wire.copy_file_range_64(pool.next(), ...more)).u64(0), 10n);
    const overlapping = [node, handle, 0, node, handle, 1, 5] as const;
    assertEquals(pool.send(wire.copy_file_range(pool.next(), ...overlapping)).result, "EINVAL");
    const wrong = [node, handle, 0, to_node, 999, 0, 5] as const;
    assertEquals(pool.send(wire.copy_file_range(pool.next(), ...wrong)).result, "EBADF");
  });
});

// With what is set already: ext4 takes a missing EXTENTS flag as the wish to convert the file.
function flags_and_nodump(pool: Pool, node: bigint, handle: bigint): Uint8Array {
  const got = pool.send(wire.ioctl(pool.next(), node, handle, FS_IOC_GETFLAGS, 0, new Uint8Array(0), 8));
  return wire.pack("II", got.u32(16) | NODUMP, 0);
}

root_test("ioctl: flags of files and directories, four bytes come back", () => {
  with_file("x", (pool, node, handle) => {
    const set = pool.send(
      wire.ioctl(pool.next(), node, handle, FS_IOC_SETFLAGS, 0, flags_and_nodump(pool, node, handle)),
    );
    assertEquals([set.result, set.u32(0)], ["ok", 0]);
    const got = pool.send(wire.ioctl(pool.next(), node, handle, FS_IOC_GETFLAGS, 0, new Uint8Array(0), 8));
    assertEquals([got.body.length, got.u32(16) & NODUMP], [20, NODUMP]);
    const directory = pool.send(wire.opendir(pool.next(), 1)).open().handle;
    const request = wire.ioctl(pool.next(), 1, directory, FS_IOC_GETFLAGS, IOCTL_DIR, new Uint8Array(0), 8);
    assertEquals(pool.send(request).result, "ok");
    const version = pool.send(wire.ioctl(pool.next(), node, handle, FS_IOC_GETVERSION, 0, new Uint8Array(0), 8));
    assertEquals([version.result, version.body.length], ["ok", 20]);
    const extended = pool.send(wire.ioctl(pool.next(), node, handle, FS_IOC_FSGETXATTR, 0, new Uint8Array(0), 28));
    assertEquals([extended.result, extended.body.length], ["ok", 16 + 28]);
  });
});

root_test("ioctl: what the kernel has not checked is root's", () => {
  const commands: readonly (readonly [number, number, number, string])[] = [
    [FS_IOC_SETFLAGS, 34, 1000, "ok"],
    [FS_IOC_SETFLAGS, 33, 1000, "EPERM"],
    [FS_IOC_SETFLAGS, 33, 0, "ok"],
    [FS_IOC_SETVERSION, 45, 1000, "EPERM"],
    [FS_IOC_GETFLAGS, 33, 1000, "ok"],
  ];
  for (const [command, minor, uid, wanted] of commands) {
    with_pool({ tree: ["0/f:x"], outcome: { minor } }, (pool) => {
      const [node, handle] = [pool.node("f"), pool.open("f", O_RDONLY)];
      const message = wire.ioctl(pool.next(), node, handle, command, 0, flags_and_nodump(pool, node, handle));
      assertEquals(
        pool.send(wire.from({ uid, gid: uid }, message)).result,
        wanted,
        `${command.toString(16)} ${minor} ${uid}`,
      );
    });
  }
});

Deno.test("ioctl: what is refused before any branch is asked", () => {
  with_file("x", (pool, node, handle) => {
    const ioctl = (command: number, flags: number, data: Uint8Array, out: number) =>
      pool.send(wire.ioctl(pool.next(), node, handle, command, flags, data, out)).result;
    assertEquals(ioctl(FS_IOC_GETFLAGS, IOCTL_UNRESTRICTED, new Uint8Array(0), 8), "EPERM");
    assertEquals(ioctl(FS_IOC_GETFLAGS, 0, new Uint8Array(8), 4), "EINVAL");
    assertEquals(ioctl(FICLONE, 0, new Uint8Array(4), 0), "ENOTTY");
    assertEquals(ioctl(FS_IOC_GETFLAGS, 0, new Uint8Array(0), 100_000), "EINVAL");
  });
});

root_test(
  "ioctl: commands that write more than their size says, or that only root may use, do not reach a branch",
  () => {
    with_file("x", (pool, node, handle) => {
      // struct fsmap_head with room for 2^20 records: the filesystem would write them behind the buffer.
      const head = new Uint8Array(192);
      new DataView(head.buffer).setUint32(8, 1 << 20, true);
      new Uint8Array(head.buffer, 128, 64).fill(0xff);
      assertEquals(pool.send(wire.ioctl(pool.next(), node, handle, FS_IOC_GETFSMAP, 0, head, 192)).result, "ENOTTY");
      assertEquals(
        pool.send(wire.ioctl(pool.next(), node, handle, FITRIM, 0, new Uint8Array(24), 24)).result,
        "ENOTTY",
      );
    });
  },
);

Deno.test("syncfs writes every branch back; the first error counts, after all are tried", () => {
  with_pool({ branches: ["", "=RO", ""] }, (pool) => {
    const synced = (errors: readonly number[]) => {
      const calls: string[] = [];
      const syncfs: StandIn = (_real, [fd]) => {
        calls.push(path_of(fd).slice(pool.directory.length + 1));
        const error = errors[calls.length - 1] ?? 0;
        return error === 0 ? 0 : fails_with(error);
      };
      let result = "";
      with_stand_ins({ syncfs }, () => result = pool.send(wire.syncfs(pool.next(), 1)).result);
      return [calls, result];
    };
    assertEquals(synced([]), [["b0", "b1", "b2"], "ok"]);
    assertEquals(synced([0, EIO, ENOSPC]), [["b0", "b1", "b2"], "EIO"]);
  });
});

Deno.test("what is not implemented says ENOSYS; what has no reply has none", () => {
  with_file("x", (pool, node, handle) => {
    const unsupported = [
      wire.getlk(pool.next(), node, handle),
      wire.setlk(pool.next(), node, handle),
      wire.setlkw(pool.next(), node, handle),
      wire.bmap(pool.next(), node, 0, 4096),
      wire.poll(pool.next(), node, handle, 1),
      wire.setupmapping(pool.next(), node, handle, 0, 4096, 0, 0),
      wire.removemapping(pool.next(), node, []),
      wire.init(pool.next()),
      wire.message(4096, pool.next(), 1),
      wire.message(7, pool.next(), 1),
    ];
    for (const message of unsupported) assertEquals(pool.send(message).result, "ENOSYS");
    const silent = [wire.interrupt(pool.next(), 5), wire.notify_reply(pool.next(), node, 0, new Uint8Array(0))];
    for (const message of silent) assertEquals(pool.send(message).result, "none");
    assertEquals(pool.send(wire.destroy(pool.next())).result, "ok");
    assertEquals(pool.send(wire.syncfs(pool.next(), 1)).result, "ok");
  });
});

Deno.test("access asks the branch as the daemon, the control file is nothing special", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    Deno.chmodSync(pool.on(0, "f"), 0o644);
    const access = (path: string, mask: number) => pool.send(wire.access(pool.next(), pool.node(path), mask)).result;
    assertEquals([access("f", 4), access("f", 1), access("", 7)], ["ok", "EACCES", "ok"]);
    assertEquals(access(".mergerfs", 4), "ENOENT");
  });
});

Deno.test("handle 0 without any open is EBADF for every operation on files", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const node = pool.node("f");
    const requests = [
      wire.read(pool.next(), node, 0, 0, 10),
      wire.write(pool.next(), node, 0, 0, Uint8Array.of(1)),
      wire.flush(pool.next(), node, 0),
      wire.fsync(pool.next(), node, 0),
      wire.fallocate(pool.next(), node, 0, 0, 0, 10),
      wire.lseek(pool.next(), node, 0, 0, SEEK_DATA),
      wire.copy_file_range(pool.next(), node, 0, 0, node, 0, 0, 1),
      wire.ioctl(pool.next(), node, 0, FS_IOC_GETFLAGS, 0, new Uint8Array(0), 8),
      wire.release(pool.next(), node, 0),
    ];
    for (const request of requests) assertEquals(pool.send(request).result, "EBADF");
    pool.open("f", O_RDONLY);
    assertEquals(pool.send(wire.read(pool.next(), node, 0, 0, 10)).text, "0");
  });
});

Deno.test("numbers with their highest bit set are refused by the branch, not a bug of ours", () => {
  with_file("x", (pool, node, handle) => {
    const high = 0xffff_ffff;
    const results = [
      wire.access(pool.next(), node, high),
      wire.fallocate(pool.next(), node, handle, high, 0, 1),
      wire.lseek(pool.next(), node, handle, 0, high),
      wire.setxattr(pool.next(), node, "user.a", "x", high),
      wire.open(pool.next(), node, high),
      wire.mkdir(pool.next(), 1, "d", high, 0o022),
      wire.statx(pool.next(), node, 0, 0x8000_0000),
      wire.copy_file_range_64(pool.next(), node, handle, -1n, node, handle, 0, -1n),
    ].map((message) => pool.send(message).result);
    assertEquals(results.includes("EIO"), false, String(results));
    assertEquals(results.slice(0, 4), ["EINVAL", "EOPNOTSUPP", "EINVAL", "EINVAL"]);
    assertEquals(pool.tree(), ["0/d/", "0/f"]);
  });
});
