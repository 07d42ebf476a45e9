// rapidhash v3 (config spec §9.2): the 64-bit hash behind reported inode numbers, so it runs on every reply.
//
// A 64-bit number is two 32-bit words. Products of two words are taken apart with one floating-point product: the
// double x * y is at most 2^10 off, its low word is known exactly from Math.imul, so the rounded rest is the high word.
// Measured on the 2-core development machine, per 64 x 64 bit product: this 17 ns, 16-bit partial products 35 ns, BigInt several times that.

/** The result of the last hash: low word, high word. */
export const hash_result: Uint32Array<ArrayBuffer> = new Uint32Array(2);

const PER_2_32 = 1 / 0x1_0000_0000;
const LANES = 7;
const STRIDE_BYTES = 16 * LANES;

// The secrets S0 … S7, low word then high word.
const S1_LOW = 0x962eacc9 | 0;
const S1_HIGH = 0x8bb84b93 | 0;
const S2_LOW = 0xd433d4a3 | 0;
const S2_HIGH = 0x4b33a62e | 0;
const S7 = 0xaaaaaaaa | 0;
const LANE_SECRETS = new Int32Array([
  0xaa6c78a5 | 0,
  0x2d358dcc,
  S1_LOW,
  S1_HIGH,
  S2_LOW,
  S2_HIGH,
  0x1de1aa47,
  0x4d5a2da5,
  0x78bd642f,
  0xa0761d64 | 0,
  0xa0b428db | 0,
  0xe7037ed1 | 0,
  0x281c388c,
  0x90ed1765 | 0,
]);
const lanes = new Int32Array(2 * LANES);

/** Words of the last 128-bit product, least significant first; mix() leaves its two words in the first two. */
const product = new Int32Array(4);

function multiply(a_low: number, a_high: number, b_low: number, b_high: number): void {
  const a0 = a_low >>> 0, a1 = a_high >>> 0, b0 = b_low >>> 0, b1 = b_high >>> 0;
  const low00 = Math.imul(a_low, b_low) >>> 0, low01 = Math.imul(a_low, b_high) >>> 0;
  const low10 = Math.imul(a_high, b_low) >>> 0, low11 = Math.imul(a_high, b_high) >>> 0;
  // Sums of a few words stay below 2^53, so they are exact, and their carry is what lies above 2^32.
  const second = ((a0 * b0 - low00) * PER_2_32 + 0.5 >>> 0) + low01 + low10;
  const third = ((a0 * b1 - low01) * PER_2_32 + 0.5 >>> 0) + ((a1 * b0 - low10) * PER_2_32 + 0.5 >>> 0) + low11 +
    (second * PER_2_32 >>> 0);
  product[0] = low00;
  product[1] = second;
  product[2] = third;
  product[3] = ((a1 * b1 - low11) * PER_2_32 + 0.5 >>> 0) + (third * PER_2_32 >>> 0);
}

function mix(a_low: number, a_high: number, b_low: number, b_high: number): void {
  multiply(a_low, a_high, b_low, b_high);
  product[0] = product[0]! ^ product[2]!;
  product[1] = product[1]! ^ product[3]!;
}

/** Little-endian 32-bit word at any offset. */
function word_at(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** The last step, the same for every length: (a, b) are the last words read, `rest` the bytes not consumed before. */
function finish(
  a_low: number,
  a_high: number,
  b_low: number,
  b_high: number,
  seed_low: number,
  seed_high: number,
  rest: number,
): void {
  multiply(a_low ^ S1_LOW, a_high ^ S1_HIGH, b_low ^ seed_low, b_high ^ seed_high);
  mix(product[0]! ^ S7, product[1]! ^ S7, product[2]! ^ S1_LOW ^ rest, product[3]! ^ S1_HIGH);
  hash_result[0] = product[0]!;
  hash_result[1] = product[1]!;
}

function hash_short(bytes: Uint8Array, start: number, length: number, low: number, high: number): void {
  const end = start + length;
  if (length >= 8) {
    finish(
      word_at(bytes, start),
      word_at(bytes, start + 4),
      word_at(bytes, end - 8),
      word_at(bytes, end - 4),
      low ^ length,
      high,
      length,
    );
  } else if (length >= 4) {
    finish(word_at(bytes, start), 0, word_at(bytes, end - 4), 0, low ^ length, high, length);
  } else if (length > 0) {
    // byte[0] << 45 lies in the high word, at bit 13.
    finish(bytes[end - 1]!, bytes[start]! << 13, bytes[start + (length >> 1)]!, 0, low, high, length);
  } else {
    finish(0, 0, 0, 0, low, high, 0);
  }
}

/** Seven lanes of 16 bytes each while more than 112 bytes are left; the folded seed is left in `product`. */
function hash_strides(bytes: Uint8Array, start: number, length: number, low: number, high: number): number {
  for (let lane = 0; lane < 2 * LANES; lane += 2) {
    lanes[lane] = low;
    lanes[lane + 1] = high;
  }
  let at = start;
  let rest = length;
  do {
    for (let lane = 0; lane < 2 * LANES; lane += 2) {
      const from = at + lane * 8;
      mix(
        word_at(bytes, from) ^ LANE_SECRETS[lane]!,
        word_at(bytes, from + 4) ^ LANE_SECRETS[lane + 1]!,
        word_at(bytes, from + 8) ^ lanes[lane]!,
        word_at(bytes, from + 12) ^ lanes[lane + 1]!,
      );
      lanes[lane] = product[0]!;
      lanes[lane + 1] = product[1]!;
    }
    at += STRIDE_BYTES;
    rest -= STRIDE_BYTES;
  } while (rest > STRIDE_BYTES);
  product[0] = lanes[0]! ^ lanes[2]! ^ lanes[4]! ^ lanes[6]! ^ lanes[8]! ^ lanes[10]! ^ lanes[12]!;
  product[1] = lanes[1]! ^ lanes[3]! ^ lanes[5]! ^ lanes[7]! ^ lanes[9]! ^ lanes[11]! ^ lanes[13]!;
  return rest;
}

function hash_long(bytes: Uint8Array, start: number, length: number, low: number, high: number): void {
  let rest = length;
  product[0] = low;
  product[1] = high;
  if (length > STRIDE_BYTES) rest = hash_strides(bytes, start, length, low, high);
  const end = start + length;
  let at = end - rest;
  for (let left = rest, step = 0; left > 16; left -= 16, at += 16, step++) {
    // Steps 0, 1 and 4 use S2, the others S1.
    const with_s2 = step < 2 || step === 4;
    mix(
      word_at(bytes, at) ^ (with_s2 ? S2_LOW : S1_LOW),
      word_at(bytes, at + 4) ^ (with_s2 ? S2_HIGH : S1_HIGH),
      word_at(bytes, at + 8) ^ product[0]!,
      word_at(bytes, at + 12) ^ product[1]!,
    );
  }
  finish(
    word_at(bytes, end - 16) ^ rest,
    word_at(bytes, end - 12),
    word_at(bytes, end - 8),
    word_at(bytes, end - 4),
    product[0]!,
    product[1]!,
    rest,
  );
}

/** Hash of `length` bytes at `start` under a 64-bit seed; the result is in hash_result (config spec §9.2). */
export function rapidhash(
  bytes: Uint8Array,
  start: number,
  length: number,
  seed_low: number,
  seed_high: number,
): void {
  mix(seed_low ^ S2_LOW, seed_high ^ S2_HIGH, S1_LOW, S1_HIGH);
  const low = seed_low ^ product[0]!, high = seed_high ^ product[1]!;
  if (length <= 16) hash_short(bytes, start, length, low, high);
  else hash_long(bytes, start, length, low, high);
}

/** Hash of the eight little-endian bytes of a 64-bit number; the result is in hash_result. */
export function rapidhash_u64(low: number, high: number, seed_low: number, seed_high: number): void {
  mix(seed_low ^ S2_LOW, seed_high ^ S2_HIGH, S1_LOW, S1_HIGH);
  finish(low, high, low, high, seed_low ^ product[0]! ^ 8, seed_high ^ product[1]!, 8);
}

/** A 64-bit hash folded to 32 bits, as unsigned number (config spec §9.1). */
export function fold32(low: number, high: number): number {
  return Math.imul(low ^ high, 0x9e3779b9) >>> 0;
}
