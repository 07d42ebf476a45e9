// Names of flag bits, for the trace only. Bit names stand in the order of the bits; "" is a bit without a name.

/** A set of flags: names by bit, and the name of zero when zero means something. */
export interface FlagNames {
  readonly bits: readonly string[];
  readonly zero: string;
}

function named(...bits: string[]): FlagNames {
  return { bits, zero: "" };
}

/** A flag word as `A|B|0x400` (what has no name stays a number). */
export function flags_text(value: number, names: FlagNames): string {
  if (value === 0) return names.zero;
  const texts: string[] = [];
  let rest = value;
  for (let bit = 0; bit < 32; bit++) {
    const mask = (1 << bit) >>> 0;
    const name = names.bits[bit];
    if (!name || (value & mask) === 0) continue;
    texts.push(name);
    rest = (rest & ~mask) >>> 0;
  }
  if (rest !== 0) texts.push(`0x${rest.toString(16)}`);
  return texts.join("|");
}

/** open(2) flags: the access mode is a number, not a bit, and some bits have other places on ARM. */
export function open_flags_text(value: number, architecture: string = Deno.build.arch): string {
  const access = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"][value & 3]!;
  const rest = flags_text((value & ~3) >>> 0, architecture === "aarch64" ? OPEN_AARCH64 : OPEN_X86_64);
  return rest === "" ? access : `${access}|${rest}`;
}

// Bits 0 and 1 are the access mode. O_SYNC is bits 12 and 20, O_TMPFILE is bit 22 and O_DIRECTORY.
const OPEN_LOW = ["", "", "", "", "", "", "O_CREAT", "O_EXCL", "O_NOCTTY", "O_TRUNC", "O_APPEND", "O_NONBLOCK"];
const OPEN_HIGH = ["O_NOATIME", "O_CLOEXEC", "O_SYNC", "O_PATH", "O_TMPFILE"];
const OPEN_X86_64 = named(
  ...OPEN_LOW,
  "O_DSYNC",
  "O_ASYNC",
  "O_DIRECT",
  "O_LARGEFILE",
  "O_DIRECTORY",
  "O_NOFOLLOW",
  ...OPEN_HIGH,
);
const OPEN_AARCH64 = named(
  ...OPEN_LOW,
  "O_DSYNC",
  "O_ASYNC",
  "O_DIRECTORY",
  "O_NOFOLLOW",
  "O_DIRECT",
  "O_LARGEFILE",
  ...OPEN_HIGH,
);

export const INIT_NAMES = named(
  "ASYNC_READ",
  "POSIX_LOCKS",
  "FILE_OPS",
  "ATOMIC_O_TRUNC",
  "EXPORT_SUPPORT",
  "BIG_WRITES",
  "DONT_MASK",
  "SPLICE_WRITE",
  "SPLICE_MOVE",
  "SPLICE_READ",
  "FLOCK_LOCKS",
  "HAS_IOCTL_DIR",
  "AUTO_INVAL_DATA",
  "DO_READDIRPLUS",
  "READDIRPLUS_AUTO",
  "ASYNC_DIO",
  "WRITEBACK_CACHE",
  "NO_OPEN_SUPPORT",
  "PARALLEL_DIROPS",
  "HANDLE_KILLPRIV",
  "POSIX_ACL",
  "ABORT_ERROR",
  "MAX_PAGES",
  "CACHE_SYMLINKS",
  "NO_OPENDIR_SUPPORT",
  "EXPLICIT_INVAL_DATA",
  "MAP_ALIGNMENT",
  "SUBMOUNTS",
  "HANDLE_KILLPRIV_V2",
  "SETXATTR_EXT",
  "INIT_EXT",
  "INIT_RESERVED",
);
export const INIT2_NAMES = named(
  "SECURITY_CTX",
  "HAS_INODE_DAX",
  "CREATE_SUPP_GROUP",
  "HAS_EXPIRE_ONLY",
  "DIRECT_IO_ALLOW_MMAP",
  "PASSTHROUGH",
  "NO_EXPORT_SUPPORT",
  "HAS_RESEND",
  "ALLOW_IDMAP",
  "OVER_IO_URING",
  "REQUEST_TIMEOUT",
);
export const FATTR_NAMES = named(
  "MODE",
  "UID",
  "GID",
  "SIZE",
  "ATIME",
  "MTIME",
  "FH",
  "ATIME_NOW",
  "MTIME_NOW",
  "LOCKOWNER",
  "CTIME",
  "KILL_SUIDGID",
);
export const FOPEN_NAMES = named(
  "DIRECT_IO",
  "KEEP_CACHE",
  "NONSEEKABLE",
  "CACHE_DIR",
  "STREAM",
  "NOFLUSH",
  "PARALLEL_DIRECT_WRITES",
  "PASSTHROUGH",
);
export const GETATTR_NAMES = named("FH");
export const OPEN_REQUEST_NAMES = named("KILL_SUIDGID");
export const READ_NAMES = named("", "LOCKOWNER");
export const WRITE_NAMES = named("CACHE", "LOCKOWNER", "KILL_SUIDGID");
export const RELEASE_NAMES = named("FLUSH", "FLOCK_UNLOCK");
export const FSYNC_NAMES = named("FDATASYNC");
export const LOCK_NAMES = named("FLOCK");
export const IOCTL_NAMES = named("COMPAT", "UNRESTRICTED", "RETRY", "32BIT", "DIR", "COMPAT_X32");
export const POLL_NAMES = named("SCHEDULE_NOTIFY");
export const XATTR_NAMES = named("XATTR_CREATE", "XATTR_REPLACE");
export const SETXATTR_NAMES = named("ACL_KILL_SGID");
export const RENAME_NAMES = named("RENAME_NOREPLACE", "RENAME_EXCHANGE", "RENAME_WHITEOUT");
export const ACCESS_NAMES: FlagNames = { bits: ["X_OK", "W_OK", "R_OK"], zero: "F_OK" };
export const FALLOCATE_NAMES = named(
  "FALLOC_FL_KEEP_SIZE",
  "FALLOC_FL_PUNCH_HOLE",
  "FALLOC_FL_NO_HIDE_STALE",
  "FALLOC_FL_COLLAPSE_RANGE",
  "FALLOC_FL_ZERO_RANGE",
  "FALLOC_FL_INSERT_RANGE",
  "FALLOC_FL_UNSHARE_RANGE",
);
export const STATX_MASK_NAMES = named(
  "STATX_TYPE",
  "STATX_MODE",
  "STATX_NLINK",
  "STATX_UID",
  "STATX_GID",
  "STATX_ATIME",
  "STATX_MTIME",
  "STATX_CTIME",
  "STATX_INO",
  "STATX_SIZE",
  "STATX_BLOCKS",
  "STATX_BTIME",
  "STATX_MNT_ID",
  "STATX_DIOALIGN",
);
