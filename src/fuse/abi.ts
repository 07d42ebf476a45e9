// The numbers of the FUSE wire protocol, up to 7.45 (Linux 6.18). Source: include/uapi/linux/fuse.h of the kernel;
// the names are the kernel's, so that a reader can look each of them up there.

export const FUSE_KERNEL_VERSION = 7;
export const FUSE_KERNEL_MINOR_VERSION = 45;
export const FUSE_ROOT_ID = 1;

// Requests.
export const FUSE_LOOKUP = 1;
export const FUSE_FORGET = 2;
export const FUSE_GETATTR = 3;
export const FUSE_SETATTR = 4;
export const FUSE_READLINK = 5;
export const FUSE_SYMLINK = 6;
export const FUSE_MKNOD = 8;
export const FUSE_MKDIR = 9;
export const FUSE_UNLINK = 10;
export const FUSE_RMDIR = 11;
export const FUSE_RENAME = 12;
export const FUSE_LINK = 13;
export const FUSE_OPEN = 14;
export const FUSE_READ = 15;
export const FUSE_WRITE = 16;
export const FUSE_STATFS = 17;
export const FUSE_RELEASE = 18;
export const FUSE_FSYNC = 20;
export const FUSE_SETXATTR = 21;
export const FUSE_GETXATTR = 22;
export const FUSE_LISTXATTR = 23;
export const FUSE_REMOVEXATTR = 24;
export const FUSE_FLUSH = 25;
export const FUSE_INIT = 26;
export const FUSE_OPENDIR = 27;
export const FUSE_READDIR = 28;
export const FUSE_RELEASEDIR = 29;
export const FUSE_FSYNCDIR = 30;
export const FUSE_GETLK = 31;
export const FUSE_SETLK = 32;
export const FUSE_SETLKW = 33;
export const FUSE_ACCESS = 34;
export const FUSE_CREATE = 35;
export const FUSE_INTERRUPT = 36;
export const FUSE_BMAP = 37;
export const FUSE_DESTROY = 38;
export const FUSE_IOCTL = 39;
export const FUSE_POLL = 40;
export const FUSE_NOTIFY_REPLY = 41;
export const FUSE_BATCH_FORGET = 42;
export const FUSE_FALLOCATE = 43;
export const FUSE_READDIRPLUS = 44;
export const FUSE_RENAME2 = 45;
export const FUSE_LSEEK = 46;
export const FUSE_COPY_FILE_RANGE = 47;
export const FUSE_SETUPMAPPING = 48;
export const FUSE_REMOVEMAPPING = 49;
export const FUSE_SYNCFS = 50;
export const FUSE_TMPFILE = 51;
export const FUSE_STATX = 52;
export const FUSE_COPY_FILE_RANGE_64 = 53;

/** One past the highest opcode that has a meaning here: the length of tables indexed by opcode. */
export const OPCODES_END = 54;

/** Names by opcode; `""` where the protocol has a hole. */
export const OPCODE_NAMES: readonly string[] = [
  "",
  "LOOKUP",
  "FORGET",
  "GETATTR",
  "SETATTR",
  "READLINK",
  "SYMLINK",
  "",
  "MKNOD",
  "MKDIR",
  "UNLINK",
  "RMDIR",
  "RENAME",
  "LINK",
  "OPEN",
  "READ",
  "WRITE",
  "STATFS",
  "RELEASE",
  "",
  "FSYNC",
  "SETXATTR",
  "GETXATTR",
  "LISTXATTR",
  "REMOVEXATTR",
  "FLUSH",
  "INIT",
  "OPENDIR",
  "READDIR",
  "RELEASEDIR",
  "FSYNCDIR",
  "GETLK",
  "SETLK",
  "SETLKW",
  "ACCESS",
  "CREATE",
  "INTERRUPT",
  "BMAP",
  "DESTROY",
  "IOCTL",
  "POLL",
  "NOTIFY_REPLY",
  "BATCH_FORGET",
  "FALLOCATE",
  "READDIRPLUS",
  "RENAME2",
  "LSEEK",
  "COPY_FILE_RANGE",
  "SETUPMAPPING",
  "REMOVEMAPPING",
  "SYNCFS",
  "TMPFILE",
  "STATX",
  "COPY_FILE_RANGE_64",
];

/** `FUSE_LOOKUP` → `"LOOKUP"`; `"UNKNOWN"` for a number the protocol does not have (up to 7.45). */
export function opcode_name(opcode: number): string {
  return OPCODE_NAMES[opcode] || "UNKNOWN";
}

// Sizes in bytes.
export const IN_HEADER_BYTES = 40;
export const OUT_HEADER_BYTES = 16;
export const ATTR_BYTES = 88;
/** struct fuse_entry_out up to its attributes. */
export const ENTRY_HEAD_BYTES = 40;
export const ENTRY_OUT_BYTES = 128;
/** struct fuse_attr_out up to its attributes. */
export const ATTR_OUT_HEAD_BYTES = 16;
export const ATTR_OUT_BYTES = 104;
export const OPEN_OUT_BYTES = 16;
export const CREATE_OUT_BYTES = ENTRY_OUT_BYTES + OPEN_OUT_BYTES;
export const WRITE_OUT_BYTES = 8;
export const STATFS_OUT_BYTES = 80;
/** struct fuse_statx_out up to its struct statx. */
export const STATX_OUT_HEAD_BYTES = 32;
export const STATX_OUT_BYTES = 288;
export const GETXATTR_OUT_BYTES = 8;
export const LSEEK_OUT_BYTES = 8;
export const COPY_FILE_RANGE_OUT_BYTES = 8;
export const IOCTL_OUT_BYTES = 16;
export const POLL_OUT_BYTES = 8;
export const INIT_IN_BYTES = 64;
/** What kernels before 7.36 send. */
export const INIT_IN_SHORT_BYTES = 16;
export const INIT_OUT_BYTES = 64;
/** The reply that kernels before 7.23 understand. */
export const INIT_OUT_7_22_BYTES = 24;
/** The reply that kernels before 7.5 understand. */
export const INIT_OUT_7_4_BYTES = 8;
/** struct fuse_dirent up to its name. */
export const DIRENT_HEAD_BYTES = 24;
/** struct fuse_direntplus up to its name. */
export const DIRENTPLUS_HEAD_BYTES = ENTRY_OUT_BYTES + DIRENT_HEAD_BYTES;
export const FORGET_ONE_BYTES = 16;
export const REMOVEMAPPING_ONE_BYTES = 16;
/** Shortest buffer that read(2) on the device accepts. */
export const FUSE_MIN_READ_BUFFER_BYTES = 8192;

/** d_type of directory entries: bits 12 to 15 of st_mode. */
export const DT_UNKNOWN = 0;
export const DT_FIFO = 1;
export const DT_CHR = 2;
export const DT_DIR = 4;
export const DT_BLK = 6;
export const DT_REG = 8;
export const DT_LNK = 10;
export const DT_SOCK = 12;

// fuse_setattr_in.valid
export const FATTR_MODE = 1 << 0;
export const FATTR_UID = 1 << 1;
export const FATTR_GID = 1 << 2;
export const FATTR_SIZE = 1 << 3;
export const FATTR_ATIME = 1 << 4;
export const FATTR_MTIME = 1 << 5;
export const FATTR_FH = 1 << 6;
export const FATTR_ATIME_NOW = 1 << 7;
export const FATTR_MTIME_NOW = 1 << 8;
export const FATTR_LOCKOWNER = 1 << 9;
export const FATTR_CTIME = 1 << 10;
export const FATTR_KILL_SUIDGID = 1 << 11;

// fuse_open_out.open_flags
export const FOPEN_DIRECT_IO = 1 << 0;
export const FOPEN_KEEP_CACHE = 1 << 1;
export const FOPEN_NONSEEKABLE = 1 << 2;
export const FOPEN_CACHE_DIR = 1 << 3;
export const FOPEN_STREAM = 1 << 4;
export const FOPEN_NOFLUSH = 1 << 5;
export const FOPEN_PARALLEL_DIRECT_WRITES = 1 << 6;
export const FOPEN_PASSTHROUGH = 1 << 7;

// fuse_init_in.flags and fuse_init_out.flags: bits 0 to 31 of the protocol's 64.
export const INIT_ASYNC_READ = 1 << 0;
export const INIT_POSIX_LOCKS = 1 << 1;
export const INIT_FILE_OPS = 1 << 2;
export const INIT_ATOMIC_O_TRUNC = 1 << 3;
export const INIT_EXPORT_SUPPORT = 1 << 4;
export const INIT_BIG_WRITES = 1 << 5;
export const INIT_DONT_MASK = 1 << 6;
export const INIT_SPLICE_WRITE = 1 << 7;
export const INIT_SPLICE_MOVE = 1 << 8;
export const INIT_SPLICE_READ = 1 << 9;
export const INIT_FLOCK_LOCKS = 1 << 10;
export const INIT_HAS_IOCTL_DIR = 1 << 11;
export const INIT_AUTO_INVAL_DATA = 1 << 12;
export const INIT_DO_READDIRPLUS = 1 << 13;
export const INIT_READDIRPLUS_AUTO = 1 << 14;
export const INIT_ASYNC_DIO = 1 << 15;
export const INIT_WRITEBACK_CACHE = 1 << 16;
export const INIT_NO_OPEN_SUPPORT = 1 << 17;
export const INIT_PARALLEL_DIROPS = 1 << 18;
export const INIT_HANDLE_KILLPRIV = 1 << 19;
export const INIT_POSIX_ACL = 1 << 20;
export const INIT_ABORT_ERROR = 1 << 21;
export const INIT_MAX_PAGES = 1 << 22;
export const INIT_CACHE_SYMLINKS = 1 << 23;
export const INIT_NO_OPENDIR_SUPPORT = 1 << 24;
export const INIT_EXPLICIT_INVAL_DATA = 1 << 25;
export const INIT_MAP_ALIGNMENT = 1 << 26;
export const INIT_SUBMOUNTS = 1 << 27;
export const INIT_HANDLE_KILLPRIV_V2 = 1 << 28;
export const INIT_SETXATTR_EXT = 1 << 29;
export const INIT_INIT_EXT = 1 << 30;
export const INIT_INIT_RESERVED = (1 << 31) >>> 0;

// fuse_init_in.flags2 and fuse_init_out.flags2: bits 32 to 63. They count only when both sides set INIT_INIT_EXT.
export const INIT2_SECURITY_CTX = 1 << 0;
export const INIT2_HAS_INODE_DAX = 1 << 1;
export const INIT2_CREATE_SUPP_GROUP = 1 << 2;
export const INIT2_HAS_EXPIRE_ONLY = 1 << 3;
export const INIT2_DIRECT_IO_ALLOW_MMAP = 1 << 4;
export const INIT2_PASSTHROUGH = 1 << 5;
export const INIT2_NO_EXPORT_SUPPORT = 1 << 6;
export const INIT2_HAS_RESEND = 1 << 7;
export const INIT2_ALLOW_IDMAP = 1 << 8;
export const INIT2_OVER_IO_URING = 1 << 9;
export const INIT2_REQUEST_TIMEOUT = 1 << 10;

// Flags inside requests.
export const FUSE_GETATTR_FH = 1 << 0;
export const FUSE_LK_FLOCK = 1 << 0;
export const FUSE_READ_LOCKOWNER = 1 << 1;
export const FUSE_WRITE_CACHE = 1 << 0;
export const FUSE_WRITE_LOCKOWNER = 1 << 1;
export const FUSE_WRITE_KILL_SUIDGID = 1 << 2;
export const FUSE_RELEASE_FLUSH = 1 << 0;
export const FUSE_RELEASE_FLOCK_UNLOCK = 1 << 1;
export const FUSE_OPEN_KILL_SUIDGID = 1 << 0;
export const FUSE_FSYNC_FDATASYNC = 1 << 0;
export const FUSE_SETXATTR_ACL_KILL_SGID = 1 << 0;
export const FUSE_POLL_SCHEDULE_NOTIFY = 1 << 0;
export const FUSE_IOCTL_COMPAT = 1 << 0;
export const FUSE_IOCTL_UNRESTRICTED = 1 << 1;
export const FUSE_IOCTL_RETRY = 1 << 2;
export const FUSE_IOCTL_32BIT = 1 << 3;
export const FUSE_IOCTL_DIR = 1 << 4;
export const FUSE_IOCTL_COMPAT_X32 = 1 << 5;
/** uid and gid of a request whose caller has no identity in this mount (ALLOW_IDMAP). */
export const FUSE_INVALID_UIDGID = 0xffff_ffff;
/** High word of `unique` in a request that was sent again after FUSE_NOTIFY_RESEND. */
export const FUSE_UNIQUE_RESEND_HIGH = 0x8000_0000;
/** FUSE_ATTR_SUBMOUNT, FUSE_ATTR_DAX: fuse_attr.flags. Never set by us. */
export const FUSE_ATTR_SUBMOUNT = 1 << 0;
export const FUSE_ATTR_DAX = 1 << 1;

// Notifications: the `error` field of a message with unique 0.
export const FUSE_NOTIFY_POLL = 1;
export const FUSE_NOTIFY_INVAL_INODE = 2;
export const FUSE_NOTIFY_INVAL_ENTRY = 3;
export const FUSE_NOTIFY_STORE = 4;
export const FUSE_NOTIFY_RETRIEVE = 5;
export const FUSE_NOTIFY_DELETE = 6;
export const FUSE_NOTIFY_RESEND = 7;
export const FUSE_NOTIFY_INC_EPOCH = 8;
export const FUSE_NOTIFY_PRUNE = 9;
const NOTIFY_NAMES = ["", "POLL", "INVAL_INODE", "INVAL_ENTRY", "STORE", "RETRIEVE", "DELETE", "RESEND", "INC_EPOCH"];

/** `FUSE_NOTIFY_STORE` → `"STORE"`; `"UNKNOWN"` for what is never sent. */
export function notify_name(kind: number): string {
  return NOTIFY_NAMES[kind] || "UNKNOWN";
}

/** Flag of INVAL_ENTRY: let the entry expire instead of dropping it (needs HAS_EXPIRE_ONLY). */
export const FUSE_EXPIRE_ONLY = 1 << 0;

// ioctl(2) numbers of the device: type 229.
export const FUSE_DEV_IOC_CLONE = 0x8004_e500;
export const FUSE_DEV_IOC_BACKING_OPEN = 0x4010_e501;
export const FUSE_DEV_IOC_BACKING_CLOSE = 0x4004_e502;
/** struct fuse_backing_map: fd (i32), flags (u32, 0), padding (u64, 0). */
export const BACKING_MAP_BYTES = 16;
