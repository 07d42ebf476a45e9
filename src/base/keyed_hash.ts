// A hash for tables whose keys other people choose: who does not know the key cannot make names that collide, and so cannot
// turn look-ups into long walks. HalfSipHash-1-3 (Aumasson and Bernstein): a 64-bit key, 32 bits of result, one round per
// four bytes and three at the end.

const V2 = 0x6c796765;
const V3 = 0x74656462;
const FINAL = 0xff;
const FINAL_ROUNDS = 3;

/** Hash of a number, as four bytes with the lowest first, and the bytes behind it. A signed 32-bit number. */
export function keyed_hash(
  key_low: number,
  key_high: number,
  number: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): number {
  const whole = length >> 2;
  const last = whole + 1;
  let v0 = key_low | 0;
  let v1 = key_high | 0;
  let v2 = V2 ^ key_low;
  let v3 = V3 ^ key_high;
  let word = number | 0;
  for (let round = 0; round <= last + FINAL_ROUNDS; round++) {
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
    if (round < whole) {
      word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      at += 4;
    } else if (round === whole) {
      word = (length + 4) << 24;
      for (let i = 0; i < (length & 3); i++) word |= bytes[at + i]! << (8 * i);
    } else {
      word = 0;
      if (round === last) v2 ^= FINAL;
    }
  }
  return v1 ^ v3;
}
