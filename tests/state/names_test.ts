// Blocks for names: given out, given back, used again for names of the same size in units of 8 bytes.

import { assertEquals, assertNotEquals } from "@std/assert";
import { Arena } from "../../src/state/arena.ts";
import { H_NAME_TOP } from "../../src/state/layout.ts";
import { Names } from "../../src/state/names.ts";

function bytes_of(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);
}

Deno.test("names of every length come out as they went in, whatever lies beside them", () => {
  const names = new Names(Arena.create());
  const stored = Array.from({ length: 255 }, (_, i) => {
    const bytes = bytes_of(i + 4, i);
    return { bytes, block: names.store(bytes, 2, i + 1) };
  });
  for (const [i, { bytes, block }] of stored.entries()) {
    const out = new Uint8Array(300).fill(0xaa);
    names.copy_to(block, i + 1, out, 5);
    assertEquals([...out.subarray(4, i + 7)], [0xaa, ...bytes.subarray(2, i + 3), 0xaa]);
    assertEquals(names.equals(block, i + 1, bytes, 2), true);
    assertEquals(names.equals(block, i + 1, bytes, 1), false);
  }
});

Deno.test("a freed block serves the next name of as many units, and no other", () => {
  const arena = Arena.create();
  const names = new Names(arena);
  const [a, b] = [names.store(bytes_of(9, 0), 0, 9), names.store(bytes_of(16, 1), 0, 16)];
  const top = arena.header[H_NAME_TOP];
  names.free(a, 9);
  names.free(b, 16);
  assertEquals([names.store(bytes_of(10, 2), 0, 10), names.store(bytes_of(15, 3), 0, 15)], [b, a]);
  assertEquals(arena.header[H_NAME_TOP], top);
  names.free(a, 15);
  assertNotEquals(names.store(bytes_of(8, 4), 0, 8), a);
  assertNotEquals(names.store(bytes_of(17, 5), 0, 17), a);
  assertEquals(names.store(bytes_of(256, 6), 0, 256), 0);
});
