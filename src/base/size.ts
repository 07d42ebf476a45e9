// Numbers as people write them: "4G", "1536k", "-1" (config spec §2). Values keep all 64 bits, so they are bigint here,
// at configuration time; the request path takes size_number().

import { EINVAL, EOVERFLOW } from "./errno.ts";
import { bad, good, type Parsed } from "./parsed.ts";

const U64_MAX = 0xffff_ffff_ffff_ffffn;
const S64_MAX = 0x7fff_ffff_ffff_ffffn;
const INT_MAX = 0x7fff_ffff;
const UNITS: Readonly<Record<string, bigint>> = { B: 1n, K: 1n << 10n, M: 1n << 20n, G: 1n << 30n, T: 1n << 40n };
const SIZE_HINT = "write digits and at most one of B, K, M, G, T, as in 4G";

/** U64: decimal digits, then nothing or a unit letter; whatever follows the letter is ignored. */
export function parse_u64(text: string): Parsed<bigint> {
  return parse_scaled(text, /^(\d+)([^])?/, 0n, U64_MAX);
}

/** S64: as U64, with an optional minus. */
export function parse_s64(text: string): Parsed<bigint> {
  return parse_scaled(text, /^(-?\d+)([^])?/, -S64_MAX - 1n, S64_MAX);
}

function parse_scaled(text: string, form: RegExp, min: bigint, max: bigint): Parsed<bigint> {
  const match = form.exec(text);
  if (match === null) return bad(EINVAL, `"${text}" is not a size`, SIZE_HINT);
  const digits = BigInt(match[1]!);
  if (digits < min || digits > max) return bad(EINVAL, `"${text}" does not fit 64 bits`);
  const letter = match[2];
  const unit = letter === undefined ? 1n : UNITS[letter.toUpperCase()];
  if (unit === undefined) return bad(EINVAL, `"${text}" has no known unit`, SIZE_HINT);
  const value = digits * unit;
  if (value < min || value > max) return bad(EOVERFLOW, `"${text}" does not fit 64 bits`);
  return good(value);
}

/** INT: 32 bits, optional minus, digits; whatever follows the digits is ignored. */
export function parse_int(text: string): Parsed<number> {
  const match = /^-?\d+/.exec(text);
  if (match === null) return bad(EINVAL, `"${text}" is not a whole number`);
  const value = Number(match[0]);
  if (value > INT_MAX || value < -INT_MAX - 1) return bad(EINVAL, `"${text}" does not fit 32 bits`);
  return good(value === 0 ? 0 : value);
}

/** PAGES: a size in bytes, or in pages when its last character is not a letter; rounded up to whole pages. */
export function parse_pages(text: string, page_bytes: number): Parsed<bigint> {
  const size = parse_u64(text);
  if (!size.ok) return size;
  const page = BigInt(page_bytes);
  if (/[a-zA-Z]$/.test(text)) return good((size.value + page - 1n) / page);
  if (size.value * page > U64_MAX) return bad(EOVERFLOW, `"${text}" does not fit 64 bits`);
  return good(size.value);
}

/** The largest unit that divides the size exactly, as in "4G"; plain below 1024 and where none does. */
export function humanise(size: bigint): string {
  if (size >= 1024n) {
    for (const letter of ["T", "G", "M", "K"]) {
      const unit = UNITS[letter]!;
      if (size % unit === 0n) return `${size / unit}${letter}`;
    }
  }
  return size.toString();
}

/** For comparisons in the request path; exact up to 2^53. */
export function size_number(size: bigint): number {
  return Number(size);
}
