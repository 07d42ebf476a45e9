// A reply of the handler taken apart, for tests. Written from the kernel's header and independent of src/fuse, like wire.ts.

import { errno_name } from "../../src/base/errno.ts";

/** struct fuse_attr; times are [seconds, nanoseconds]. */
export interface Attributes {
  readonly ino: bigint;
  readonly size: bigint;
  readonly blocks: bigint;
  readonly atime: readonly [bigint, number];
  readonly mtime: readonly [bigint, number];
  readonly ctime: readonly [bigint, number];
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly blksize: number;
}

/** struct fuse_entry_out. */
export interface Entry {
  readonly node: bigint;
  readonly generation: bigint;
  readonly entry_s: bigint;
  readonly attr_s: bigint;
  readonly attr: Attributes;
}

/** One name of a listing; `name` one character per byte. */
export interface ListedName {
  readonly ino: bigint;
  readonly offset: bigint;
  readonly type: number;
  readonly name: string;
  /** With READDIRPLUS only. */
  readonly entry?: Entry;
}

const OUT_HEADER_BYTES = 16;
const ENTRY_BYTES = 128;

/** One reply; `result` is "ok", the name of the errno, or "none" when there was no message. */
export class Answer {
  readonly result: string;
  readonly unique: bigint;
  readonly body: Uint8Array;
  private readonly view: DataView;

  constructor(message: Uint8Array) {
    this.body = message.slice(OUT_HEADER_BYTES);
    this.view = new DataView(this.body.buffer);
    if (message.length === 0) {
      this.result = "none";
      this.unique = 0n;
      return;
    }
    const header = new DataView(message.buffer, message.byteOffset, message.length);
    if (header.getUint32(0, true) !== message.length) throw new Error("The length in the header is wrong");
    const error = header.getInt32(4, true);
    if (error !== 0 && message.length !== OUT_HEADER_BYTES) throw new Error("An error has a body");
    this.result = error === 0 ? "ok" : errno_name(-error);
    this.unique = header.getBigUint64(8, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  u64(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }

  /** The body, one character per byte. */
  get text(): string {
    return bytes_text(this.body);
  }

  /** struct fuse_entry_out at byte `at`. */
  entry(at = 0): Entry {
    return {
      node: this.u64(at),
      generation: this.u64(at + 8),
      entry_s: this.u64(at + 16),
      attr_s: this.u64(at + 24),
      attr: this.attributes(at + 40),
    };
  }

  /** struct fuse_attr_out: GETATTR and SETATTR. */
  get attr(): Attributes {
    return this.attributes(16);
  }

  /** struct fuse_open_out; of CREATE and TMPFILE it lies behind the entry. */
  open(at = 0): { readonly handle: bigint; readonly flags: number; readonly backing_id: number } {
    return { handle: this.u64(at), flags: this.u32(at + 8), backing_id: this.u32(at + 12) };
  }

  /** The open part of CREATE and TMPFILE. */
  get created(): { readonly handle: bigint; readonly flags: number; readonly backing_id: number } {
    return this.open(ENTRY_BYTES);
  }

  attributes(at: number): Attributes {
    return {
      ino: this.u64(at),
      size: this.u64(at + 8),
      blocks: this.u64(at + 16),
      atime: [this.view.getBigInt64(at + 24, true), this.u32(at + 48)],
      mtime: [this.view.getBigInt64(at + 32, true), this.u32(at + 52)],
      ctime: [this.view.getBigInt64(at + 40, true), this.u32(at + 56)],
      mode: this.u32(at + 60),
      nlink: this.u32(at + 64),
      uid: this.u32(at + 68),
      gid: this.u32(at + 72),
      rdev: this.u32(at + 76),
      blksize: this.u32(at + 80),
    };
  }

  /** The records of READDIR; fails when one is cut. */
  get names(): ListedName[] {
    const found: ListedName[] = [];
    for (let at = 0; at < this.body.length; at += padded(24 + this.u32(at + 16))) found.push(this.dirent(at));
    return found;
  }

  /** The records of READDIRPLUS. */
  get entries(): ListedName[] {
    const found: ListedName[] = [];
    for (let at = 0; at < this.body.length; at += padded(ENTRY_BYTES + 24 + this.u32(at + ENTRY_BYTES + 16))) {
      found.push({ ...this.dirent(at + ENTRY_BYTES), entry: this.entry(at) });
    }
    return found;
  }

  private dirent(at: number): ListedName {
    const length = this.u32(at + 16);
    if (at + padded(24 + length) > this.body.length) throw new Error("An entry is cut");
    return {
      ino: this.u64(at),
      offset: this.u64(at + 8),
      type: this.u32(at + 20),
      name: bytes_text(this.body.subarray(at + 24, at + 24 + length)),
    };
  }
}

function bytes_text(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function padded(size_bytes: number): number {
  return (size_bytes + 7) & ~7;
}
