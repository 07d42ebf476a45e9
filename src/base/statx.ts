// The kernel's struct statx as typed arrays: written by sys (statx(2)), read by fuse (struct fuse_attr) and ops.
// struct statx has one layout on every CPU (include/uapi/linux/stat.h), which struct stat has not.

export const STATX_BYTES = 256;

// Offsets in 32-bit words, of the low word where a field has 64 bits.
export const STATX_MASK_WORD = 0;
export const STATX_BLKSIZE_WORD = 1;
export const STATX_ATTRIBUTES_WORD = 2;
export const STATX_NLINK_WORD = 4;
export const STATX_UID_WORD = 5;
export const STATX_GID_WORD = 6;
/** stx_mode is a 16-bit field; this is its offset in 16-bit units. */
export const STATX_MODE_HALF = 14;
export const STATX_INO_WORD = 8;
export const STATX_SIZE_WORD = 10;
export const STATX_BLOCKS_WORD = 12;
export const STATX_ATIME_WORD = 16;
export const STATX_BTIME_WORD = 20;
export const STATX_CTIME_WORD = 24;
export const STATX_MTIME_WORD = 28;
export const STATX_RDEV_MAJOR_WORD = 32;
export const STATX_RDEV_MINOR_WORD = 33;
export const STATX_DEV_MAJOR_WORD = 34;
export const STATX_DEV_MINOR_WORD = 35;

export const STATX_BASIC_STATS = 0x7ff;
export const STATX_BTIME = 0x800;

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;
export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
export const S_ISVTX = 0o1000;

/** Size, modification and change time: what changes whenever data or attributes of an object do. */
export const STATE_WORDS = [
  STATX_SIZE_WORD,
  STATX_SIZE_WORD + 1,
  STATX_MTIME_WORD,
  STATX_MTIME_WORD + 1,
  STATX_MTIME_WORD + 2,
  STATX_CTIME_WORD,
  STATX_CTIME_WORD + 1,
  STATX_CTIME_WORD + 2,
] as const;

/** Memory for one statx(2) result. Made once, filled many times. */
export class StatxBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly halves: Uint16Array<ArrayBuffer>;

  constructor() {
    this.bytes = new Uint8Array(STATX_BYTES);
    this.words = new Uint32Array(this.bytes.buffer);
    this.halves = new Uint16Array(this.bytes.buffer);
  }

  /** File type and permission bits, st_mode. */
  get mode(): number {
    return this.halves[STATX_MODE_HALF]!;
  }

  set mode(mode: number) {
    this.halves[STATX_MODE_HALF] = mode;
  }

  get nlink(): number {
    return this.words[STATX_NLINK_WORD]!;
  }

  get uid(): number {
    return this.words[STATX_UID_WORD]!;
  }

  get gid(): number {
    return this.words[STATX_GID_WORD]!;
  }

  /** Size in bytes; exact up to 2^53. */
  get size_bytes(): number {
    return this.words[STATX_SIZE_WORD]! + this.words[STATX_SIZE_WORD + 1]! * 0x1_0000_0000;
  }

  /** Modification time, whole seconds since the epoch, negative before 1970. */
  get mtime_s(): number {
    return this.words[STATX_MTIME_WORD]! + (this.words[STATX_MTIME_WORD + 1]! | 0) * 0x1_0000_0000;
  }

  /** Change time, whole seconds since the epoch. */
  get ctime_s(): number {
    return this.words[STATX_CTIME_WORD]! + (this.words[STATX_CTIME_WORD + 1]! | 0) * 0x1_0000_0000;
  }

  get is_directory(): boolean {
    return (this.mode & S_IFMT) === S_IFDIR;
  }

  get is_regular(): boolean {
    return (this.mode & S_IFMT) === S_IFREG;
  }

  get is_symlink(): boolean {
    return (this.mode & S_IFMT) === S_IFLNK;
  }

  /** True when size, modification and change time are the same: nobody has changed the object in between. */
  is_same_state(other: StatxBuffer): boolean {
    for (const word of STATE_WORDS) if (this.words[word] !== other.words[word]) return false;
    return true;
  }

  /** True when both describe one object: same device and inode number. */
  is_same_object(other: StatxBuffer): boolean {
    return this.words[STATX_INO_WORD] === other.words[STATX_INO_WORD] &&
      this.words[STATX_INO_WORD + 1] === other.words[STATX_INO_WORD + 1] &&
      this.words[STATX_DEV_MAJOR_WORD] === other.words[STATX_DEV_MAJOR_WORD] &&
      this.words[STATX_DEV_MINOR_WORD] === other.words[STATX_DEV_MINOR_WORD];
  }
}
