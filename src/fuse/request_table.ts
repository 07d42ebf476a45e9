// What follows the 40-byte header, for every opcode: one literal row each. The decoder knows nothing else about them.
// Source: include/uapi/linux/fuse.h, and fs/fuse/ of the kernel for the names.

import * as abi from "./abi.ts";

// What lies behind the fixed part.

/** Nothing that is looked at. */
export const PAYLOAD_NONE = 0;
/** One file name. */
export const PAYLOAD_NAME = 1;
/** Two file names. */
export const PAYLOAD_TWO_NAMES = 2;
/** A file name, then the target of a symlink (any bytes). */
export const PAYLOAD_NAME_AND_TARGET = 3;
/** A string with any bytes: TMPFILE comes with the name "/", which is to be ignored. */
export const PAYLOAD_IGNORED_NAME = 4;
/** The name of an extended attribute, in which "/" is an ordinary character. */
export const PAYLOAD_XATTR_NAME = 5;
/** The same, then as many bytes of value as the first word of the fixed part says. */
export const PAYLOAD_XATTR_NAME_AND_VALUE = 6;
/** Exactly as many bytes as fuse_write_in.size says. */
export const PAYLOAD_WRITE_DATA = 7;
/** At least as many bytes as fuse_ioctl_in.in_size says. */
export const PAYLOAD_IOCTL_DATA = 8;
/** As many records of 16 bytes as the first word of the fixed part says. */
export const PAYLOAD_RECORDS = 9;
/** The fixed part has two sizes: 16 bytes before 7.36, else 64. */
export const PAYLOAD_INIT = 10;

export type RequestRow = readonly [opcode: number, fixed_bytes: number, payload: number];

export const REQUEST_ROWS: readonly RequestRow[] = [
  [abi.FUSE_LOOKUP, 0, PAYLOAD_NAME],
  [abi.FUSE_FORGET, 8, PAYLOAD_NONE],
  [abi.FUSE_GETATTR, 16, PAYLOAD_NONE],
  [abi.FUSE_SETATTR, 88, PAYLOAD_NONE],
  [abi.FUSE_READLINK, 0, PAYLOAD_NONE],
  [abi.FUSE_SYMLINK, 0, PAYLOAD_NAME_AND_TARGET],
  [abi.FUSE_MKNOD, 16, PAYLOAD_NAME],
  [abi.FUSE_MKDIR, 8, PAYLOAD_NAME],
  [abi.FUSE_UNLINK, 0, PAYLOAD_NAME],
  [abi.FUSE_RMDIR, 0, PAYLOAD_NAME],
  [abi.FUSE_RENAME, 8, PAYLOAD_TWO_NAMES],
  [abi.FUSE_LINK, 8, PAYLOAD_NAME],
  [abi.FUSE_OPEN, 8, PAYLOAD_NONE],
  [abi.FUSE_READ, 40, PAYLOAD_NONE],
  [abi.FUSE_WRITE, 40, PAYLOAD_WRITE_DATA],
  [abi.FUSE_STATFS, 0, PAYLOAD_NONE],
  [abi.FUSE_RELEASE, 24, PAYLOAD_NONE],
  [abi.FUSE_FSYNC, 16, PAYLOAD_NONE],
  // 16 where SETXATTR_EXT is agreed (FIXED_BYTES_SETXATTR_EXT).
  [abi.FUSE_SETXATTR, 8, PAYLOAD_XATTR_NAME_AND_VALUE],
  [abi.FUSE_GETXATTR, 8, PAYLOAD_XATTR_NAME],
  [abi.FUSE_LISTXATTR, 8, PAYLOAD_NONE],
  [abi.FUSE_REMOVEXATTR, 0, PAYLOAD_XATTR_NAME],
  [abi.FUSE_FLUSH, 24, PAYLOAD_NONE],
  [abi.FUSE_INIT, 64, PAYLOAD_INIT],
  [abi.FUSE_OPENDIR, 8, PAYLOAD_NONE],
  [abi.FUSE_READDIR, 40, PAYLOAD_NONE],
  [abi.FUSE_RELEASEDIR, 24, PAYLOAD_NONE],
  [abi.FUSE_FSYNCDIR, 16, PAYLOAD_NONE],
  [abi.FUSE_GETLK, 48, PAYLOAD_NONE],
  [abi.FUSE_SETLK, 48, PAYLOAD_NONE],
  [abi.FUSE_SETLKW, 48, PAYLOAD_NONE],
  [abi.FUSE_ACCESS, 8, PAYLOAD_NONE],
  [abi.FUSE_CREATE, 16, PAYLOAD_NAME],
  [abi.FUSE_INTERRUPT, 8, PAYLOAD_NONE],
  [abi.FUSE_BMAP, 16, PAYLOAD_NONE],
  [abi.FUSE_DESTROY, 0, PAYLOAD_NONE],
  [abi.FUSE_IOCTL, 32, PAYLOAD_IOCTL_DATA],
  [abi.FUSE_POLL, 24, PAYLOAD_NONE],
  [abi.FUSE_NOTIFY_REPLY, 40, PAYLOAD_NONE],
  [abi.FUSE_BATCH_FORGET, 8, PAYLOAD_RECORDS],
  [abi.FUSE_FALLOCATE, 32, PAYLOAD_NONE],
  [abi.FUSE_READDIRPLUS, 40, PAYLOAD_NONE],
  [abi.FUSE_RENAME2, 16, PAYLOAD_TWO_NAMES],
  [abi.FUSE_LSEEK, 24, PAYLOAD_NONE],
  [abi.FUSE_COPY_FILE_RANGE, 56, PAYLOAD_NONE],
  [abi.FUSE_SETUPMAPPING, 40, PAYLOAD_NONE],
  [abi.FUSE_REMOVEMAPPING, 4, PAYLOAD_RECORDS],
  [abi.FUSE_SYNCFS, 8, PAYLOAD_NONE],
  [abi.FUSE_TMPFILE, 16, PAYLOAD_IGNORED_NAME],
  [abi.FUSE_STATX, 24, PAYLOAD_NONE],
  [abi.FUSE_COPY_FILE_RANGE_64, 56, PAYLOAD_NONE],
];

/** In FIXED_BYTES: the protocol has no such opcode. */
export const NO_SUCH_OPCODE = -1;

/** Size of the fixed part by opcode, or NO_SUCH_OPCODE. */
export const FIXED_BYTES: Int8Array = new Int8Array(abi.OPCODES_END).fill(NO_SUCH_OPCODE);
/** Kind of payload by opcode. */
export const PAYLOADS: Uint8Array = new Uint8Array(abi.OPCODES_END);

for (const [opcode, fixed_bytes, payload] of REQUEST_ROWS) {
  FIXED_BYTES[opcode] = fixed_bytes;
  PAYLOADS[opcode] = payload;
}

/** The same where INIT agreed on SETXATTR_EXT: a word of flags and one of padding more. */
export const FIXED_BYTES_SETXATTR_EXT: Int8Array = FIXED_BYTES.with(abi.FUSE_SETXATTR, 16);
