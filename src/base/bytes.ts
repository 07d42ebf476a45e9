// Names and paths as bytes. In the request path they are never strings: a file name is any bytes but "/" and NUL,
// UTF-8 or not, and must come out as it went in.

import { path_text_bytes } from "./path_text.ts";

export const SLASH = 0x2f;
export const DOT = 0x2e;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes of a text, be it the text of a path that is not UTF-8 (path_text.ts), and a NUL, as system calls want it. */
export function c_string(text: string): Uint8Array<ArrayBuffer> {
  const encoded = path_text_bytes(text);
  const bytes = new Uint8Array(encoded.length + 1);
  bytes.set(encoded);
  return bytes;
}

/** UTF-8 bytes of a text. */
export function to_bytes(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** For people only (log, trace, messages): bytes that are not UTF-8 are shown as U+FFFD. */
export function to_text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Length of the NUL-terminated text at `start`, not counting the NUL; up to `end` when there is none. */
export function c_length(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 0) at++;
  return at - start;
}

/** Copies `length` bytes; faster than set(subarray()) for names, because nothing is allocated. */
export function copy_bytes(from: Uint8Array, from_at: number, to: Uint8Array, to_at: number, length: number): void {
  for (let i = 0; i < length; i++) to[to_at + i] = from[from_at + i]!;
}

/** True when `length` bytes are the same in both. */
export function same_bytes(a: Uint8Array, a_at: number, b: Uint8Array, b_at: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[a_at + i] !== b[b_at + i]) return false;
  return true;
}
