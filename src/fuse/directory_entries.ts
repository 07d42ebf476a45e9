// Directory entries as READDIR and READDIRPLUS return them: records with a name, each padded to 8 bytes.
// A record is written whole or not at all; the caller asks for its size first.

import { DIRENT_HEAD_BYTES, DIRENTPLUS_HEAD_BYTES, ENTRY_OUT_BYTES } from "./abi.ts";

const TWO_POW_32 = 0x1_0000_0000;

/** Size of a struct fuse_dirent with a name of `name_length` bytes, padding included. */
export function dirent_size(name_length: number): number {
  return (DIRENT_HEAD_BYTES + name_length + 7) & ~7;
}

/** Size of a struct fuse_direntplus with a name of `name_length` bytes, padding included. */
export function direntplus_size(name_length: number): number {
  return (DIRENTPLUS_HEAD_BYTES + name_length + 7) & ~7;
}

/**
 * Writes one struct fuse_dirent and returns its size. READDIRPLUS has the same record behind each entry
 * (`at + ENTRY_OUT_BYTES`, see reply.ts put_entry and put_attr).
 *
 * @param at byte offset in `u8`, a multiple of 8
 * @param offset what a later READDIR names to go on behind this entry; below 2^53
 * @param type DT_*
 */
export function encode_dirent(
  u8: Uint8Array,
  at: number,
  ino_low: number,
  ino_high: number,
  offset: number,
  type: number,
  name_bytes: Uint8Array,
  name_at: number,
  name_length: number,
): number {
  put_u32(u8, at, ino_low);
  put_u32(u8, at + 4, ino_high);
  put_u32(u8, at + 8, offset);
  put_u32(u8, at + 12, offset / TWO_POW_32);
  put_u32(u8, at + 16, name_length);
  put_u32(u8, at + 20, type);
  const name_start = at + DIRENT_HEAD_BYTES;
  for (let i = 0; i < name_length; i++) u8[name_start + i] = name_bytes[name_at + i]!;
  const size_bytes = dirent_size(name_length);
  // Padding goes to programs; what lay there before must not.
  for (let i = name_start + name_length; i < at + size_bytes; i++) u8[i] = 0;
  return size_bytes;
}

/** Size of the struct fuse_dirent that starts at `at`: the step to the next one. */
export function dirent_record_length(u8: Uint8Array, at: number): number {
  return dirent_size(get_u32(u8, at + 16));
}

/** Size of the struct fuse_direntplus that starts at `at`: the step to the next one. */
export function direntplus_record_length(u8: Uint8Array, at: number): number {
  return direntplus_size(get_u32(u8, at + ENTRY_OUT_BYTES + 16));
}

function put_u32(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value;
  u8[at + 1] = value >>> 8;
  u8[at + 2] = value >>> 16;
  u8[at + 3] = value >>> 24;
}

function get_u32(u8: Uint8Array, at: number): number {
  return (u8[at]! | (u8[at + 1]! << 8) | (u8[at + 2]! << 16) | (u8[at + 3]! << 24)) >>> 0;
}
