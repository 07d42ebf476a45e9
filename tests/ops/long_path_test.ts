// Paths that are as long as the kernel allows inside the pool, on branches whose own path makes them too long for one
// system call (departures D14).

import { assertEquals } from "@std/assert";
import { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } from "../../src/sys/file.ts";
import { must_run, Pool, with_pool } from "../support/handler.ts";
import * as wire from "../support/wire.ts";

const NEW = O_CREAT | O_EXCL | O_RDWR;
const NAME = "n".repeat(250);

/** A pool on b1 below b0, at a path of some 900 bytes; removed by rm, which works its way down. */
function with_long_branch(use: (pool: Pool) => void): void {
  with_pool({ branches: [""] }, (pool) => {
    const branch = `${pool.branch(0)}/${["x", "y", "z"].map((letter) => letter.repeat(250)).join("/")}`;
    Deno.mkdirSync(branch, { recursive: true });
    pool.set("branches", `${branch}=RW`);
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

Deno.test("one byte more than a path may have is ENAMETOOLONG, also a name of 256 bytes", () => {
  with_long_branch((pool) => {
    const node = dig(pool, 15);
    // 3764 bytes, a slash, and the name: 4095 is the longest.
    const last = pool.send(wire.mkdir(pool.next(), node, "m".repeat(250), 0o755)).entry().node;
    const room = 4095 - (15 * 251 + 250) - 1;
    assertEquals(pool.send(wire.mkdir(pool.next(), last, "k".repeat(room), 0o755)).result, "ok");
    assertEquals(pool.send(wire.mkdir(pool.next(), last, "k".repeat(room + 1), 0o755)).result, "ENAMETOOLONG");
    assertEquals(pool.send(wire.lookup(pool.next(), last, "k".repeat(room + 1))).result, "ENAMETOOLONG");
    assertEquals(pool.send(wire.lookup(pool.next(), 1, "k".repeat(256))).result, "ENAMETOOLONG");
    assertEquals(pool.send(wire.mkdir(pool.next(), 1, "k".repeat(256), 0o755)).result, "ENAMETOOLONG");
    assertEquals(pool.send(wire.rename(pool.next(), 1, NAME, 1, "k".repeat(256))).result, "ENAMETOOLONG");
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
