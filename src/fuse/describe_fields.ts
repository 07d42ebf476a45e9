// Which fields the trace shows for every opcode: where each lies in the request's fixed part or in the reply's body, and
// how it is written. One literal row per opcode. Words of people who know the protocol: the field names of the kernel.

import * as abi from "./abi.ts";
import * as names from "./flag_names.ts";

/** How a field is written. */
export type FieldKind = "u32" | "i32" | "u64" | "i64" | "octal" | "hex" | "time" | "open" | "low16" | "high16";

/**
 * One field: its name, kind and word offset. A third number is the word of a time's nanoseconds; a table makes
 * `name_str="A|B"` follow the value.
 */
export type Field = readonly [name: string, kind: FieldKind, word: number, extra?: number | names.FlagNames];

const FH: Field = ["fh", "u64", 0];
const READ: readonly Field[] = [
  FH,
  ["offset", "i64", 2],
  ["size", "u32", 4],
  ["read_flags", "hex", 5, names.READ_NAMES],
  ["lock_owner", "u64", 6],
  ["flags", "open", 8],
];
const RELEASE: readonly Field[] = [
  FH,
  ["flags", "open", 2],
  ["release_flags", "hex", 3, names.RELEASE_NAMES],
  ["lock_owner", "u64", 4],
];
const OPEN: readonly Field[] = [["flags", "open", 0], ["open_flags", "hex", 1, names.OPEN_REQUEST_NAMES]];
const FSYNC: readonly Field[] = [FH, ["fsync_flags", "hex", 2, names.FSYNC_NAMES]];
const CREATE: readonly Field[] = [
  ["flags", "open", 0],
  ["mode", "octal", 1],
  ["umask", "octal", 2],
  ["open_flags", "hex", 3, names.OPEN_REQUEST_NAMES],
];
const COPY: readonly Field[] = [
  ["fh_in", "u64", 0],
  ["off_in", "i64", 2],
  ["nodeid_out", "u64", 4],
  ["fh_out", "u64", 6],
  ["off_out", "i64", 8],
  ["size", "u64", 10],
  ["flags", "u64", 12],
];
const LOCK: readonly Field[] = [
  FH,
  ["owner", "u64", 2],
  ["start", "u64", 4],
  ["end", "u64", 6],
  ["type", "u32", 8],
  ["lock_pid", "u32", 9],
  ["lk_flags", "hex", 10, names.LOCK_NAMES],
];

/** Fixed parts of requests, by opcode. */
export const REQUEST_FIELDS: Readonly<Record<number, readonly Field[]>> = {
  [abi.FUSE_LOOKUP]: [],
  [abi.FUSE_FORGET]: [["nlookup", "u64", 0]],
  [abi.FUSE_GETATTR]: [["getattr_flags", "hex", 0, names.GETATTR_NAMES], ["fh", "u64", 2]],
  [abi.FUSE_SETATTR]: [
    ["valid", "hex", 0, names.FATTR_NAMES],
    ["fh", "u64", 2],
    ["size", "u64", 4],
    ["lock_owner", "u64", 6],
    ["atime", "time", 8, 14],
    ["mtime", "time", 10, 15],
    ["ctime", "time", 12, 16],
    ["mode", "octal", 17],
    ["new_uid", "u32", 19],
    ["new_gid", "u32", 20],
  ],
  [abi.FUSE_READLINK]: [],
  [abi.FUSE_SYMLINK]: [],
  [abi.FUSE_MKNOD]: [["mode", "octal", 0], ["rdev", "hex", 1], ["umask", "octal", 2]],
  [abi.FUSE_MKDIR]: [["mode", "octal", 0], ["umask", "octal", 1]],
  [abi.FUSE_UNLINK]: [],
  [abi.FUSE_RMDIR]: [],
  [abi.FUSE_RENAME]: [["newdir", "u64", 0]],
  [abi.FUSE_LINK]: [["oldnodeid", "u64", 0]],
  [abi.FUSE_OPEN]: OPEN,
  [abi.FUSE_READ]: READ,
  [abi.FUSE_WRITE]: [
    FH,
    ["offset", "i64", 2],
    ["size", "u32", 4],
    ["write_flags", "hex", 5, names.WRITE_NAMES],
    ["lock_owner", "u64", 6],
    ["flags", "open", 8],
  ],
  [abi.FUSE_STATFS]: [],
  [abi.FUSE_RELEASE]: RELEASE,
  [abi.FUSE_FSYNC]: FSYNC,
  [abi.FUSE_SETXATTR]: [
    ["size", "u32", 0],
    ["flags", "hex", 1, names.XATTR_NAMES],
    ["setxattr_flags", "hex", 2, names.SETXATTR_NAMES],
  ],
  [abi.FUSE_GETXATTR]: [["size", "u32", 0]],
  [abi.FUSE_LISTXATTR]: [["size", "u32", 0]],
  [abi.FUSE_REMOVEXATTR]: [],
  [abi.FUSE_FLUSH]: [FH, ["lock_owner", "u64", 4]],
  [abi.FUSE_INIT]: [
    ["major", "u32", 0],
    ["minor", "u32", 1],
    ["max_readahead", "u32", 2],
    ["flags", "hex", 3, names.INIT_NAMES],
    ["flags2", "hex", 4, names.INIT2_NAMES],
  ],
  [abi.FUSE_OPENDIR]: OPEN,
  [abi.FUSE_READDIR]: READ,
  [abi.FUSE_RELEASEDIR]: RELEASE,
  [abi.FUSE_FSYNCDIR]: FSYNC,
  [abi.FUSE_GETLK]: LOCK,
  [abi.FUSE_SETLK]: LOCK,
  [abi.FUSE_SETLKW]: LOCK,
  [abi.FUSE_ACCESS]: [["mask", "octal", 0, names.ACCESS_NAMES]],
  [abi.FUSE_CREATE]: CREATE,
  [abi.FUSE_INTERRUPT]: [["target_unique", "u64", 0]],
  [abi.FUSE_BMAP]: [["block", "u64", 0], ["blocksize", "u32", 2]],
  [abi.FUSE_DESTROY]: [],
  [abi.FUSE_IOCTL]: [
    FH,
    ["flags", "hex", 2, names.IOCTL_NAMES],
    ["cmd", "hex", 3],
    ["arg", "u64", 4],
    ["in_size", "u32", 6],
    ["out_size", "u32", 7],
  ],
  [abi.FUSE_POLL]: [FH, ["kh", "u64", 2], ["flags", "hex", 4, names.POLL_NAMES], ["events", "hex", 5]],
  [abi.FUSE_NOTIFY_REPLY]: [["offset", "i64", 2], ["size", "u32", 4]],
  [abi.FUSE_BATCH_FORGET]: [["count", "u32", 0]],
  [abi.FUSE_FALLOCATE]: [
    FH,
    ["offset", "i64", 2],
    ["length", "i64", 4],
    ["mode", "hex", 6, names.FALLOCATE_NAMES],
  ],
  [abi.FUSE_READDIRPLUS]: READ,
  [abi.FUSE_RENAME2]: [["newdir", "u64", 0], ["flags", "hex", 2, names.RENAME_NAMES]],
  [abi.FUSE_LSEEK]: [FH, ["offset", "i64", 2], ["whence", "u32", 4]],
  [abi.FUSE_COPY_FILE_RANGE]: COPY,
  [abi.FUSE_SETUPMAPPING]: [
    FH,
    ["foffset", "u64", 2],
    ["size", "u64", 4],
    ["flags", "u64", 6],
    ["moffset", "u64", 8],
  ],
  [abi.FUSE_REMOVEMAPPING]: [["count", "u32", 0]],
  [abi.FUSE_SYNCFS]: [],
  [abi.FUSE_TMPFILE]: CREATE,
  [abi.FUSE_STATX]: [
    ["getattr_flags", "hex", 0, names.GETATTR_NAMES],
    ["fh", "u64", 2],
    ["sx_flags", "hex", 4],
    ["sx_mask", "hex", 5, names.STATX_MASK_NAMES],
  ],
  [abi.FUSE_COPY_FILE_RANGE_64]: COPY,
};

function attr_at(word: number): Field[] {
  return [
    ["ino", "u64", word],
    ["size", "u64", word + 2],
    ["blocks", "u64", word + 4],
    ["atime", "time", word + 6, word + 12],
    ["mtime", "time", word + 8, word + 13],
    ["ctime", "time", word + 10, word + 14],
    ["mode", "octal", word + 15],
    ["nlink", "u32", word + 16],
    ["uid", "u32", word + 17],
    ["gid", "u32", word + 18],
    ["rdev", "hex", word + 19],
    ["blksize", "u32", word + 20],
  ];
}

function open_at(word: number): Field[] {
  return [["fh", "u64", word], ["open_flags", "hex", word + 2, names.FOPEN_NAMES], ["backing_id", "i32", word + 3]];
}

const ENTRY_OUT: readonly Field[] = [
  ["nodeid", "u64", 0],
  ["generation", "u64", 2],
  ["entry_valid", "time", 4, 8],
  ["attr_valid", "time", 6, 9],
  ...attr_at(10),
];
const ATTR_OUT: readonly Field[] = [["attr_valid", "time", 0, 2], ...attr_at(4)];
const CREATE_OUT: readonly Field[] = [...ENTRY_OUT, ...open_at(abi.ENTRY_OUT_BYTES / 4)];
const WRITE_OUT: readonly Field[] = [["size", "u32", 0]];

/** Bodies of replies, by opcode. A reply without a row here has no body, or one that is data. */
export const REPLY_FIELDS: Readonly<Record<number, readonly Field[]>> = {
  [abi.FUSE_LOOKUP]: ENTRY_OUT,
  [abi.FUSE_GETATTR]: ATTR_OUT,
  [abi.FUSE_SETATTR]: ATTR_OUT,
  [abi.FUSE_SYMLINK]: ENTRY_OUT,
  [abi.FUSE_MKNOD]: ENTRY_OUT,
  [abi.FUSE_MKDIR]: ENTRY_OUT,
  [abi.FUSE_LINK]: ENTRY_OUT,
  [abi.FUSE_OPEN]: open_at(0),
  [abi.FUSE_OPENDIR]: open_at(0),
  [abi.FUSE_CREATE]: CREATE_OUT,
  [abi.FUSE_TMPFILE]: CREATE_OUT,
  [abi.FUSE_WRITE]: WRITE_OUT,
  [abi.FUSE_COPY_FILE_RANGE]: WRITE_OUT,
  [abi.FUSE_COPY_FILE_RANGE_64]: [["bytes_copied", "u64", 0]],
  [abi.FUSE_STATFS]: [
    ["blocks", "u64", 0],
    ["bfree", "u64", 2],
    ["bavail", "u64", 4],
    ["files", "u64", 6],
    ["ffree", "u64", 8],
    ["bsize", "u32", 10],
    ["namelen", "u32", 11],
    ["frsize", "u32", 12],
  ],
  [abi.FUSE_INIT]: [
    ["major", "u32", 0],
    ["minor", "u32", 1],
    ["max_readahead", "u32", 2],
    ["flags", "hex", 3, names.INIT_NAMES],
    ["max_background", "low16", 4],
    ["congestion_threshold", "high16", 4],
    ["max_write", "u32", 5],
    ["time_gran", "u32", 6],
    ["max_pages", "low16", 7],
    ["flags2", "hex", 8, names.INIT2_NAMES],
    ["max_stack_depth", "u32", 9],
  ],
  [abi.FUSE_IOCTL]: [["result", "i32", 0], ["flags", "hex", 1, names.IOCTL_NAMES]],
  [abi.FUSE_POLL]: [["revents", "hex", 0]],
  [abi.FUSE_LSEEK]: [["offset", "i64", 0]],
  [abi.FUSE_STATX]: [
    ["attr_valid", "time", 0, 2],
    ["flags", "hex", 3],
    ["mask", "hex", 8, names.STATX_MASK_NAMES],
    ["blksize", "u32", 9],
    ["nlink", "u32", 12],
    ["uid", "u32", 13],
    ["gid", "u32", 14],
    ["mode", "octal", 15],
    ["ino", "u64", 16],
    ["size", "u64", 18],
    ["blocks", "u64", 20],
    ["atime", "time", 24, 26],
    ["btime", "time", 28, 30],
    ["ctime", "time", 32, 34],
    ["mtime", "time", 36, 38],
  ],
};

/** Bodies of those notices that are sent, by kind. */
export const NOTICE_FIELDS: Readonly<Record<number, readonly Field[]>> = {
  [abi.FUSE_NOTIFY_INVAL_INODE]: [["nodeid", "u64", 0], ["offset", "i64", 2], ["length", "i64", 4]],
};
