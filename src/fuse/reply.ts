// One reply, written in place. A Reply is made once per buffer. The put_* functions fill bodies word by word at a word
// offset of the buffer and return how many bytes they filled, so that bodies can be strung together and finished with
// `reply.ok(bytes)`.

import { EIO } from "../base/errno.ts";
import * as statx from "../base/statx.ts";
import * as abi from "./abi.ts";
import type { InitOutcome } from "./init.ts";
import type { Request } from "./request.ts";

const TWO_POW_32 = 0x1_0000_0000;
/** The kernel refuses a reply whose error is not in -511..0, and the caller would wait for ever. */
const ERRNO_END = 512;

// Words of struct fuse_out_header.
const LEN_WORD = 0;
const ERROR_WORD = 1;
const UNIQUE_WORD = 2;

export class Reply {
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;
  readonly i32: Int32Array<ArrayBuffer>;
  /** Byte offset of struct fuse_out_header. */
  readonly header: number;
  /** Byte offset of the body. */
  readonly body: number;
  /** Offset of the body in words, for the put_* functions. */
  readonly body_word: number;
  /** Bytes that a body can have. */
  readonly body_capacity: number;
  /** Size of the whole message; 0 when none is to be sent. */
  length = 0;

  /**
   * @param u8 memory that replies are built in; its byteOffset is a multiple of 8, its length one of 4
   * @param header byte offset of the reply header, a multiple of 8
   */
  constructor(u8: Uint8Array<ArrayBuffer>, header: number) {
    this.u8 = u8;
    this.u32 = new Uint32Array(u8.buffer, u8.byteOffset, u8.byteLength >> 2);
    this.i32 = new Int32Array(u8.buffer, u8.byteOffset, u8.byteLength >> 2);
    this.header = header;
    this.body = header + abi.OUT_HEADER_BYTES;
    this.body_word = this.body >> 2;
    this.body_capacity = u8.length - this.body;
  }

  /** Starts the reply to `request`: takes over its id, top bit included. Nothing is to be sent yet. */
  begin(request: Request): void {
    const at = this.header >> 2;
    this.u32[at + UNIQUE_WORD] = request.unique_low;
    this.u32[at + UNIQUE_WORD + 1] = request.unique_high;
    this.length = 0;
  }

  /** Finishes as an error. @param errno positive or negative; what the kernel would refuse becomes EIO */
  error(errno: number): void {
    const positive = Math.abs(errno);
    const at = this.header >> 2;
    this.u32[at + LEN_WORD] = abi.OUT_HEADER_BYTES;
    this.i32[at + ERROR_WORD] = positive < ERRNO_END ? -positive : -EIO;
    this.length = abi.OUT_HEADER_BYTES;
  }

  /** Finishes as a success with `body_bytes` bytes of body. */
  ok(body_bytes: number): void {
    const at = this.header >> 2;
    this.length = abi.OUT_HEADER_BYTES + body_bytes;
    this.u32[at + LEN_WORD] = this.length;
    this.u32[at + ERROR_WORD] = 0;
  }

  /** Finishes without a message (FORGET, BATCH_FORGET, INTERRUPT). */
  none(): void {
    this.length = 0;
  }
}

/**
 * struct fuse_entry_out up to its attributes, which go to `at_word + 10`. Node id 0 says "there is no such name" (and
 * may be cached for `entry_s`).
 *
 * @param entry_s how long the name may be cached, whole seconds
 * @param attr_s how long the attributes may be cached, whole seconds
 */
export function put_entry(
  reply: Reply,
  at_word: number,
  node_low: number,
  node_high: number,
  generation_low: number,
  generation_high: number,
  entry_s: number,
  attr_s: number,
): number {
  const words = reply.u32;
  words[at_word] = node_low;
  words[at_word + 1] = node_high;
  words[at_word + 2] = generation_low;
  words[at_word + 3] = generation_high;
  put_u64(words, at_word + 4, entry_s);
  put_u64(words, at_word + 6, attr_s);
  words[at_word + 8] = 0;
  words[at_word + 9] = 0;
  return abi.ENTRY_HEAD_BYTES;
}

/** struct fuse_attr of all zeros: what a negative entry carries. */
export function put_no_attr(words: Uint32Array, at_word: number): number {
  words.fill(0, at_word, at_word + abi.ATTR_BYTES / 4);
  return abi.ATTR_BYTES;
}

/**
 * struct fuse_attr from the words of a struct statx, with another inode number.
 *
 * The device number has the kernel's 32-bit form: 12 bits of major, 20 bits of minor (new_encode_dev in
 * include/linux/kdev_t.h). Flags are 0.
 */
export function put_attr(
  words: Uint32Array,
  at_word: number,
  statx_words: Uint32Array,
  ino_low: number,
  ino_high: number,
): number {
  const major = statx_words[statx.STATX_RDEV_MAJOR_WORD]!;
  const minor = statx_words[statx.STATX_RDEV_MINOR_WORD]!;
  words[at_word] = ino_low;
  words[at_word + 1] = ino_high;
  words[at_word + 2] = statx_words[statx.STATX_SIZE_WORD]!;
  words[at_word + 3] = statx_words[statx.STATX_SIZE_WORD + 1]!;
  words[at_word + 4] = statx_words[statx.STATX_BLOCKS_WORD]!;
  words[at_word + 5] = statx_words[statx.STATX_BLOCKS_WORD + 1]!;
  words[at_word + 6] = statx_words[statx.STATX_ATIME_WORD]!;
  words[at_word + 7] = statx_words[statx.STATX_ATIME_WORD + 1]!;
  words[at_word + 8] = statx_words[statx.STATX_MTIME_WORD]!;
  words[at_word + 9] = statx_words[statx.STATX_MTIME_WORD + 1]!;
  words[at_word + 10] = statx_words[statx.STATX_CTIME_WORD]!;
  words[at_word + 11] = statx_words[statx.STATX_CTIME_WORD + 1]!;
  words[at_word + 12] = statx_words[statx.STATX_ATIME_WORD + 2]!;
  words[at_word + 13] = statx_words[statx.STATX_MTIME_WORD + 2]!;
  words[at_word + 14] = statx_words[statx.STATX_CTIME_WORD + 2]!;
  words[at_word + 15] = statx_words[statx.STATX_MODE_HALF >> 1]! & 0xffff;
  words[at_word + 16] = statx_words[statx.STATX_NLINK_WORD]!;
  words[at_word + 17] = statx_words[statx.STATX_UID_WORD]!;
  words[at_word + 18] = statx_words[statx.STATX_GID_WORD]!;
  words[at_word + 19] = encode_device(major, minor);
  words[at_word + 20] = statx_words[statx.STATX_BLKSIZE_WORD]!;
  words[at_word + 21] = 0;
  return abi.ATTR_BYTES;
}

/** A device number in the 32-bit form of the wire (MKNOD requests carry it as well). */
export function encode_device(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** struct fuse_attr_out up to its attributes, which go to `at_word + 4`. @param attr_s cache time, whole seconds */
export function put_attr_out_header(reply: Reply, at_word: number, attr_s: number): number {
  put_u64(reply.u32, at_word, attr_s);
  reply.u32[at_word + 2] = 0;
  reply.u32[at_word + 3] = 0;
  return abi.ATTR_OUT_HEAD_BYTES;
}

/** struct fuse_open_out; CREATE and TMPFILE have it behind their entry. @param backing_id 0 without FOPEN_PASSTHROUGH */
export function put_open(
  reply: Reply,
  at_word: number,
  handle_low: number,
  handle_high: number,
  open_flags: number,
  backing_id: number,
): number {
  const words = reply.u32;
  words[at_word] = handle_low;
  words[at_word + 1] = handle_high;
  words[at_word + 2] = open_flags;
  words[at_word + 3] = backing_id;
  return abi.OPEN_OUT_BYTES;
}

/** struct fuse_write_out: the bytes that were written (also the reply to COPY_FILE_RANGE). */
export function put_write(reply: Reply, at_word: number, size_bytes: number): number {
  reply.u32[at_word] = size_bytes;
  reply.u32[at_word + 1] = 0;
  return abi.WRITE_OUT_BYTES;
}

/** struct fuse_copy_file_range_out: the bytes that were copied, in 64 bits (COPY_FILE_RANGE_64). */
export function put_copy_file_range_64(reply: Reply, at_word: number, copied_bytes: number | bigint): number {
  put_u64_exact(reply.u32, at_word, copied_bytes);
  return abi.COPY_FILE_RANGE_OUT_BYTES;
}

/** The 64-bit counts of struct fuse_statfs_out, as in statvfs(3). */
export interface StatfsCounts {
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
  readonly files: bigint;
  readonly ffree: bigint;
}

/** struct fuse_statfs_out. Blocks are in units of `frsize_bytes`. */
export function put_statfs(
  reply: Reply,
  at_word: number,
  counts: StatfsCounts,
  bsize_bytes: number,
  namelen_bytes: number,
  frsize_bytes: number,
): number {
  const words = reply.u32;
  put_u64_exact(words, at_word, counts.blocks);
  put_u64_exact(words, at_word + 2, counts.bfree);
  put_u64_exact(words, at_word + 4, counts.bavail);
  put_u64_exact(words, at_word + 6, counts.files);
  put_u64_exact(words, at_word + 8, counts.ffree);
  words[at_word + 10] = bsize_bytes;
  words[at_word + 11] = namelen_bytes;
  words[at_word + 12] = frsize_bytes;
  words.fill(0, at_word + 13, at_word + abi.STATFS_OUT_BYTES / 4);
  return abi.STATFS_OUT_BYTES;
}

/** struct fuse_statx_out: a struct statx as it is, with another inode number. @param attr_s cache time, whole seconds */
export function put_statx_out(
  reply: Reply,
  at_word: number,
  attr_s: number,
  statx_words: Uint32Array,
  ino_low: number,
  ino_high: number,
): number {
  const words = reply.u32;
  const stat_word = at_word + abi.STATX_OUT_HEAD_BYTES / 4;
  put_u64(words, at_word, attr_s);
  words.fill(0, at_word + 2, stat_word);
  for (let i = 0; i < statx.STATX_BYTES / 4; i++) words[stat_word + i] = statx_words[i]!;
  words[stat_word + statx.STATX_INO_WORD] = ino_low;
  words[stat_word + statx.STATX_INO_WORD + 1] = ino_high;
  return abi.STATX_OUT_BYTES;
}

/** struct fuse_lseek_out. */
export function put_lseek(reply: Reply, at_word: number, offset: number | bigint): number {
  put_u64_exact(reply.u32, at_word, offset);
  return abi.LSEEK_OUT_BYTES;
}

/** struct fuse_getxattr_out: the size of a value or of the list, when the request's size was 0. */
export function put_getxattr_size(reply: Reply, at_word: number, size_bytes: number): number {
  reply.u32[at_word] = size_bytes;
  reply.u32[at_word + 1] = 0;
  return abi.GETXATTR_OUT_BYTES;
}

/** struct fuse_ioctl_out; the data that the command returned follows it. @param result what ioctl(2) returned */
export function put_ioctl(reply: Reply, at_word: number, result: number): number {
  reply.i32[at_word] = result;
  reply.u32[at_word + 1] = 0;
  reply.u32[at_word + 2] = 0;
  reply.u32[at_word + 3] = 0;
  return abi.IOCTL_OUT_BYTES;
}

/** struct fuse_poll_out. @param revents as poll(2) */
export function put_poll(reply: Reply, at_word: number, revents: number): number {
  reply.u32[at_word] = revents;
  reply.u32[at_word + 1] = 0;
  return abi.POLL_OUT_BYTES;
}

/**
 * struct fuse_init_out, as long as the kernel's version of the protocol has it.
 *
 * The minor version is ours, not the smaller one: the kernel works that out by itself (operations.md §8.2).
 */
export function put_init(reply: Reply, at_word: number, outcome: InitOutcome): number {
  const words = reply.u32;
  words.fill(0, at_word, at_word + outcome.reply_bytes / 4);
  words[at_word] = abi.FUSE_KERNEL_VERSION;
  words[at_word + 1] = abi.FUSE_KERNEL_MINOR_VERSION;
  if (outcome.reply_bytes < abi.INIT_OUT_7_22_BYTES) return outcome.reply_bytes;
  words[at_word + 2] = outcome.max_readahead_bytes;
  words[at_word + 3] = outcome.flags;
  words[at_word + 4] = outcome.max_background | (outcome.congestion_threshold << 16);
  words[at_word + 5] = outcome.max_write_bytes;
  if (outcome.reply_bytes < abi.INIT_OUT_BYTES) return outcome.reply_bytes;
  words[at_word + 6] = outcome.time_gran_ns;
  words[at_word + 7] = outcome.max_pages;
  words[at_word + 8] = outcome.flags2;
  words[at_word + 9] = outcome.max_stack_depth;
  return outcome.reply_bytes;
}

/** A 64-bit value from a JS number between 0 and 2^53; larger ones lose their low bits. */
export function put_u64(words: Uint32Array, at_word: number, value: number): void {
  // A store into a Uint32Array keeps the low 32 bits.
  words[at_word] = value;
  words[at_word + 1] = value / TWO_POW_32;
}

/** A 64-bit value of any size; negative ones as two's complement. */
export function put_u64_exact(words: Uint32Array, at_word: number, value: number | bigint): void {
  if (typeof value === "number" && value >= 0) return put_u64(words, at_word, value);
  const bits = BigInt.asUintN(64, BigInt(value));
  words[at_word] = Number(bits & 0xffff_ffffn);
  words[at_word + 1] = Number(bits >> 32n);
}
