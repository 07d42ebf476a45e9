// The control file: reading, listing and changing options while the pool is mounted (config §7, errno table §10.3).

import { assert, assertEquals } from "@std/assert";
import { LISTED_OPTIONS, OPTIONS, OWN_OPTIONS } from "../../src/config/options.ts";
import { O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from "../../src/sys/file.ts";
import { Pool, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

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

Deno.test("every listed option: set to its own value, or refused as the table says; never created", () => {
  with_pool({}, (pool) => {
    for (const [prefix, options] of [["user.mergerfs.", LISTED_OPTIONS], ["user.mergerfs-ts.", OWN_OPTIONS]] as const) {
      for (const { name, change } of options) {
        const key = prefix + name;
        const before = calls.getxattr(pool, ".mergerfs", key).text;
        const set_to = (value: string, flags = 0) => calls.setxattr(pool, ".mergerfs", key, value, flags).result;
        assertEquals(set_to(before, CREATE), "EEXIST", key);
        // No config file was read, so there is none to read again.
        assertEquals(set_to(before), name === "config" ? "ENOENT" : change === "live" ? "ok" : "EROFS", key);
        assertEquals(set_to(before, REPLACE), set_to(before), key);
        assertEquals(calls.getxattr(pool, ".mergerfs", key).text, before, key);
      }
    }
  });
});

Deno.test("hidden keys: readable, settable where the table says so, in no list", () => {
  with_pool({ branches: ["", "=RO"] }, (pool) => {
    const branches = `${pool.branch(0)}:${pool.branch(1)}`;
    const cases: [key: string, value: string, set_to: string, result: string, then: string][] = [
      ...OPTIONS.filter((option) => option.kind.placeholder === "ANY").map(({ name }) =>
        [name, "", "anything", "ok", ""] as [string, string, string, string, string]
      ),
      ["uid", "-1", "7", "ok", "7"],
      ["gid", "-1", "0", "ok", "0"],
      ["umask", "-1", "22x", "EINVAL", "-1"],
      ["threads", "0", "3", "ok", "3"],
      ["mount", "", "/x", "EROFS", ""],
      ["noforget", "false", "true", "EROFS", "false"],
      ["remember", "false", "1", "EROFS", "false"],
      ["remember-nodes", "false", "1", "EROFS", "false"],
      ["srcmounts", branches, "/x", "EROFS", branches],
    ];
    assertEquals(cases.length, OPTIONS.filter((option) => option.is_hidden).length);
    for (const [key, value, set_to, result, then] of cases) {
      assertEquals([get(pool, key).text, set(pool, key, set_to), get(pool, key).text], [value, result, then], key);
      assertEquals(set(pool, key, set_to, CREATE), "EEXIST", key);
      assertEquals(get(pool, key.replaceAll("-", "_")).text, then, key);
    }
  });
});

Deno.test("our own keys have a prefix of their own, for reading and for writing", () => {
  with_pool({}, (pool) => {
    const own = (key: string) => calls.setxattr(pool, ".mergerfs", `user.mergerfs-ts.${key}`, "true").result;
    assertEquals([own("strict"), own("readdirplus"), own("cache.attr"), own("cmd.gc"), own("")], [
      "EROFS",
      "EROFS",
      "ENODATA",
      "ENODATA",
      "ENODATA",
    ]);
    assertEquals(set(pool, "strict", "true"), "ENODATA");
    assertEquals(calls.getxattr(pool, ".mergerfs", "user.mergerfs-ts.cache.attr").result, "ENODATA");
    assertEquals(calls.getxattr(pool, ".mergerfs", "user.mergerfs-ts.").result, "ENODATA");
  });
});

Deno.test("values are taken as they are, not trimmed", () => {
  with_pool({}, (pool) => {
    const cases: [key: string, value: string, result: string][] = [
      ["cache.attr", " 5", "EINVAL"],
      ["cache.attr", "5\n", "EINVAL"],
      ["cache.attr", "5\0", "EINVAL"],
      ["cache.attr", "", "EINVAL"],
      ["cache.attr", "1kB", "ok"],
      ["category.create", "mfs ", "EINVAL"],
      ["category.create", "MFS", "EINVAL"],
      ["debug", "True", "EINVAL"],
      ["cache.files.process-names", " b|a|a", "ok"],
    ];
    for (const [key, value, result] of cases) assertEquals(set(pool, key, value), result, `${key}=${value}`);
    assertEquals([get(pool, "cache.attr").text, get(pool, "cache.files.process-names").text], ["1024", " b|a"]);
  });
});

Deno.test("the control file as a file: what it takes, and what goes to the branches, where it is not", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const node = pool.node(".mergerfs");
    const results = [
      ...[O_RDONLY, O_WRONLY, O_RDWR | O_TRUNC].map((flags) => pool.send(wire.open(pool.next(), node, flags)).result),
      calls.unlink(pool, ".mergerfs").result,
      calls.rename(pool, ".mergerfs", "other").result,
      calls.link(pool, ".mergerfs", "other").result,
      ...[{ mode: 0o600 }, { uid: 1 }, { size: 0n }, { mtime: [1n, 0] as const }]
        .map((changes) => calls.setattr(pool, ".mergerfs", changes as wire.Changes).result),
    ];
    assertEquals([...new Set(results)], ["ENOENT"], results.join());
    assertEquals([pool.list(""), calls.statfs(pool, ".mergerfs").result], [["f"], "ok"]);
    pool.set("statfs", "full");
    assertEquals([...new Set(calls.statfs(pool, ".mergerfs").body)], [0]);
    assertEquals(pool.tree(), ["0/f"]);
  });
});

Deno.test("a name like the control file's, elsewhere or on a branch", () => {
  with_pool({ tree: ["0/.mergerfs:real", "0/d/.mergerfs:ordinary"] }, (pool) => {
    assertEquals(pool.list("").sort(), [".mergerfs", "d"]);
    assertEquals(get(pool, "cache.attr").text, "1");
    assertEquals(calls.getxattr(pool, "d/.mergerfs", "user.mergerfs.cache.attr").result, "ENODATA");
    assertEquals(calls.getxattr(pool, "d/.mergerfs", "user.mergerfs.relpath").text, "d/.mergerfs");
    assertEquals(calls.setxattr(pool, "d/.mergerfs", "user.mergerfs.cache.attr", "7").result, "ok");
    assertEquals([get(pool, "cache.attr").text, calls.listxattr(pool, "d/.mergerfs").text], [
      "1",
      "user.mergerfs.cache.attr\0",
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
    Deno.writeTextFileSync(file, "cache.attr=55\nasync-read=false\ncach.entry=1\ncache.entry=66\n");
    assertEquals([set(pool, "config", ""), get(pool, "cache.attr").text, get(pool, "cache.entry").text], [
      "EINVAL",
      "55",
      "66",
    ]);
    assertEquals(pool.log.map((line) => line.replace(/ \(.*:(\d+): .*\)$/, " at line $1")), [
      "error: read-only option - async-read=false at line 2",
      "error: unknown option - cach.entry=1 at line 3",
    ]);
    assertEquals(set(pool, "config", `${pool.directory}/missing`), "ENOENT");
    assertEquals(set(pool, "config", pool.directory), "ok", "a directory is an empty file");
    assertEquals(get(pool, "config").text, pool.directory);
  });
});

Deno.test("log.file: at once, from a config file too; one that cannot be opened is refused and the old one stays", () => {
  with_pool({}, (pool) => {
    const [first, second, file] = ["first", "second", "options"].map((name) => `${pool.directory}/${name}`);
    assertEquals([set(pool, "log.file", first!), Deno.readTextFileSync(first!)], ["ok", ""]);
    assertEquals([set(pool, "log.file", `${pool.directory}/none/x`), set(pool, "log.file", pool.directory)], [
      "ENOENT",
      "EISDIR",
    ]);
    assertEquals([get(pool, "log.file").text, set(pool, "debug", "true")], [first, "ok"]);
    pool.has("into_first");
    Deno.writeTextFileSync(file!, `log.file=${second}\n`);
    assertEquals(set(pool, "config", file!), "ok");
    pool.has("into_second");
    assertEquals([set(pool, "debug", "false"), set(pool, "log.file", "")], ["ok", "ok"]);
    const told = [first, second].map((path) => Deno.readTextFileSync(path!).match(/into_\w+/g));
    assertEquals(told, [["into_first"], ["into_second"]]);
  });
});

Deno.test("a refused value is explained in the log: what is wrong, and what is meant or allowed", () => {
  with_pool({ options: { "cache.attr": "3" } }, (pool) => {
    assertEquals(set(pool, "category.create", "mfz"), "EINVAL");
    assertEquals(set(pool, "async-read", "false"), "EROFS");
    assertEquals(set(pool, "branches", "+/x=ro"), "EINVAL");
    assertEquals(set(pool, "cache.attr", "4"), "ok");
    assertEquals(pool.log, [
      'error: invalid value - category.create=mfz (unknown policy "mfz"; did you mean "mfs"?)',
      'error: read-only option - async-read=false ("async-read" cannot be changed while the pool is mounted; unmount and mount again)',
      'error: invalid value - branches=+/x=ro (unknown mode "ro" of branch "/x=ro"; did you mean "RO"?)',
    ]);
  });
});

Deno.test("a name that is mistyped is told in the log, one of somebody else's is not", () => {
  with_pool({}, (pool) => {
    const names = [
      "mergerfs.category.creat",
      "mergerfs.cache_attr",
      "mergerfs.strict",
      "mergerfs.cmd.g",
      "mergerfs.xyz",
    ];
    for (const name of [...names, "mergerfs-ts.cache.attr", "mergerfsx", "other"]) {
      assertEquals(calls.setxattr(pool, ".mergerfs", `user.${name}`, "x").result, "ENODATA", name);
    }
    assertEquals(calls.setxattr(pool, ".mergerfs", "security.selinux", "x").result, "ENODATA");
    assertEquals(get(pool, "category.creat").result, "ENODATA");
    assertEquals(pool.log, [
      'error: unknown option - user.mergerfs.category.creat (did you mean "user.mergerfs.category.create"?)',
      'error: unknown option - user.mergerfs.cache_attr (did you mean "user.mergerfs.cache.attr"?)',
      'error: unknown option - user.mergerfs.strict (did you mean "user.mergerfs-ts.strict"?)',
      'error: unknown option - user.mergerfs.cmd.g (did you mean "user.mergerfs.cmd.gc"?)',
      "error: unknown option - user.mergerfs.xyz",
      'error: unknown option - user.mergerfs-ts.cache.attr (did you mean "user.mergerfs.cache.attr"?)',
    ]);
  });
});
