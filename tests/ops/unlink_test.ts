// UNLINK and RMDIR: which copies go, and one answer out of many (operations §13, §30.2).

import { assertEquals } from "@std/assert";
import { root_test, with_pool } from "../support/handler.ts";
import { rmdir, setattr, unlink } from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

interface Case {
  readonly name: string;
  readonly branches: readonly string[];
  readonly tree: readonly string[];
  /** Made immutable: "0/d". */
  readonly frozen?: readonly string[];
  readonly result: string;
  readonly left: readonly string[];
}

function check(remove: typeof unlink, cases: readonly Case[]): void {
  for (const { name, branches, tree, frozen = [], result, left } of cases) {
    with_pool({ branches, tree }, (pool) => {
      for (const entry of frozen) pool.freeze(Number(entry[0]), entry.slice(2));
      assertEquals(remove(pool, "p/x").result, result, name);
      assertEquals(pool.tree().filter((entry) => entry.includes("/p/x")), left, name);
    });
  }
}

const FILES: readonly Case[] = [
  {
    name: "one copy cannot go",
    branches: ["", ""],
    tree: ["0/p/x", "1/p/x"],
    frozen: ["0/p/x"],
    result: "ok",
    left: ["0/p/x"],
  },
  { name: "RO and RW", branches: ["=RO", ""], tree: ["0/p/x", "1/p/x"], result: "ok", left: ["0/p/x"] },
  {
    name: "none can go",
    branches: ["", ""],
    tree: ["0/p/x", "1/p/x"],
    frozen: ["0/p/x", "1/p/x"],
    result: "EPERM",
    left: ["0/p/x", "1/p/x"],
  },
  {
    name: "a file that cannot go and a directory",
    branches: ["", ""],
    tree: ["0/p/x", "1/p/x/"],
    frozen: ["0/p/x"],
    result: "EPERM",
    left: ["0/p/x", "1/p/x/"],
  },
  { name: "all RO", branches: ["=RO", "=RO"], tree: ["0/p/x", "1/p/x"], result: "EROFS", left: ["0/p/x", "1/p/x"] },
  { name: "NC", branches: ["=NC"], tree: ["0/p/x"], result: "ok", left: [] },
  { name: "nowhere", branches: ["", ""], tree: ["0/p/y"], result: "ENOENT", left: [] },
];

const RW3 = ["", "", ""];
const X3 = ["0/p/x/", "1/p/x/", "2/p/x/"];

const DIRECTORIES: readonly Case[] = [
  { name: "all empty", branches: RW3, tree: X3, result: "ok", left: [] },
  ...[0, 1, 2].map((index) => ({
    name: `b${index} is not empty`,
    branches: RW3,
    tree: [...X3, `${index}/p/x/f`],
    result: "ENOTEMPTY",
    left: [`${index}/p/x/`, `${index}/p/x/f`],
  })),
  { name: "first not allowed", branches: RW3, tree: X3, frozen: ["0/p"], result: "ok", left: ["0/p/x/"] },
  { name: "last not allowed", branches: RW3, tree: X3, frozen: ["2/p"], result: "EPERM", left: ["2/p/x/"] },
  {
    name: "not allowed, not empty, good",
    branches: RW3,
    tree: [...X3, "1/p/x/f"],
    frozen: ["0/p"],
    result: "ENOTEMPTY",
    left: ["0/p/x/", "1/p/x/", "1/p/x/f"],
  },
  {
    name: "good, not empty, not allowed",
    branches: RW3,
    tree: [...X3, "1/p/x/f"],
    frozen: ["2/p"],
    result: "ENOTEMPTY",
    left: ["1/p/x/", "1/p/x/f", "2/p/x/"],
  },
];

root_test("unlink on several branches has the results of operations §30.2", () => check(unlink, FILES));
root_test("rmdir on several branches has the results of operations §30.2", () => check(rmdir, DIRECTORIES));

Deno.test("a removed name is gone for its node: paths are stale, a new file of that name is another node", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const node = pool.node("f");
    assertEquals(unlink(pool, "f").result, "ok");
    assertEquals(pool.send(wire.statfs(pool.next(), node)).result, "ESTALE");
    assertEquals(pool.send(wire.getxattr(pool.next(), node, "user.a", 10)).result, "ESTALE");
    assertEquals(pool.send(wire.listxattr(pool.next(), node, 10)).result, "ESTALE");
    assertEquals(pool.send(wire.setxattr(pool.next(), node, "user.a", "b")).result, "ESTALE");
    assertEquals(pool.send(wire.removexattr(pool.next(), node, "user.a")).result, "ESTALE");
    assertEquals(pool.send(wire.open(pool.next(), node, 0)).result, "ESTALE");
    assertEquals(pool.send(wire.link(pool.next(), 1, "g", node)).result, "ESTALE");
    pool.make("0/f");
    assertEquals(pool.node("f") === node, false);
  });
});

Deno.test("unlink of a directory and rmdir of a file say what they are", () => {
  with_pool({ tree: ["0/d/", "0/f"] }, (pool) => {
    assertEquals([unlink(pool, "d").result, rmdir(pool, "f").result], ["EISDIR", "ENOTDIR"]);
    assertEquals(pool.tree(), ["0/d/", "0/f"]);
  });
});

Deno.test("rmdir of a followed symlink removes the link", () => {
  with_pool({ tree: ["0/target/f"], options: { "follow-symlinks": "directory" } }, (pool) => {
    Deno.symlinkSync("target", pool.on(0, "link"));
    assertEquals(pool.lookup("link").attr.mode & 0o170000, 0o040000);
    assertEquals(rmdir(pool, "link").result, "ok");
    assertEquals(pool.tree(), ["0/target/", "0/target/f"]);
  });
});

Deno.test("the control file cannot be removed, one that really is on a branch can", () => {
  with_pool({ branches: ["", ""] }, (pool) => {
    assertEquals(unlink(pool, ".mergerfs").result, "ENOENT");
    pool.make("1/.mergerfs");
    assertEquals(unlink(pool, ".mergerfs").result, "ok");
    assertEquals(pool.tree(), []);
    assertEquals(setattr(pool, ".mergerfs", {}).result, "ok");
  });
});

Deno.test("rmdir with follow-symlinks leaves a regular file of that name on another branch", () => {
  with_pool(
    { branches: ["", ""], tree: ["0/x/", "1/x:precious"], options: { "follow-symlinks": "directory" } },
    (pool) => {
      rmdir(pool, "x");
      assertEquals(Deno.readTextFileSync(pool.on(1, "x")), "precious");
    },
  );
});
