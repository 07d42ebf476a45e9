// Extended attributes of ordinary paths (operations §21, config §7.4, §7.5).

import { assertEquals } from "@std/assert";
import { O_RDWR } from "../../src/sys/file.ts";
import { root_test, with_pool } from "../support/handler.ts";
import { getxattr, listxattr, removexattr, setxattr } from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

const CREATE = 1;
const REPLACE = 2;

Deno.test("set, get, list and remove on the branch", () => {
  with_pool({ branches: ["", ""], tree: ["1/d/f"] }, (pool) => {
    assertEquals(setxattr(pool, "d/f", "user.a", "one").result, "ok");
    assertEquals(setxattr(pool, "d/f", "user.empty", "").result, "ok");
    assertEquals([getxattr(pool, "d/f", "user.a").text, getxattr(pool, "d/f", "user.empty").text], ["one", ""]);
    assertEquals(listxattr(pool, "d/f").text.split("\0").sort(), ["", "user.a", "user.empty"]);
    assertEquals(setxattr(pool, "d/f", "user.a", "x", CREATE).result, "EEXIST");
    assertEquals(setxattr(pool, "d/f", "user.b", "x", REPLACE).result, "ENODATA");
    assertEquals(removexattr(pool, "d/f", "user.a").result, "ok");
    assertEquals([getxattr(pool, "d/f", "user.a").result, removexattr(pool, "d/f", "user.a").result], [
      "ENODATA",
      "ENODATA",
    ]);
  });
});

Deno.test("size 0 asks for the size, a buffer too small is ERANGE", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    setxattr(pool, "f", "user.a", "12345");
    assertEquals([getxattr(pool, "f", "user.a", 0).u32(0), listxattr(pool, "f", 0).u32(0)], [5, 7]);
    assertEquals([getxattr(pool, "f", "user.a", 4).result, listxattr(pool, "f", 6).result], ["ERANGE", "ERANGE"]);
    assertEquals([getxattr(pool, "f", "user.a", 5).text, listxattr(pool, "f", 7).text], ["12345", "user.a\0"]);
    const full = pool.on(0, "f");
    assertEquals(getxattr(pool, "f", "user.mergerfs.fullpath", 0).u32(0), full.length);
    assertEquals(getxattr(pool, "f", "user.mergerfs.fullpath", full.length - 1).result, "ERANGE");
  });
});

Deno.test("basepath, relpath, fullpath, allpaths, and nothing else of ours", () => {
  with_pool({ branches: ["", "=RO", ""], tree: ["1/d/f", "2/d/f"] }, (pool) => {
    const own = (path: string, name: string) => getxattr(pool, path, `user.mergerfs.${name}`);
    assertEquals(own("d/f", "basepath").text, pool.branch(1));
    assertEquals(own("d/f", "relpath").text, "d/f");
    assertEquals(own("d/f", "fullpath").text, pool.on(1, "d/f"));
    assertEquals(own("d/f", "allpaths").text, `${pool.on(1, "d/f")}\0${pool.on(2, "d/f")}`);
    assertEquals([own("", "relpath").text, own("", "fullpath").text], ["", `${pool.branch(0)}/`]);
    assertEquals(own("", "allpaths").text, [0, 1, 2].map((index) => `${pool.branch(index)}/`).join("\0"));
    assertEquals([own("d/f", "other").result, own("d/f", "").result], ["ENODATA", "ENODATA"]);
    // Stored ones go to the branch, are listed, and read back the computed value.
    assertEquals(setxattr(pool, "d/f", "user.mergerfs.basepath", "stored").result, "ok");
    assertEquals([own("d/f", "basepath").text, listxattr(pool, "d/f").text], [pool.branch(1), ""]);
  });
});

Deno.test("the computed keys follow func.getxattr and its errors; set and removed are stored ones", () => {
  with_pool({ branches: ["", ""], tree: ["0/f", "1/f", "1/d/"] }, (pool) => {
    const base = (path: string) => getxattr(pool, path, "user.mergerfs.basepath");
    Deno.utimeSync(pool.on(1, "f"), 4_000_000_000, 4_000_000_000);
    pool.set("func.getxattr", "newest");
    pool.set("func.getattr", "erofs");
    assertEquals(base("").result, "ok");
    pool.set("func.getattr", "ff");
    assertEquals([base("f").text, base("d").text], [pool.branch(1), pool.branch(1)]);
    pool.set("func.getxattr", "erofs");
    assertEquals([base("f").result, getxattr(pool, "f", "user.mergerfs.other").result], ["EROFS", "EROFS"]);
    pool.set("func.getxattr", "ff");
    assertEquals(removexattr(pool, "f", "user.mergerfs.basepath").result, "ENODATA");
    assertEquals(setxattr(pool, "f", "user.mergerfs.cmd.gc", "").result, "ok");
    assertEquals([listxattr(pool, "f").text, getxattr(pool, "f", "user.mergerfs.cmd.gc").result], [
      "user.mergerfs.cmd.gc\0",
      "ENODATA",
    ]);
    assertEquals(removexattr(pool, "f", "user.mergerfs.cmd.gc").result, "ok");
    const node = pool.node("f");
    for (const index of [0, 1]) Deno.removeSync(pool.on(index, "f"));
    assertEquals(pool.send(wire.getxattr(pool.next(), node, "user.mergerfs.basepath", 100)).result, "ENOENT");
  });
});

root_test("security.capability and the modes of xattr", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    setxattr(pool, "f", "user.a", "one");
    const results = () => [
      getxattr(pool, "f", "user.a").result,
      setxattr(pool, "f", "user.a", "one").result,
      removexattr(pool, "f", "user.other").result,
      listxattr(pool, "f").result,
      getxattr(pool, "f", "user.mergerfs.relpath").result,
    ];
    assertEquals(results(), ["ok", "ok", "ENODATA", "ok", "ok"]);
    pool.set("xattr", "noattr");
    assertEquals(results(), ["ENODATA", "ENODATA", "ENODATA", "ok", "ENODATA"]);
    assertEquals([listxattr(pool, "f").text, listxattr(pool, "f", 0).u32(0)], ["", 0]);
    pool.set("xattr", "nosys");
    assertEquals(results(), ["ENOSYS", "ENOSYS", "ENOSYS", "ENOSYS", "ENOSYS"]);
    pool.set("security-capability", "false");
    assertEquals(getxattr(pool, "f", "security.capability").result, "ENODATA");
    assertEquals(setxattr(pool, "f", "security.capability", "x").result, "ENODATA");
    assertEquals(removexattr(pool, "f", "security.capability").result, "ENOSYS");
    assertEquals(getxattr(pool, ".mergerfs", "user.mergerfs.xattr").text, "nosys");
  });
});

Deno.test("lists of all branches that the policy names follow each other", () => {
  const options = { "func.listxattr": "all", "func.setxattr": "epall" };
  with_pool({ branches: ["", "", ""], tree: ["0/f", "1/f", "2/f"], options }, (pool) => {
    assertEquals(setxattr(pool, "f", "user.a", "x").result, "ok");
    pool.set("branches", `${pool.branch(0)}=RW:${pool.branch(1)}=RW:${pool.branch(2)}=RW`);
    assertEquals(listxattr(pool, "f").text, "user.a\0user.a\0user.a\0");
    assertEquals([listxattr(pool, "f", 0).u32(0), listxattr(pool, "f", 21).text.length], [21, 21]);
    assertEquals(listxattr(pool, "f", 20).result, "ERANGE");
  });
});

Deno.test("a list that fits exactly is one, also when the last branch adds nothing", () => {
  with_pool({ branches: ["", ""], tree: ["0/f"], options: { "func.listxattr": "all" } }, (pool) => {
    setxattr(pool, "f", "user.a", "x");
    pool.make("1/f");
    const size = listxattr(pool, "f", 0).u32(0);
    assertEquals(listxattr(pool, "f", size).text, "user.a\0");
  });
});

root_test("attributes of a symlink are its own", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    Deno.symlinkSync("f", pool.on(0, "l"));
    assertEquals(setxattr(pool, "l", "trusted.a", "link").result, "ok");
    assertEquals(setxattr(pool, "l", "user.a", "link").result, "EPERM");
    assertEquals([getxattr(pool, "l", "trusted.a").text, getxattr(pool, "f", "trusted.a").result], ["link", "ENODATA"]);
    assertEquals([listxattr(pool, "l").text, listxattr(pool, "f").text], ["trusted.a\0", ""]);
    assertEquals(removexattr(pool, "l", "trusted.a").result, "ok");
  });
});

Deno.test("names and values of every length", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const long = `user.${"n".repeat(250)}`;
    assertEquals([setxattr(pool, "f", long, "v").result, getxattr(pool, "f", long).text], ["ok", "v"]);
    assertEquals(setxattr(pool, "f", `${long}n`, "v").result, "ERANGE");
    assertEquals(getxattr(pool, "f", `user.${"n".repeat(1000)}`).result, "ERANGE");
    assertEquals(setxattr(pool, "f", "user.big", "v".repeat(70_000)).result, "E2BIG");
    assertEquals(getxattr(pool, "f", "nonamespace").result, "EOPNOTSUPP");
  });
});

Deno.test("a file of O_TMPFILE has attributes before it has a name; one that was removed has none to ask for", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const next = () => pool.next();
    const node = pool.send(wire.tmpfile(next(), 1, O_RDWR, 0o100600)).entry().node;
    assertEquals(pool.send(wire.setxattr(next(), node, "user.a", "value")).result, "ok");
    assertEquals(pool.send(wire.getxattr(next(), node, "user.a", 100)).text, "value");
    assertEquals(pool.send(wire.getxattr(next(), node, "user.a", 0)).u32(0), 5);
    assertEquals(pool.send(wire.getxattr(next(), node, "user.a", 2)).result, "ERANGE");
    assertEquals(pool.send(wire.getxattr(next(), node, "user.mergerfs.basepath", 100)).result, "ENODATA");
    assertEquals(pool.send(wire.listxattr(next(), node, 100)).text, "user.a\0");
    assertEquals(pool.send(wire.listxattr(next(), node, 0)).u32(0), 7);
    assertEquals(pool.send(wire.statfs(next(), node)).result, "ok");
    pool.set("xattr", "nosys");
    const requests = [
      wire.setxattr(next(), node, "user.b", "c"),
      wire.getxattr(next(), node, "user.a", 100),
      wire.listxattr(next(), node, 100),
      wire.removexattr(next(), node, "user.a"),
    ];
    for (const request of requests) assertEquals(pool.send(request).result, "ENOSYS");
    pool.set("xattr", "passthrough");
    assertEquals(pool.send(wire.removexattr(next(), node, "user.a")).result, "ok");
    assertEquals(pool.send(wire.getxattr(next(), node, "user.a", 100)).result, "ENODATA");

    const removed = pool.node("f");
    pool.open("f", O_RDWR);
    assertEquals(pool.send(wire.unlink(next(), 1, "f")).result, "ok");
    assertEquals(pool.send(wire.listxattr(next(), removed, 100)).result, "ESTALE");
    assertEquals(pool.send(wire.statfs(next(), removed)).result, "ESTALE");
  });
});
