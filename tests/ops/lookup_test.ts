// LOOKUP, FORGET and BATCH_FORGET (operations §7, §9, §10).

import { assert, assertEquals } from "@std/assert";
import { with_pool } from "../support/handler.ts";
import * as wire from "../support/wire.ts";

Deno.test("a name is found on the first branch that has it", () => {
  with_pool({ branches: ["", ""], tree: ["0/d/", "1/d/f:hello"] }, (pool) => {
    const entry = pool.lookup("d/f");
    assertEquals([entry.attr.size, entry.attr.mode & 0o170000], [5n, 0o100000]);
    assertEquals([entry.entry_s, entry.attr_s], [1n, 1n]);
    assert(entry.generation !== 0n);
  });
});

Deno.test("what is not there is a success with node 0, cached as cache.negative-entry says", () => {
  with_pool({ options: { "cache.negative-entry": "7", "cache.attr": "3" } }, (pool) => {
    const answer = pool.send(wire.lookup(pool.next(), 1, "missing"));
    assertEquals([answer.result, answer.entry().node, answer.entry().entry_s], ["ok", 0n, 7n]);
    assertEquals([answer.entry().attr_s, answer.entry().attr.mode], [3n, 0]);
  });
});

Deno.test("each entry adds one look-up, FORGET takes away, an id never comes again", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const node = pool.node("f");
    assertEquals([pool.node("f"), pool.lookups(node)], [node, 2]);
    assertEquals(pool.send(wire.forget(pool.next(), node, 2)).result, "none");
    assert(pool.node("f") !== node);
    assertEquals(pool.send(wire.getattr(pool.next(), node)).result, "EBADF");
  });
});

Deno.test("BATCH_FORGET takes away of several nodes; unknown ones and the root do not matter", () => {
  with_pool({ tree: ["0/a", "0/b"] }, (pool) => {
    const nodes = [pool.node("a"), pool.node("b")];
    const list = [[nodes[0]!, 1], [99999, 5], [1, 100], [nodes[1]!, 1]] as const;
    assertEquals(pool.send(wire.batch_forget(pool.next(), list)).result, "none");
    assertEquals(pool.context.nodes.count, 1);
  });
});
