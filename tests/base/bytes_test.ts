// Names and paths as bytes.

import { assertEquals } from "@std/assert";
import { c_length, c_string, copy_bytes, same_bytes, to_bytes, to_text } from "../../src/base/bytes.ts";

Deno.test("c_string ends with NUL, to_bytes does not", () => {
  assertEquals([...c_string("ü/a")], [0xc3, 0xbc, 0x2f, 0x61, 0]);
  assertEquals([[...c_string("")], [...to_bytes("ü")], [...to_bytes("")]], [[0], [0xc3, 0xbc], []]);
});

Deno.test("to_text shows what is not UTF-8 instead of failing", () => {
  assertEquals([to_text(to_bytes("größe")), to_text(Uint8Array.of(0x61, 0xff, 0x62))], ["größe", "a\ufffdb"]);
});

Deno.test("c_length stops at NUL or at the end, from wherever it starts", () => {
  const bytes = Uint8Array.of(1, 2, 0, 3, 4);
  assertEquals([c_length(bytes, 0, 5), c_length(bytes, 1, 5), c_length(bytes, 2, 5)], [2, 1, 0]);
  assertEquals([c_length(bytes, 3, 5), c_length(bytes, 3, 4), c_length(bytes, 0, 1), c_length(bytes, 5, 5)], [
    2,
    1,
    1,
    0,
  ]);
});

Deno.test("copy_bytes copies that many and no more", () => {
  const to = new Uint8Array(6).fill(9);
  copy_bytes(Uint8Array.of(1, 2, 3, 4), 1, to, 2, 2);
  assertEquals([...to], [9, 9, 2, 3, 9, 9]);
  copy_bytes(to, 0, to, 0, 0);
  assertEquals([...to], [9, 9, 2, 3, 9, 9]);
});

Deno.test("same_bytes compares ranges", () => {
  const [a, b] = [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(0, 0, 2, 3, 5)];
  assertEquals(same_bytes(a, 1, b, 2, 2), true);
  assertEquals(same_bytes(a, 1, b, 2, 3), false);
  assertEquals(same_bytes(a, 0, b, 2, 1), false);
  assertEquals(same_bytes(a, 0, b, 0, 0), true);
});
