// Keys of objects with several names; the index itself is tested with the nodes.

import { assertEquals } from "@std/assert";
import { link_key } from "../../src/state/hard_links.ts";

Deno.test("a key is never 0 and tells objects apart by each of its four numbers", () => {
  const base: readonly [number, number, number, number] = [8, 1, 4711, 0];
  const keys = new Set([link_key(...base)]);
  for (let part = 0; part < 4; part++) {
    for (const value of [2, 3, 0x7fff_ffff, 0xffff_ffff]) {
      const [a, b, c, d] = base.with(part, value);
      keys.add(link_key(a!, b!, c!, d!));
    }
  }
  assertEquals(keys.size, 17);
  assertEquals(link_key(0, 0, 0, 0), 1);
  assertEquals(link_key(8, 1, 4711, 0), link_key(8, 1, 4711, 0));
});
