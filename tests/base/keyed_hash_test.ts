// The keyed hash against the published vectors of HalfSipHash-1-3.

import { assertEquals, assertNotEquals } from "@std/assert";
import { keyed_hash } from "../../src/base/keyed_hash.ts";

const KEY_LOW = 0x03020100;
const KEY_HIGH = 0x07060504;
/** Of the bytes 0 to n - 1, n from 4 on (Linux, lib/tests/siphash_kunit.c). */
const VECTORS = [
  0x7e059ea6,
  0x88e3d89b,
  0xa0080b65,
  0x9d38d9d6,
  0x577999b1,
  0xc839caed,
  0xe4fa32cf,
  0x959246ee,
  0x6b28096c,
  0x66dd9cd6,
  0x16658a7c,
  0xd0257b04,
];
const BYTES = Uint8Array.from({ length: 40 }, (_, i) => i);

Deno.test("the published results: the number stands for the first four bytes", () => {
  const number = 0x03020100;
  const found = VECTORS.map((_, length) => keyed_hash(KEY_LOW, KEY_HIGH, number, BYTES, 4, length) >>> 0);
  assertEquals(found, VECTORS);
});

Deno.test("the hash depends on both halves of the key, the number, each byte and the length, not on where the bytes lie", () => {
  const base: [number, number, number] = [KEY_LOW, KEY_HIGH, 5];
  const hash = keyed_hash(...base, BYTES, 4, 11);
  assertEquals(keyed_hash(...base, BYTES.slice(4), 0, 11), hash);
  const others = [0, 1, 2].map((part) => keyed_hash(...base.with(part, 77) as [number, number, number], BYTES, 4, 11));
  for (let i = 4; i < 15; i++) others.push(keyed_hash(...base, BYTES.with(i, 77), 4, 11));
  others.push(keyed_hash(...base, BYTES, 4, 10), keyed_hash(...base, BYTES, 4, 12));
  assertEquals(new Set([hash, ...others]).size, others.length + 1);
  assertNotEquals(hash, 0);
});
