// Uniform random numbers for the policies. The source can be replaced, so that tests can seed it.

/** Gives numbers from 0 up to, but not including, 1. */
export type RandomSource = () => number;

const BATCH_WORDS = 512;
const batch = new Uint32Array(BATCH_WORDS);
let used_words = BATCH_WORDS;

/** 53 random bits from the system's generator, which is asked for many at a time. */
function system_random(): number {
  if (used_words === BATCH_WORDS) {
    crypto.getRandomValues(batch);
    used_words = 0;
  }
  const high = batch[used_words]! >>> 5, low = batch[used_words + 1]! >>> 6;
  used_words += 2;
  return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
}

let source: RandomSource = system_random;

/** Replaces the source, undefined brings the system's back. */
export function use_random_source(replacement: RandomSource | undefined): void {
  source = replacement ?? system_random;
}

/** A whole number from 0 to limit - 1. */
export function random_below(limit: number): number {
  return Math.min(Math.floor(source() * limit), limit - 1);
}
