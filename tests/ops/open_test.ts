// OPEN, READ, WRITE, FLUSH, RELEASE: one branch file per node, flags of the reply, privileges (operations §16, §17, §30.7,
// §30.8).

import { assert, assertEquals } from "@std/assert";
import { EBADF, EDQUOT } from "../../src/base/errno.ts";
import { close, O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from "../../src/sys/file.ts";
import { must_run, Pool, root_test, with_pool } from "../support/handler.ts";
import { create, unlink } from "../support/pool_calls.ts";
import { fails_with, type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const DIRECT_IO = 1;
const KEEP_CACHE = 2;
const NOFLUSH = 32;
const PARALLEL = 64;
const KILL_SUIDGID = 1;
const WRITE_KILL_SUIDGID = 4;
const RELEASE_FLUSH = 1;
const WRITEBACK_CACHE = 1 << 16;
const bytes = new TextEncoder();

type Options = Readonly<Record<string, string>>;

/** Options, and the flags of a read-only open and of the others (operations §30.8). */
const REPLY_FLAGS: readonly (readonly [Options, number, number])[] = [
  [{}, DIRECT_IO | NOFLUSH | PARALLEL, DIRECT_IO | PARALLEL],
  [{ "parallel-direct-writes": "false" }, DIRECT_IO | NOFLUSH, DIRECT_IO],
  [{ "cache.files": "partial" }, NOFLUSH, 0],
  [{ "cache.files": "full" }, KEEP_CACHE | NOFLUSH, KEEP_CACHE],
  [{ "flush-on-close": "always" }, DIRECT_IO | PARALLEL, DIRECT_IO | PARALLEL],
  [{ "flush-on-close": "never" }, DIRECT_IO | NOFLUSH | PARALLEL, DIRECT_IO | NOFLUSH | PARALLEL],
  [{ "cache.files": "per-process" }, DIRECT_IO | NOFLUSH | PARALLEL, DIRECT_IO | PARALLEL],
];

Deno.test("the flags of the reply follow the options at the time of the request", () => {
  for (const [options, read_only, others] of REPLY_FLAGS) {
    with_pool({ tree: ["0/f"], options }, (pool) => {
      const flags = (open_flags: number) => pool.send(wire.open(pool.next(), pool.node("f"), open_flags)).open().flags;
      const what = JSON.stringify(options);
      assertEquals([flags(O_RDONLY), flags(O_WRONLY), flags(O_RDWR)], [read_only, others, others], what);
      assertEquals(create(pool, "g", O_CREAT | O_EXCL | O_RDWR, 0o100644).created.flags, others, what);
    });
  }
});

Deno.test("per-process caching is for the named programs", () => {
  const name = Deno.readTextFileSync("/proc/self/comm").trim();
  const options = { "cache.files": "per-process", "cache.files.process-names": `other|${name}` };
  with_pool({ tree: ["0/f"], options }, (pool) => {
    const flags = (pid: number) =>
      pool.send(wire.from({ pid }, wire.open(pool.next(), pool.node("f"), O_RDWR))).open().flags;
    assertEquals([flags(Deno.pid), flags(0)], [0, DIRECT_IO | PARALLEL]);
  });
});

Deno.test("with the write-back cache the branch's file can be read and appends nowhere by itself", () => {
  const options = { "cache.writeback": "true" };
  with_pool({ tree: ["0/f:text"], options, outcome: { flags: WRITEBACK_CACHE } }, (pool) => {
    const handle = pool.open("f", O_WRONLY | O_APPEND);
    const node = pool.node("f");
    assertEquals(pool.send(wire.read(pool.next(), node, handle, 0, 10)).text, "text");
    pool.send(wire.write(pool.next(), node, handle, 0, bytes.encode("T")));
    assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "Text");
  });
});

Deno.test("reading: what is there, short at the end, nothing behind it; 64-bit offsets", () => {
  with_pool({ tree: ["0/f:0123456789"] }, (pool) => {
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
    const read = (offset: wire.U64, size: number) => pool.send(wire.read(pool.next(), node, handle, offset, size));
    assertEquals([read(0, 4).text, read(8, 4).text, read(10, 4).text], ["0123", "89", ""]);
    assertEquals([read(-1n, 4).result, read(2n ** 60n, 4).text], ["EINVAL", ""]);
    const far = 2 ** 33;
    assertEquals(pool.send(wire.write(pool.next(), node, handle, far, bytes.encode("x"))).u32(0), 1);
    assertEquals([read(far, 4).text, Deno.statSync(pool.on(0, "f")).size], ["x", far + 1]);
  });
});

Deno.test("a write that starts at another place of the buffer than the device's is the same", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
    const message = wire.write(pool.next(), node, handle, 0, bytes.encode("moved"));
    const { request } = pool.context;
    request.u8.set(message, 8192);
    pool.handler.handle_regions(8192, 8192 + 40, 8192 + 80, 8192 + message.length);
    assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "moved");
  });
});

Deno.test("a cached handle writes everything, a direct one what fits, at append the end counts", () => {
  for (const cache_files of ["off", "partial"]) {
    with_pool({ tree: ["0/f:ab"], options: { "cache.files": cache_files } }, (pool) => {
      const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR | O_APPEND)];
      assertEquals(pool.send(wire.write(pool.next(), node, handle, 0, bytes.encode("cd"))).u32(0), 2);
      assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "abcd");
      const reader = pool.open("f", O_RDONLY);
      assertEquals(pool.send(wire.write(pool.next(), node, reader, 0, bytes.encode("x"))).result, "EBADF");
    });
  }
});

Deno.test("all opens of a node read one branch's file, whatever the policy says by then", () => {
  with_pool({ branches: ["", ""], tree: ["0/f:first", "1/f:second"], options: { "func.open": "rand" } }, (pool) => {
    const node = pool.node("f");
    const handles = Array.from({ length: 9 }, () => pool.open("f", O_RDONLY));
    const texts = new Set(handles.map((fh) => pool.send(wire.read(pool.next(), node, fh, 0, 10)).text));
    assertEquals([texts.size, pool.open_descriptors().length], [1, 9]);
    const release = (fh: bigint) => pool.send(wire.release(pool.next(), node, fh)).result;
    // The first one stands for the node: its descriptor stays until the last one goes.
    assertEquals([release(handles[0]!), pool.open_descriptors().length], ["ok", 9]);
    for (const fh of handles.slice(1, 8)) assertEquals(release(fh), "ok");
    assertEquals([pool.open_descriptors().length, release(handles[8]!), pool.open_descriptors().length], [2, "ok", 0]);
    assertEquals(release(handles[8]!), "EBADF");
  });
});

Deno.test("an unlinked open file: everything by handle works, also with handle 0", () => {
  with_pool({ tree: ["0/f:text"] }, (pool) => {
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
    const second = pool.open("f", O_RDWR);
    assertEquals(unlink(pool, "f").result, "ok");
    for (const fh of [handle, 0n]) {
      assertEquals(pool.send(wire.read(pool.next(), node, fh, 0, 10)).text.slice(0, 4), "text");
      assertEquals(pool.send(wire.write(pool.next(), node, fh, 4, bytes.encode("!"))).result, "ok");
      assertEquals(pool.send(wire.fsync(pool.next(), node, fh)).result, "ok");
      assertEquals(pool.send(wire.fallocate(pool.next(), node, fh, 0, 0, 100)).result, "ok");
      assertEquals(pool.send(wire.flush(pool.next(), node, fh)).result, "ok");
    }
    assertEquals(pool.send(wire.getattr(pool.next(), node)).attr.nlink, 0);
    pool.make("0/f:new");
    assertEquals(pool.send(wire.release(pool.next(), node, handle)).result, "ok");
    assertEquals(pool.send(wire.read(pool.next(), node, second, 0, 4)).text, "text");
    pool.send(wire.release(pool.next(), node, second));
    assertEquals(pool.send(wire.read(pool.next(), node, 0, 0, 4)).result, "EBADF");
    assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "new");
  });
});

Deno.test("open fails as the branch does, and nothing stays open", () => {
  with_pool({ tree: ["0/f", "0/d/"] }, (pool) => {
    const node = pool.node("f");
    pool.open("f", O_RDONLY);
    assertEquals(pool.send(wire.open(pool.next(), pool.node("d"), O_RDWR)).result, "EISDIR");
    assertEquals(pool.send(wire.open(pool.next(), node, O_RDONLY)).result, "ok");
    assertEquals(pool.send(wire.open(pool.next(), 99, O_RDONLY)).result, "ESTALE");
  });
});

Deno.test("O_TRUNC of an open cuts, with a first open and with a further one", () => {
  with_pool({ tree: ["0/f:text"] }, (pool) => {
    pool.open("f", O_WRONLY | O_TRUNC);
    assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "");
    Deno.writeTextFileSync(pool.on(0, "f"), "again");
    pool.open("f", O_RDWR | O_TRUNC);
    assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "");
  });
});

root_test("a program that runs cannot be written", () => {
  with_pool({}, (pool) => {
    const program = pool.on(0, "sleep");
    Deno.copyFileSync("/bin/sleep", program);
    Deno.chmodSync(program, 0o755);
    const script = '"$1" 100 >/dev/null 2>&1 & until [ "$(readlink /proc/$!/exe)" = "$1" ]; do :; done; echo $!';
    const pid = Number(must_run("bash", "-c", script, "start", program));
    const answer = pool.send(wire.open(pool.next(), pool.node("sleep"), O_RDWR));
    Deno.kill(pid, "SIGKILL");
    assertEquals(answer.result, "ETXTBSY");
  });
});

function mode_of(pool: Pool, name: string): number {
  return Deno.statSync(pool.on(0, name)).mode! & 0o7777;
}

root_test("writing takes set-uid, set-gid and capabilities when the kernel says so (operations F4)", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const prepare = () => {
      Deno.chmodSync(pool.on(0, "f"), 0o6755);
      must_run("setcap", "cap_net_raw+ep", pool.on(0, "f"));
    };
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
    const write = (flags: number) => pool.send(wire.write(pool.next(), node, handle, 0, bytes.encode("x"), flags));
    prepare();
    assertEquals([write(0).result, mode_of(pool, "f")], ["ok", 0o6755]);
    assertEquals([write(WRITE_KILL_SUIDGID).result, mode_of(pool, "f")], ["ok", 0o755]);
    assertEquals(must_run("getcap", pool.on(0, "f")), "");
    prepare();
    pool.send(wire.open(pool.next(), node, O_RDWR | O_TRUNC, KILL_SUIDGID));
    assertEquals([mode_of(pool, "f"), must_run("getcap", pool.on(0, "f"))], [0o755, ""]);
  });
});

Deno.test("with nullrw reads are zeroes and writes go nowhere", () => {
  with_pool({ tree: ["0/f:text"], options: { nullrw: "true" } }, (pool) => {
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
    // What an earlier reply left in the buffer must not show.
    pool.send(wire.getxattr(pool.next(), node, "user.mergerfs.fullpath", 4096));
    const answer = pool.send(wire.read(pool.next(), node, handle, 0, 100));
    assertEquals([answer.body.length, answer.body.every((byte) => byte === 0)], [100, true]);
    Deno.chmodSync(pool.on(0, "f"), 0o4755);
    const write = wire.write(pool.next(), node, handle, 0, bytes.encode("xyz"), WRITE_KILL_SUIDGID);
    assertEquals(pool.send(write).u32(0), 3);
    assertEquals([Deno.readTextFileSync(pool.on(0, "f")), mode_of(pool, "f")], ["text", 0o4755]);
  });
});

Deno.test("release flushes when it is asked to, drops caches as the option says, and frees the handle whatever comes", () => {
  for (const dropping of [false, true]) {
    with_pool({ tree: ["0/f"], options: { dropcacheonclose: String(dropping) } }, (pool) => {
      const node = pool.node("f");
      const calls: string[] = [];
      const noted = (name: string): StandIn => (real) => (calls.push(name), real());
      const released = (flags: number) => pool.send(wire.release(pool.next(), node, pool.open("f", O_RDWR), 0, flags));
      with_stand_ins({ dup: noted("dup"), posix_fadvise: noted("fadvise") }, () => {
        assertEquals([released(0).result, released(RELEASE_FLUSH).result], ["ok", "ok"]);
      });
      const dropped = dropping ? ["fadvise", "fadvise"] : [];
      assertEquals(calls, [...dropped, "dup", ...dropped]);
      with_stand_ins({ dup: () => fails_with(EBADF) }, () => assertEquals(released(RELEASE_FLUSH).result, "EIO"));
      assertEquals(pool.open_descriptors(), []);
    });
  }
});

Deno.test("flush gives what closing a duplicate gives; EIO when there can be none", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
    const flushed = () => pool.send(wire.flush(pool.next(), node, handle)).result;
    assertEquals(flushed(), "ok");
    with_stand_ins({ dup: () => fails_with(EBADF) }, () => assertEquals(flushed(), "EIO"));
    const close_fails: StandIn = (real) => real() === 0 ? fails_with(EDQUOT) : -1;
    with_stand_ins({ close: close_fails }, () => assertEquals(flushed(), "EDQUOT"));
    assertEquals(pool.open_descriptors().length, 1);
  });
});

Deno.test("a handle of another time or kind is none", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
    const directory = pool.send(wire.opendir(pool.next(), 1)).open().handle;
    for (const wrong of [handle + (1n << 32n), directory, 12345n, 2n ** 64n - 1n]) {
      assertEquals(pool.send(wire.read(pool.next(), node, wrong, 0, 1)).result, "EBADF");
      assertEquals(pool.send(wire.write(pool.next(), node, wrong, 0, bytes.encode("x"))).result, "EBADF");
      assertEquals(pool.send(wire.getattr(pool.next(), node, wrong)).result, "EBADF");
      assertEquals(pool.send(wire.flush(pool.next(), node, wrong)).result, "EBADF");
    }
    assertEquals(pool.send(wire.readdir(pool.next(), 1, handle, 0, 4096)).result, "EBADF");
    assertEquals(pool.send(wire.releasedir(pool.next(), 1, handle)).result, "EBADF");
  });
});

Deno.test("the control file opens only where a branch really has one", () => {
  with_pool({}, (pool) => {
    const node = pool.node(".mergerfs");
    assertEquals(pool.send(wire.open(pool.next(), node, O_RDONLY)).result, "ENOENT");
    pool.make("0/.mergerfs:real");
    assert(pool.open(".mergerfs", O_RDONLY) > 0n);
  });
});

Deno.test("attributes of a handle: inode of branch and path at the time of open, in every mode", () => {
  for (const inodecalc of ["passthrough", "path-hash", "path-hash32", "devino-hash", "devino-hash32", "hybrid-hash"]) {
    with_pool({ branches: ["", ""], tree: ["1/d/f"], options: { inodecalc } }, (pool) => {
      const handle = pool.open("d/f", O_RDONLY);
      const { node, attr } = pool.lookup("d/f");
      assertEquals(pool.send(wire.getattr(pool.next(), node, handle)).attr.ino, attr.ino, inodecalc);
      assertEquals(pool.send(wire.getattr(pool.next(), node)).attr.ino, attr.ino, inodecalc);
    });
  }
});

Deno.test("a change of inodecalc counts for open files as well", () => {
  with_pool({ tree: ["0/d/f"] }, (pool) => {
    const handle = pool.open("d/f", O_RDONLY);
    pool.set("inodecalc", "path-hash");
    const { node, attr } = pool.lookup("d/f");
    assertEquals(pool.send(wire.getattr(pool.next(), node, handle)).attr.ino, attr.ino);
  });
});

Deno.test("a branch that left the pool still serves what is open on it", () => {
  with_pool({ branches: ["", ""], tree: ["0/f:text", "1/g"] }, (pool) => {
    const { node, attr } = pool.lookup("f");
    const handle = pool.open("f", O_RDWR);
    pool.set("branches", `${pool.branch(1)}=RW`);
    assertEquals(pool.send(wire.read(pool.next(), node, handle, 0, 10)).text, "text");
    assertEquals(pool.send(wire.getattr(pool.next(), node, handle)).attr.ino, attr.ino);
    assertEquals(pool.send(wire.getattr(pool.next(), node)).result, "ENOENT");
  });
});

Deno.test("what stands for a node is kept open while a request without a handle uses it", () => {
  with_pool({ tree: ["0/f:text"] }, (pool) => {
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
    const { handles } = pool.context;
    const slot = Number(node & 0xffff_ffffn);
    // Another worker's request has pinned the node when the last RELEASE comes.
    const fd = handles.pin(slot);
    assertEquals(pool.send(wire.release(pool.next(), node, handle)).result, "ok");
    assertEquals(Deno.readTextFileSync(`/proc/self/fd/${fd}`), "text");
    assertEquals(pool.send(wire.read(pool.next(), node, 0, 0, 4)).text, "text");
    handles.unpin(slot);
    assertEquals([handles.closing_count, handles.closing[0]], [1, fd]);
    close(fd);
  });
});

Deno.test("a request with handle 0 pins its node for its time only", () => {
  with_pool({ tree: ["0/f:text"] }, (pool) => {
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
    let seen = 0;
    const { handles } = pool.context;
    const pin = handles.pin;
    handles.pin = (slot) => (seen++, pin.call(handles, slot));
    pool.send(wire.read(pool.next(), node, 0, 0, 4));
    pool.send(wire.copy_file_range(pool.next(), node, 0, 0, node, 0, 100, 4));
    handles.pin = pin;
    assertEquals([seen, pool.context.pinned_count], [3, 0]);
    pool.send(wire.release(pool.next(), node, handle));
    assertEquals(pool.open_descriptors(), []);
  });
});
