// LINK on several branches, in both modes, and the first name of an O_TMPFILE file (operations §15, §30.4, §30.5; D12).

import { assertEquals } from "@std/assert";
import { O_RDONLY, O_RDWR } from "../../src/sys/file.ts";
import { Pool, root_test, with_pool } from "../support/handler.ts";
import { link, unlink } from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

const TWO = ["", ""];
const PRESERVING = { "func.create": "epmfs" };

Deno.test("a missing directory is made; the name appears on every branch that has the file", () => {
  with_pool({ branches: TWO, tree: ["0/s/f", "1/s/f", "1/t/"] }, (pool) => {
    const answer = link(pool, "s/f", "t/g");
    assertEquals([answer.result, answer.entry().attr.nlink], ["ok", 2]);
    assertEquals(pool.tree(), ["0/s/", "0/s/f", "0/t/", "0/t/g", "1/s/", "1/s/f", "1/t/", "1/t/g"]);
    assertEquals(pool.node("t/g") === pool.node("s/f"), false);
    assertEquals(pool.lookup("t/g").attr.ino, pool.lookup("s/f").attr.ino);
  });
});

root_test("the first success counts, without one the last error", () => {
  with_pool({ branches: TWO, tree: ["0/s/f", "1/s/f", "1/t/"] }, (pool) => {
    pool.freeze(0, "s/f");
    assertEquals(link(pool, "s/f", "t/g").result, "ok");
    assertEquals(pool.tree().filter((entry) => entry.includes("/t/")), ["0/t/", "1/t/", "1/t/g"]);
  });
  with_pool({ branches: ["", "", ""], tree: ["0/s/f", "1/s/f", "1/t", "2/t/"] }, (pool) => {
    pool.freeze(0, "s/f");
    pool.set("func.getattr", "newest");
    Deno.utimeSync(pool.on(2, "t"), 4_000_000_000, 4_000_000_000);
    assertEquals(link(pool, "s/f", "t/g").result, "ENOTDIR");
  });
});

Deno.test("path preserving: a missing directory is another device, and nothing is made", () => {
  with_pool({ branches: TWO, tree: ["0/s/f", "1/t/"], options: PRESERVING }, (pool) => {
    const before = pool.tree();
    assertEquals(link(pool, "s/f", "t/g").result, "EXDEV");
    assertEquals(pool.tree(), before);
    pool.set("ignorepponrename", "true");
    assertEquals(link(pool, "s/f", "t/g").result, "ok");
  });
});

Deno.test("a file on RO branches only cannot get another name", () => {
  with_pool({ branches: ["=RO", ""], tree: ["0/f"] }, (pool) => {
    assertEquals(link(pool, "f", "g").result, "EROFS");
  });
});

Deno.test("an existing name is not replaced", () => {
  with_pool({ tree: ["0/f", "0/g"] }, (pool) => assertEquals(link(pool, "f", "g").result, "EEXIST"));
});

function tmpfile(pool: Pool, directory: string): { node: bigint; handle: bigint } {
  const answer = pool.send(wire.tmpfile(pool.next(), pool.node(directory), O_RDWR, 0o100600));
  assertEquals(answer.result, "ok");
  return { node: answer.entry().node, handle: answer.created.handle };
}

Deno.test("a nameless file is written and read, and gets its name by LINK", () => {
  with_pool({ tree: ["0/d/"] }, (pool) => {
    const { node, handle } = tmpfile(pool, "d");
    assertEquals(pool.tree(), ["0/d/"]);
    pool.send(wire.write(pool.next(), node, handle, 0, new TextEncoder().encode("hello")));
    const answer = pool.send(wire.link(pool.next(), pool.node("d"), "name", node));
    assertEquals([answer.result, answer.entry().node, answer.entry().attr.nlink], ["ok", node, 1]);
    assertEquals(Deno.readTextFileSync(pool.on(0, "d/name")), "hello");
    assertEquals([pool.node("d/name"), pool.lookups(node)], [node, 3]);
    assertEquals(link(pool, "d/name", "d/more").result, "ok");
  });
});

Deno.test("the name of a nameless file may be in a directory of another branch: it is made where the file is", () => {
  const tree = ["0/s/", "1/t/u/"];
  with_pool({ branches: TWO, tree }, (pool) => {
    const { node } = tmpfile(pool, "s");
    assertEquals(pool.send(wire.link(pool.next(), pool.node("t/u"), "f", node)).result, "ok");
    assertEquals(pool.tree(), ["0/s/", "0/t/", "0/t/u/", "0/t/u/f", "1/t/", "1/t/u/"]);
  });
  with_pool({ branches: TWO, tree, options: PRESERVING }, (pool) => {
    const { node } = tmpfile(pool, "s");
    assertEquals(pool.send(wire.link(pool.next(), pool.node("t/u"), "f", node)).result, "EXDEV");
  });
});

Deno.test("a file whose last name was removed is stale, also while it is open", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    pool.open("f", O_RDONLY);
    const node = pool.node("f");
    assertEquals(unlink(pool, "f").result, "ok");
    assertEquals(pool.send(wire.link(pool.next(), 1, "g", node)).result, "ESTALE");
  });
});
