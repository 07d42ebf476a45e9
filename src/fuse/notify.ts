// Messages to the kernel that nobody asked for: a reply header with unique 0, whose error field is the kind.
// A Notification is made once per thread and filled for every message.

import { EINVAL, ENAMETOOLONG } from "../base/errno.ts";
import { NAME_MAX_BYTES } from "../base/limits.ts";
import * as abi from "./abi.ts";
import { put_u64_exact } from "./reply.ts";

const BODY_WORD = abi.OUT_HEADER_BYTES / 4;
/** The longest body: struct fuse_notify_delete_out, a name and its NUL, rounded up. */
const BODY_BYTES_MAX = 24 + NAME_MAX_BYTES + 1;
/** Whole inode, all of it: fuse_notify_inval_inode_out.len. */
export const TO_THE_END = 0;
/** fuse_notify_inval_inode_out.off: drop attributes only, never pages (departures.md D8). */
export const ATTRIBUTES_ONLY = -1;

export class Notification {
  /** The message; write(2) its first `length` bytes to the device. */
  readonly u8: Uint8Array<ArrayBuffer> = new Uint8Array(abi.OUT_HEADER_BYTES + BODY_BYTES_MAX);
  readonly u32: Uint32Array<ArrayBuffer> = new Uint32Array(this.u8.buffer);
  length = 0;

  /**
   * Drops cached attributes of a node, and cached pages from `offset` on. Returns the message's length.
   *
   * @param offset ATTRIBUTES_ONLY, or the first byte to drop
   * @param length_bytes TO_THE_END, or how many bytes to drop
   */
  inval_inode(node_low: number, node_high: number, offset: number, length_bytes: number): number {
    this.u32[BODY_WORD] = node_low;
    this.u32[BODY_WORD + 1] = node_high;
    put_u64_exact(this.u32, BODY_WORD + 2, offset);
    put_u64_exact(this.u32, BODY_WORD + 4, length_bytes);
    return this.#finish(abi.FUSE_NOTIFY_INVAL_INODE, 24);
  }

  /**
   * Drops a cached name. Returns the message's length, -ENAMETOOLONG, or -EINVAL for an empty name.
   *
   * @param flags 0 or FUSE_EXPIRE_ONLY
   */
  inval_entry(
    parent_low: number,
    parent_high: number,
    name_bytes: Uint8Array,
    name_at: number,
    name_length: number,
    flags: number,
  ): number {
    if (name_length <= 0) return -EINVAL;
    if (name_length > NAME_MAX_BYTES) return -ENAMETOOLONG;
    this.u32[BODY_WORD] = parent_low;
    this.u32[BODY_WORD + 1] = parent_high;
    this.u32[BODY_WORD + 2] = name_length;
    this.u32[BODY_WORD + 3] = flags;
    this.#put_name(16, name_bytes, name_at, name_length);
    return this.#finish(abi.FUSE_NOTIFY_INVAL_ENTRY, 16 + name_length + 1);
  }

  /** Says that a name was removed, if it still stands for the node `child`. Results as `inval_entry`. */
  delete(
    parent_low: number,
    parent_high: number,
    child_low: number,
    child_high: number,
    name_bytes: Uint8Array,
    name_at: number,
    name_length: number,
  ): number {
    if (name_length <= 0) return -EINVAL;
    if (name_length > NAME_MAX_BYTES) return -ENAMETOOLONG;
    this.u32[BODY_WORD] = parent_low;
    this.u32[BODY_WORD + 1] = parent_high;
    this.u32[BODY_WORD + 2] = child_low;
    this.u32[BODY_WORD + 3] = child_high;
    this.u32[BODY_WORD + 4] = name_length;
    this.u32[BODY_WORD + 5] = 0;
    this.#put_name(24, name_bytes, name_at, name_length);
    return this.#finish(abi.FUSE_NOTIFY_DELETE, 24 + name_length + 1);
  }

  /** Asks for every request again that was read and not answered (Linux ≥ 6.9). Returns the message's length. */
  resend(): number {
    return this.#finish(abi.FUSE_NOTIFY_RESEND, 0);
  }

  /** Makes all cached names be looked up again at their next use (Linux ≥ 6.16). Returns the message's length. */
  inc_epoch(): number {
    return this.#finish(abi.FUSE_NOTIFY_INC_EPOCH, 0);
  }

  #put_name(at_byte: number, name_bytes: Uint8Array, name_at: number, name_length: number): void {
    const start = abi.OUT_HEADER_BYTES + at_byte;
    for (let i = 0; i < name_length; i++) this.u8[start + i] = name_bytes[name_at + i]!;
    this.u8[start + name_length] = 0;
  }

  #finish(code: number, body_bytes: number): number {
    this.length = abi.OUT_HEADER_BYTES + body_bytes;
    this.u32[0] = this.length;
    this.u32[1] = code;
    this.u32[2] = 0;
    this.u32[3] = 0;
    return this.length;
  }
}
