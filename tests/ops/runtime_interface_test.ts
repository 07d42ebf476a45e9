// The control file: reading, listing and changing options while the pool is mounted (config §7, errno table §10.3).

import { assert, assertEquals } from "@std/assert";
import { LISTED_OPTIONS, OWN_OPTIONS } from "../../src/config/options.ts";
import { Pool, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";

const CREATE = 1;
const REPLACE = 2;

function get(pool: Pool, key: string, size?: number) {
  return calls.getxattr(pool, ".mergerfs", `user.mergerfs.${key}`, size);
}

function set(pool: Pool, key: string, value: string, flags = 0): string {
  return calls.setxattr(pool, ".mergerfs", `user.mergerfs.${key}`, value, flags).result;
}

Deno.test("every listed key can be read; the list has them in their order, ours last", () => {
  with_pool({}, (pool) => {
    const expected = [
      ...LISTED_OPTIONS.map(({ name }) => `user.mergerfs.${name}\0`),
      ...OWN_OPTIONS.map(({ name }) => `user.mergerfs-ts.${name}\0`),
    ].join("");
    assertEquals(calls.listxattr(pool, ".mergerfs").text, expected);
    assertEquals(calls.listxattr(pool, ".mergerfs", 0).u32(0), expected.length);
    assertEquals(calls.listxattr(pool, ".mergerfs", expected.length - 1).result, "ERANGE");
    for (const name of expected.split("\0").slice(0, -1)) {
      assertEquals(calls.getxattr(pool, ".mergerfs", name).result, "ok", name);
    }
  });
});

Deno.test("reading: sizes, both spellings, what is no key", () => {
  with_pool({ options: { "cache.attr": "12", fsname: "" } }, (pool) => {
    assertEquals([get(pool, "cache.attr").text, get(pool, "cache.attr", 0).u32(0)], ["12", 2]);
    assertEquals([get(pool, "cache.attr", 1).result, get(pool, "cache.attr", 2).text], ["ERANGE", "12"]);
    assertEquals([get(pool, "async_read").text, get(pool, "async-read").text], ["true", "true"]);
    assertEquals([get(pool, "fsname").result, get(pool, "fsname").body.length], ["ok", 0]);
    for (const key of ["", "unknown", "cmd.gc", "basepath", "allpaths"]) {
      assertEquals(get(pool, key).result, "ENODATA", key);
    }
    for (const name of ["user.other", "security.capability", "system.posix_acl_access", "user.mergerfs"]) {
      assertEquals(calls.getxattr(pool, ".mergerfs", name).result, "ENODATA", name);
    }
    assertEquals(calls.getxattr(pool, ".mergerfs", "user.mergerfs-ts.readdirplus").text, "auto");
    assertEquals(get(pool, "readdirplus").result, "ENODATA");
  });
});

Deno.test("writing: the order of checks", () => {
  with_pool({}, (pool) => {
    assertEquals([set(pool, "cache.attr", "5"), get(pool, "cache.attr").text], ["ok", "5"]);
    assertEquals([set(pool, "cache.attr", "6", REPLACE), pool.lookup(".mergerfs").attr_s], ["ok", 6n]);
    assertEquals(set(pool, "cache_attr", "5"), "ENODATA");
    assertEquals(set(pool, "flush_on_close", "never"), "ENODATA");
    assertEquals(set(pool, "cache.attr", "5", CREATE), "EEXIST");
    assertEquals([set(pool, "async-read", "false", CREATE), set(pool, "async-read", "false")], ["EEXIST", "EROFS"]);
    assertEquals([set(pool, "version", "9"), set(pool, "pid", "9")], ["EROFS", "EROFS"]);
    assertEquals([set(pool, "cache.attr", "many"), set(pool, "func.create", "mfz")], ["EINVAL", "EINVAL"]);
    assertEquals(set(pool, "minfreespace", "99999999999T"), "EOVERFLOW");
    assertEquals([set(pool, "unknown", "x"), set(pool, "cmd.unknown", "x")], ["ENODATA", "ENODATA"]);
    assertEquals(calls.setxattr(pool, ".mergerfs", "user.other", "x").result, "ENODATA");
    assertEquals(calls.removexattr(pool, ".mergerfs", "user.mergerfs.cache.attr").result, "ENODATA");
    assertEquals(get(pool, "cache.attr").text, "6");
  });
});

Deno.test("branches change for the next request, bad ones change nothing", () => {
  with_pool({ branches: ["", ""], tree: ["0/f", "1/g"] }, (pool) => {
    assertEquals([pool.has("f"), pool.has("g")], [true, true]);
    assertEquals(set(pool, "branches", `-${pool.branch(0)}`), "ok");
    assertEquals([pool.has("f"), pool.has("g")], [false, true]);
    assertEquals(get(pool, "branches").text, `${pool.branch(1)}=RW`);
    assertEquals(set(pool, "branches", `+<${pool.branch(0)}=RO`), "ok");
    assertEquals(get(pool, "branches").text, `${pool.branch(0)}=RO:${pool.branch(1)}=RW`);
    assertEquals(set(pool, "branches", `+>${pool.branch(0)}=XX`), "EINVAL");
    assertEquals([set(pool, "branches", "-<"), set(pool, "branches", "->"), set(pool, "branches", "-<")], [
      "ok",
      "ok",
      "ENOENT",
    ]);
  });
});

Deno.test("a policy changes for the next request", () => {
  with_pool({ branches: ["", ""] }, (pool) => {
    calls.mkdir(pool, "a", 0o755);
    assertEquals(set(pool, "category.create", "all"), "ok");
    calls.mkdir(pool, "b", 0o755);
    assertEquals(pool.tree(), ["0/a/", "0/b/", "1/b/"]);
    assertEquals([get(pool, "category.create").text, get(pool, "func.mkdir").text], ["all", "all"]);
  });
});

Deno.test("commands: gc does nothing, invalidate-all-nodes makes the kernel look all names up again", () => {
  with_pool({ tree: ["0/d/f", "0/g"] }, (pool) => {
    assertEquals([set(pool, "cmd.gc", ""), set(pool, "cmd.gc1", "", CREATE)], ["ok", "ok"]);
    pool.node("d/f");
    pool.node("g");
    assertEquals(set(pool, "cmd.invalidate-all-nodes", ""), "ok");
    assert(pool.context.notices.all_names);
    assertEquals(set(pool, "cmd.invalidate_all_nodes", ""), "ENODATA");
  });
});

Deno.test("config: the lines of a file are set at runtime; those that can stay, and one that cannot is EINVAL", () => {
  with_pool({}, (pool) => {
    const file = `${pool.directory}/options`;
    Deno.writeTextFileSync(file, "cache.attr=33\n# a comment\ncache.entry=44\n");
    assertEquals([set(pool, "config", file), get(pool, "cache.entry").text], ["ok", "44"]);
    Deno.writeTextFileSync(file, "cache.attr=55\nasync-read=false\ncache.entry=66\n");
    assertEquals([set(pool, "config", ""), get(pool, "cache.attr").text, get(pool, "cache.entry").text], [
      "EINVAL",
      "55",
      "66",
    ]);
    assertEquals(set(pool, "config", `${pool.directory}/missing`), "ENOENT");
    assertEquals(get(pool, "config").text, file);
  });
});

Deno.test("log.file that cannot be opened is refused and the old one stays", () => {
  with_pool({}, (pool) => {
    assertEquals(set(pool, "log.file", `${pool.directory}/none/x`), "ENOENT");
    assertEquals(get(pool, "log.file").text, "");
  });
});
