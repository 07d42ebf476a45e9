// The vectors and worked examples of config spec §9 and ops §28.

import { assert, assertEquals } from "@std/assert";
import { to_bytes } from "../../src/base/bytes.ts";
import { fold32, hash_result, rapidhash, rapidhash_u64 } from "../../src/base/rapidhash.ts";

const SEED = 0x0123456789abcdefn;

/** Length, hash with seed 0, hash with the seed above, of the repeating alphabet. */
const VECTORS: readonly (readonly [number, string, string])[] = [
  [0, "0338dc4be2cecdae", "565ef32cd8efb3dd"],
  [1, "599f47df33a2e1eb", "1185c9f034faf441"],
  [2, "7b20ba72bb425975", "339f9a0786a21219"],
  [3, "cb475beafa9c0da2", "fa51a5ac64cd7c2e"],
  [4, "f8f44f4a65e26132", "cfb83e5ca9a0a156"],
  [5, "c5fb18456266e8b0", "46439715f1dd0e81"],
  [7, "2760e84111b29a0d", "407e78bedc4c5e9c"],
  [8, "ab159e602a29f41f", "2c1e635af765a003"],
  [15, "54c03d9b150448c0", "a02ec56de9d0e864"],
  [16, "c78ae6a1774adb1e", "144b0b0db41640d4"],
  [17, "00c427c11a4463b8", "2c2b9b38a92ebd3d"],
  [32, "c31deebd22b2bc22", "539b6cbd1ab76da4"],
  [33, "1ca8a590667b9952", "efcb1c82c204ca00"],
  [48, "00b88cf8b63fa0eb", "fa5eacba70066a81"],
  [49, "b9a2917d21ee99a7", "aca9a4cf4ba8748c"],
  [64, "72e65fb9ba211db1", "b515fb2b3772992e"],
  [65, "e65c08b822309607", "1a47f8c3ce6973a0"],
  [80, "cfefa08434692b9c", "fee5132631c1236e"],
  [81, "7a6e1f5eccae6716", "4c029d0d1a81e9d0"],
  [96, "a92ba8f5020c3b5f", "ee7e8aa08ae9b8ea"],
  [97, "6c12caac92ae3989", "f397fc279125a874"],
  [112, "50c75cb11218355d", "a7293ff18546ff38"],
  [113, "2a5de2995b5c1b4c", "14169967abc82974"],
  [128, "a83a8a77764ef595", "d1430dbaf218a2da"],
  [129, "7003ef0d320d6a6f", "695d0e981ffeedec"],
  [224, "366569d0fff73544", "a57e069d904da3be"],
  [225, "c4396e52881d48cd", "c6b0953287992195"],
  [300, "18bac44142f99b66", "58358dcf5a49cf75"],
  [1000, "3f1058aa643e393b", "bc6d373b3787a233"],
];

function alphabet(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => 97 + at % 26);
}

function result_hex(): string {
  return hash_result[1]!.toString(16).padStart(8, "0") + hash_result[0]!.toString(16).padStart(8, "0");
}

function hash_hex(bytes: Uint8Array, seed: bigint): string {
  rapidhash(bytes, 0, bytes.length, Number(seed & 0xffffffffn), Number(seed >> 32n));
  return result_hex();
}

Deno.test("rapidhash gives the published vectors", () => {
  for (const [length, unseeded, seeded] of VECTORS) {
    assertEquals(hash_hex(alphabet(length), 0n), unseeded, `length ${length}, seed 0`);
    assertEquals(hash_hex(alphabet(length), SEED), seeded, `length ${length}, seeded`);
  }
});

Deno.test("rapidhash reads only the range it is given", () => {
  for (const [length, unseeded] of VECTORS) {
    const inside = new Uint8Array(length + 20).fill(0xff);
    inside.set(alphabet(length), 7);
    rapidhash(inside, 7, length, 0, 0);
    assertEquals(result_hex(), unseeded, `length ${length}`);
  }
});

Deno.test("rapidhash agrees with a plain BigInt version for every length up to 400", () => {
  const bytes = Uint8Array.from({ length: 400 }, (_, at) => (at * 167 + (at >> 3)) & 0xff);
  for (let length = 0; length <= 400; length++) {
    const seed = BigInt(length) * 0x9e3779b97f4a7c15n & 0xffffffffffffffffn;
    assertEquals(hash_hex(bytes.subarray(0, length), seed), plain_hash(bytes.subarray(0, length), seed), `${length}`);
  }
});

Deno.test("the hash of a number is the hash of its eight little-endian bytes", () => {
  for (const value of [0n, 1n, 7n, 0xffffffffn, 0x100000000n, 0xfedcba9876543210n, 0xffffffffffffffffn]) {
    const bytes = new Uint8Array(new BigUint64Array([value]).buffer);
    const expected = hash_hex(bytes, SEED);
    rapidhash_u64(
      Number(value & 0xffffffffn),
      Number(value >> 32n),
      Number(SEED & 0xffffffffn),
      Number(SEED >> 32n),
    );
    assertEquals(result_hex(), expected);
  }
});

Deno.test("folding", () => {
  for (const [text, expected] of [["", 3346738045], ["a", 3074928532], ["abc", 2898354696]] as const) {
    hash_hex(to_bytes(text), 0n);
    assertEquals(fold32(hash_result[0]!, hash_result[1]!), expected);
  }
});

Deno.test("the hash of a branch path", () => {
  assertEquals(hash_hex(to_bytes("/mnt/disk1"), 0n), "cf34d53905b6d64c");
});

Deno.test("the hash is unsigned in both words", () => {
  hash_hex(alphabet(4), 0n);
  assert(hash_result[0]! >= 0 && hash_result[1]! >= 0);
});

const MASK = 0xffffffffffffffffn;
const SECRETS = [
  0x2d358dccaa6c78a5n,
  0x8bb84b93962eacc9n,
  0x4b33a62ed433d4a3n,
  0x4d5a2da51de1aa47n,
  0xa0761d6478bd642fn,
  0xe7037ed1a0b428dbn,
  0x90ed1765281c388cn,
  0xaaaaaaaaaaaaaaaan,
] as const;

function plain_mix(x: bigint, y: bigint): bigint {
  const product = x * y;
  return (product & MASK) ^ (product >> 64n);
}

function read_le(bytes: Uint8Array, at: number, count: number): bigint {
  let value = 0n;
  for (let i = count - 1; i >= 0; i--) value = value << 8n | BigInt(bytes[at + i]!);
  return value;
}

/** The text of the spec written down with BigInt, line by line. */
function plain_hash(bytes: Uint8Array, seed: bigint): string {
  const [, s1, s2] = SECRETS;
  const n = bytes.length;
  let s = seed ^ plain_mix(seed ^ s2, s1);
  let a = 0n, b = 0n, at = 0, rest = n;
  if (n <= 16) {
    if (n >= 4) {
      const size = n >= 8 ? 8 : 4;
      s ^= BigInt(n);
      a = read_le(bytes, 0, size);
      b = read_le(bytes, n - size, size);
    } else if (n > 0) {
      a = BigInt(bytes[0]!) << 45n | BigInt(bytes[n - 1]!);
      b = BigInt(bytes[n >> 1]!);
    }
  } else {
    if (n > 112) {
      const t = new Array<bigint>(7).fill(s);
      do {
        for (let k = 0; k < 7; k++) {
          t[k] = plain_mix(
            read_le(bytes, at + 16 * k, 8) ^ SECRETS[k]!,
            read_le(bytes, at + 16 * k + 8, 8) ^ t[k]!,
          );
        }
        at += 112;
        rest -= 112;
      } while (rest > 112);
      s = t.reduce((x, y) => x ^ y);
    }
    const steps = [s2, s2, s1, s1, s2, s1];
    for (let step = 0; step < 6 && rest > 16 * (step + 1); step++) {
      s = plain_mix(read_le(bytes, at + 16 * step, 8) ^ steps[step]!, read_le(bytes, at + 16 * step + 8, 8) ^ s);
    }
    a = read_le(bytes, n - 16, 8) ^ BigInt(rest);
    b = read_le(bytes, n - 8, 8);
  }
  const product = (a ^ s1) * (b ^ s);
  const hash = plain_mix((product & MASK) ^ SECRETS[7], (product >> 64n) ^ s1 ^ BigInt(rest));
  return hash.toString(16).padStart(16, "0");
}
