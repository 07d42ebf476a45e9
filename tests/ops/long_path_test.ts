// Paths that are as long as the kernel allows inside the pool, on branches whose own path makes them too long for one
// system call (departures D14).

import { assertEquals } from "@std/assert";
import { ENOSPC } from "../../src/base/errno.ts";
import { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } from "../../src/sys/file.ts";
import { must_run, Pool, with_pool } from "../support/handler.ts";
import { fails_with, type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const NEW = O_CREAT | O_EXCL | O_RDWR;
const NAME = "n".repeat(250);
const NOREPLACE = 1;
const EXCHANGE = 2;
const FS_IOC_GETFLAGS = 0x80086601;
const IOCTL_DIR = 16;

/** A pool on b1 below b0, at a path of some 900 bytes; removed by rm, which works its way down. */
function with_long_branch(use: (pool: Pool) => void): void {
  with_pool({ branches: [""] }, (pool) => {
    const branch = `${pool.branch(0)}/${["x", "y", "z"].map((letter) => letter.repeat(250)).join("/")}`;
    Deno.mkdirSync(branch, { recursive: true });
    pool.set("branches", `${branch}=RW`);
    pool.has_untold_paths = true;
    try {
      use(pool);
    } finally {
      pool.drain();
      must_run("rm", "-rf", pool.branch(0));
      Deno.mkdirSync(pool.branch(0));
    }
  });
}

/** Makes directories below the root until the path has 251 * depth - 1 bytes; returns the node of the last one. */
function dig(pool: Pool, depth: number): bigint {
  let node = 1n;
  for (let i = 0; i < depth; i++) {
    const answer = pool.send(wire.mkdir(pool.next(), node, NAME, 0o755));
    assertEquals(answer.result, "ok", `directory ${i}`);
    node = answer.entry().node;
  }
  return node;
}

Deno.test("every operation works at the longest path of the pool", () => {
  with_long_branch((pool) => {
    // 15 * 251 = 3765 bytes with the slash, so that names of 250 bytes fit below 4096.
    const node = dig(pool, 15);
    const ok = (message: Uint8Array) => {
      const answer = pool.send(message);
      assertEquals(answer.result, "ok", `opcode ${message[4]}`);
      return answer;
    };
    const next = () => pool.next();
    const made = ok(wire.create(next(), node, NAME, NEW, 0o100644));
    const file = made.entry().node;
    const { handle } = made.created;
    ok(wire.write(next(), file, handle, 0, new TextEncoder().encode("deep")));
    ok(wire.release(next(), file, handle));
    assertEquals(ok(wire.lookup(next(), node, NAME)).entry().attr.size, 4n);
    assertEquals(ok(wire.getattr(next(), file)).attr.size, 4n);
    ok(wire.statx(next(), file, 0, 0xfff));
    const opened = ok(wire.open(next(), file, O_RDONLY)).open().handle;
    assertEquals(ok(wire.read(next(), file, opened, 0, 10)).text, "deep");
    ok(wire.release(next(), file, opened));
    ok(wire.open(next(), file, O_RDWR));
    ok(wire.setattr(next(), file, { mode: 0o600, uid: Deno.uid()!, size: 2, mtime: { s: 5 } }));
    ok(wire.setxattr(next(), file, "user.a", "b"));
    assertEquals(ok(wire.getxattr(next(), file, "user.a", 10)).text, "b");
    assertEquals(ok(wire.listxattr(next(), file, 100)).text, "user.a\0");
    ok(wire.removexattr(next(), file, "user.a"));
    assertEquals(ok(wire.getxattr(next(), file, "user.mergerfs.relpath", 8192)).text.length, 15 * 251 + 250);
    ok(wire.access(next(), file, 4));
    ok(wire.symlink(next(), node, "link", "target"));
    const link = ok(wire.lookup(next(), node, "link")).entry().node;
    assertEquals(ok(wire.readlink(next(), link)).text, "target");
    ok(wire.mknod(next(), node, "pipe", 0o010644));
    ok(wire.mknod(next(), node, "file", 0o100644));
    ok(wire.link(next(), node, "other", file));
    ok(wire.rename(next(), node, "other", node, "renamed"));
    ok(wire.rename2(next(), node, "renamed", node, "again", 1));
    ok(wire.tmpfile(next(), node, O_RDWR, 0o600));
    ok(wire.statfs(next(), node));
    const directory = ok(wire.opendir(next(), node)).open().handle;
    const names = ok(wire.readdir(next(), node, directory, 0, 8192)).names.map(({ name }) => name);
    assertEquals(names.sort(), [".", "..", "again", "file", "link", NAME, "pipe"].sort());
    const { entries } = ok(wire.readdirplus(next(), node, directory, 0, 8192));
    assertEquals(entries.filter(({ entry }) => entry!.node !== 0n).length, 5);
    ok(wire.fsyncdir(next(), node, directory));
    ok(wire.unlink(next(), node, "pipe"));
    ok(wire.mkdir(next(), node, "empty", 0o755));
    ok(wire.rmdir(next(), node, "empty"));
  });
});

Deno.test("so do the operations on what is open, and those with options", () => {
  with_long_branch((pool) => {
    const node = dig(pool, 15);
    const next = () => pool.next();
    const ok = (message: Uint8Array) => {
      const answer = pool.send(message);
      assertEquals(answer.result, "ok", `opcode ${message[4]}`);
      return answer;
    };
    pool.set("link-cow", "true");
    pool.set("nfsopenhack", "all");
    pool.set("follow-symlinks", "all");
    const made = ok(wire.create(next(), node, NAME, NEW, 0o100666, 0o022));
    const [file, { handle }] = [made.entry().node, made.created];
    ok(wire.fallocate(next(), file, handle, 0, 0, 4));
    ok(wire.write(next(), file, handle, 0, new TextEncoder().encode("deep")));
    ok(wire.setattr(next(), file, { fh: handle, size: 4 }));
    ok(wire.getattr(next(), file, handle));
    ok(wire.fsync(next(), file, handle));
    ok(wire.flush(next(), file, handle));
    ok(wire.lseek(next(), file, ok(wire.open(next(), file, O_RDONLY)).open().handle, 0, 3));
    assertEquals(ok(wire.copy_file_range(next(), file, handle, 0, file, handle, 4, 4)).u32(0), 4);
    // Two names: the one that is opened for writing gets a file of its own.
    const other = ok(wire.link(next(), node, "other", file)).entry().node;
    assertEquals(ok(wire.getattr(next(), other)).attr.nlink, 2);
    ok(wire.open(next(), other, O_RDWR));
    assertEquals(ok(wire.lookup(next(), node, NAME)).entry().attr.nlink, 1);
    ok(wire.rename2(next(), node, "other", node, NAME, EXCHANGE));
    const nameless = ok(wire.tmpfile(next(), node, O_RDWR, 0o600, 0o022)).entry().node;
    ok(wire.link(next(), node, "named", nameless));
    ok(wire.symlink(next(), node, "link", "named"));
    assertEquals(ok(wire.lookup(next(), node, "link")).entry().attr.mode & 0o170000, 0o100000);
    ok(wire.setattr(next(), ok(wire.lookup(next(), node, "link")).entry().node, { size: 1 }));
    ok(wire.mkdir(next(), node, "directory", 0o777, 0o022));
    ok(wire.symlink(next(), node, "to", "directory"));
    ok(wire.rmdir(next(), node, "to"));
    const directory = ok(wire.opendir(next(), node)).open().handle;
    ok(wire.ioctl(next(), node, directory, FS_IOC_GETFLAGS, IOCTL_DIR, new Uint8Array(0), 8));
    ok(wire.releasedir(next(), node, directory));
    assertEquals(ok(wire.lookup(next(), node, ".")).entry().node, node);
    ok(wire.lookup(next(), node, ".."));
    ok(wire.unlink(next(), node, "named"));
    ok(wire.setattr(next(), nameless, { mode: 0o644, mtime: "now" }));
  });
});

/** Every request that names something, by directory and name; `file` is the node of a file, "f" its name in the root. */
const NAMING: Readonly<Record<string, (id: bigint, node: bigint, name: string, file: bigint) => Uint8Array>> = {
  lookup: wire.lookup,
  create: (id, node, name) => wire.create(id, node, name, NEW, 0o100644),
  mkdir: (id, node, name) => wire.mkdir(id, node, name, 0o755),
  "mknod of a file": (id, node, name) => wire.mknod(id, node, name, 0o100644),
  "mknod of a pipe": (id, node, name) => wire.mknod(id, node, name, 0o010644),
  symlink: (id, node, name) => wire.symlink(id, node, name, "target"),
  link: (id, node, name, file) => wire.link(id, node, name, file),
  "rename to": (id, node, name) => wire.rename(id, 1n, "f", node, name),
  "rename from": (id, node, name) => wire.rename(id, node, name, 1n, "f"),
  "rename2 to": (id, node, name) => wire.rename2(id, 1n, "f", node, name, NOREPLACE),
  exchange: (id, node, name) => wire.rename2(id, 1n, "f", node, name, EXCHANGE),
  unlink: wire.unlink,
  rmdir: wire.rmdir,
};

Deno.test("one byte more than a path may have is ENAMETOOLONG, also a name of 256 bytes, in every request with a name", () => {
  with_long_branch((pool) => {
    const node = dig(pool, 15);
    assertEquals(pool.send(wire.mknod(pool.next(), 1, "f", 0o100644)).result, "ok");
    const file = pool.node("f");
    // 3764 bytes, a slash, and the name: 4095 is the longest.
    const last = pool.send(wire.mkdir(pool.next(), node, "m".repeat(250), 0o755)).entry().node;
    const room = 4095 - (15 * 251 + 250) - 1;
    assertEquals(pool.send(wire.mkdir(pool.next(), last, "k".repeat(room), 0o755)).result, "ok");
    assertEquals(pool.send(wire.mkdir(pool.next(), 1, "k".repeat(255), 0o755)).result, "ok");
    for (const [call, request] of Object.entries(NAMING)) {
      assertEquals(pool.send(request(pool.next(), last, "k".repeat(room + 1), file)).result, "ENAMETOOLONG", call);
      assertEquals(pool.send(request(pool.next(), 1n, "k".repeat(256), file)).result, "ENAMETOOLONG", call);
    }
    assertEquals(pool.node("f"), file);
  });
});

Deno.test("what would have to cross to a long path becomes a symlink", () => {
  with_long_branch((pool) => {
    const node = dig(pool, 15);
    const other = `${pool.directory}/other`;
    Deno.mkdirSync(other);
    Deno.writeTextFileSync(`${other}/f`, "text");
    pool.set("branches", `+>${other}=RW`);
    pool.set("category.create", "epmfs");
    pool.set("link-exdev", "abs-base-symlink");
    pool.set("rename-exdev", "rel-symlink");
    const results = [
      pool.send(wire.link(pool.next(), node, "linked", pool.node("f"))).result,
      pool.send(wire.rename(pool.next(), 1, "f", node, "renamed")).result,
    ];
    const targets = ["linked", "renamed"].map((name) => {
      const { node: link } = pool.send(wire.lookup(pool.next(), node, name)).entry();
      return pool.send(wire.readlink(pool.next(), link)).text;
    });
    const moved = Deno.readTextFileSync(`${other}/.mergerfs_rename_exdev/f`);
    must_run("rm", "-rf", other);
    assertEquals(results, ["ok", "ok"]);
    assertEquals(targets, [`${other}/f`, `${"../".repeat(15)}.mergerfs_rename_exdev/f`]);
    assertEquals(moved, "text");
  });
});

Deno.test("a file at a long path is moved when its branch is full", () => {
  with_long_branch((pool) => {
    const node = dig(pool, 15);
    const made = pool.send(wire.create(pool.next(), node, NAME, NEW, 0o100644));
    const [file, { handle }] = [made.entry().node, made.created];
    const [fd] = pool.open_descriptors();
    const { ino } = Deno.statSync(`/proc/self/fd/${fd}`);
    const other = `${pool.directory}/${"o".repeat(200)}`;
    Deno.mkdirSync(other);
    pool.set("branches", `+>${other}=RW`);
    const is_full: StandIn = (real, [to]) =>
      Deno.statSync(`/proc/self/fd/${to}`).ino === ino ? fails_with(ENOSPC) : real();
    with_stand_ins({ pwrite: is_full }, () => {
      const answer = pool.send(wire.write(pool.next(), file, handle, 0, new TextEncoder().encode("moved")));
      assertEquals([answer.result, answer.u32(0)], ["ok", 5]);
    });
    assertEquals(pool.send(wire.read(pool.next(), file, handle, 0, 10)).text, "moved");
    const found = must_run("find", other, "-type", "f", "-printf", "%f %s\n");
    must_run("rm", "-rf", other);
    assertEquals(found, `${NAME} 5\n`);
  });
});

Deno.test("symlinkify leaves a file whose path is too long for a symlink", () => {
  with_long_branch((pool) => {
    pool.set("symlinkify", "true");
    pool.set("symlinkify-timeout", "-1");
    const room = 4095 - pool.option("branches").slice(0, -"=RW".length).length - 1;
    const depth = Math.ceil(room / 251) - 1;
    const node = dig(pool, depth);
    const longest = room - depth * 251;
    for (const [length, type, target] of [[longest, 0o120000, 4095], [longest + 1, 0o100000, 0]] as const) {
      assertEquals(pool.send(wire.mknod(pool.next(), node, "n".repeat(length), 0o100444)).result, "ok");
      const entry = pool.send(wire.lookup(pool.next(), node, "n".repeat(length))).entry();
      assertEquals(entry.attr.mode & 0o170000, type);
      const answer = pool.send(wire.readlink(pool.next(), entry.node));
      assertEquals([answer.result, answer.text.length], target > 0 ? ["ok", target] : ["EINVAL", 0]);
    }
  });
});

Deno.test("a long path is cloned to another branch", () => {
  with_long_branch((pool) => {
    const node = dig(pool, 15);
    const other = `${pool.directory}/${"o".repeat(200)}/${"p".repeat(200)}`;
    Deno.mkdirSync(other, { recursive: true });
    pool.set("branches", `+>${other}=RW`);
    pool.set("branches", pool.option("branches").replace("=RW:", "=NC:"));
    assertEquals(pool.send(wire.mkdir(pool.next(), node, "there", 0o755)).result, "ok");
    const found = must_run("find", other, "-name", "there");
    assertEquals(found.trim().length, other.length + 1 + 15 * 251 + "there".length);
    must_run("rm", "-rf", `${pool.directory}/${"o".repeat(200)}`);
  });
});
