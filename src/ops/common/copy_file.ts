// A complete, durable copy of a file for the place where it is to be (operations §6, departures D2): data with its holes,
// owner, mode, extended attributes, ACLs, flags, times. Until it is put in its place nothing else has changed. It has no name
// before that (O_TMPFILE), so that a killed daemon leaves nothing behind. Where a filesystem has no such files (NFS, FAT) it
// is called `.NAME_` and six letters or digits; what is left of it is harmless, and nobody could tell it from a user's file.
import { copy_bytes } from "../../base/bytes.ts";
import { EAGAIN, EEXIST, EINVAL, EIO, ENOENT, ENOTTY, EOPNOTSUPP, EPERM, ESTALE } from "../../base/errno.ts";
import { NAME_MAX_BYTES } from "../../base/limits.ts";
import { StatxBuffer } from "../../base/statx.ts";
import {
  close,
  fsync,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
} from "../../sys/file.ts";
import {
  AT_FDCWD,
  AT_SYMLINK_FOLLOW,
  fchmod,
  fchown,
  fstat,
  futimens,
  linkat,
  lstat,
  openat,
  RENAME_NOREPLACE,
  renameat2,
  unlinkat,
} from "../../sys/path.ts";
import { futex_wait } from "../../sys/memory.ts";
import { fstatvfs, StatvfsBuffer } from "../../sys/space.ts";
import { copy_data } from "./copy_data.ts";
import { copy_xattrs, drop_inherited_acls, file_flags, set_file_flags, times_of } from "./copy_metadata.ts";
import { proc_path } from "./proc_path.ts";
import { random_name } from "./random_name.ts";

const NAME_ATTEMPTS = 3;
/** How often a copy is made anew because the file changed under it. */
const ROUNDS_MAX = 3;
/** Dot, underscore and six letters around the name. */
const ADDED_BYTES = 8;
const RANDOM_LETTERS = 6;
const DOT = 0x2e;
const UNDERSCORE = 0x5f;
const HERE = new Uint8Array([DOT, 0]);

// Flags of chattr(1) (linux/fs.h). Those that a user may set, without the two that would forbid to give the copy its name;
// the rest says how the filesystem itself stores the file.
const FS_FIXED = 0x10 | 0x20;
const FS_KEPT = 0x0083_c4ff & ~FS_FIXED;

/** The longest there is, CONFIG_HZ=100, and a little. */
const CLOCK_TICK_MS = 11;
const NEVER_WOKEN = new Uint8Array(4);

const space = new StatvfsBuffer();
const stat = new StatxBuffer();

/** The file may be neither renamed nor removed: it is immutable or append-only (chattr +i, +a). */
export function is_fixed(fd: number): boolean {
  const flags = file_flags(fd);
  return flags >= 0 && (flags & FS_FIXED) !== 0;
}

/** Makes what was done in a directory durable; the descriptor may be an O_PATH one. Returns 0 or -errno. */
export function fsync_directory(directory: number): number {
  const fd = openat(directory, HERE, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return fd;
  const result = fsync(fd);
  close(fd);
  return result === -EINVAL ? 0 : result; // this filesystem has no such thing
}

/** One copy. Made once per worker and use, and used again. */
export class FileCopy {
  /** Open for reading and writing while there is a copy; else -1. */
  fd = -1;
  /** What the source was when it was copied. */
  readonly source = new StatxBuffer();
  /** Extended attributes that the copy has not, because its filesystem has none of the kind. */
  attributes_lost = 0;
  /** Temporary, while the copy has one. */
  private readonly name = new Uint8Array(NAME_MAX_BYTES + 1);
  private letters_at = 0;
  private is_named = false;

  /**
   * Copies what the descriptor `from` stands for, be it an O_PATH one, into a new file in `directory` that is called after
   * `name`. The copy is on disk when this returns 0. After -errno nothing is left; -EAGAIN: the file does not stop changing.
   */
  make(from: number, directory: number, name: Uint8Array): number {
    const reader = open_reader(from);
    if (reader < 0) return reader;
    let result = -EAGAIN;
    for (let round = 0; round < ROUNDS_MAX && result === -EAGAIN; round++) {
      result = this.copy_once(reader, directory, name);
      if (result < 0) this.discard(directory);
    }
    close(reader);
    return result;
  }

  /** Whether the file is still what was copied: nobody outside the pool has changed it, and it has no further name. */
  is_true_to(from: number): boolean {
    return fstat(from, stat) === 0 && stat.is_same_object(this.source) && stat.is_same_state(this.source) &&
      stat.nlink === this.source.nlink;
  }

  /**
   * Gives the copy its name, durably. With RENAME_NOREPLACE -EEXIST when there is one already; with 0 that is replaced.
   * Returns 0 or -errno; whether the name has been given then, `discard` finds out.
   */
  put(directory: number, target: number, name: Uint8Array<ArrayBuffer>, flags: number): number {
    const is_direct = !this.is_named && flags === RENAME_NOREPLACE;
    const result = is_direct ? this.link(target, name) : this.rename(directory, target, name, flags);
    if (result < 0) return result;
    // Whoever may write in the directory could have put another file under the temporary name.
    return this.is_at(target, name) ? fsync_directory(target) : -ESTALE;
  }

  // The file goes to the disk once more: it has been a file without names so far, and such ones are cleared away.
  private link(directory: number, name: Uint8Array<ArrayBuffer>): number {
    const result = linkat(AT_FDCWD, proc_path(this.fd), directory, name, AT_SYMLINK_FOLLOW);
    return result < 0 ? result : fsync(this.fd);
  }

  // A link replaces nothing: for that the copy gets a temporary name first.
  private rename(directory: number, target: number, name: Uint8Array<ArrayBuffer>, flags: number): number {
    const named = this.is_named ? 0 : this.with_new_name((temporary) => this.link(directory, temporary));
    if (named < 0) return named;
    this.is_named = true;
    const result = renameat2(directory, this.name, target, name, flags);
    if (result !== -EINVAL || flags !== RENAME_NOREPLACE) return result;
    return lstat(target, name, stat) === -ENOENT ? renameat2(directory, this.name, target, name, 0) : -EEXIST;
  }

  /** Whether that name stands for the copy. */
  is_at(directory: number, name: Uint8Array<ArrayBuffer>): boolean {
    return fstat(this.fd, stat) === 0 && lstat(directory, name, other) === 0 && stat.is_same_object(other);
  }

  /**
   * A descriptor (O_PATH) of the copy by its name, to open it again: by `fd`, which was opened before there was a name, it
   * would look like a removed file for ever (lsof(8)). -ESTALE when the name stands for something else.
   */
  open_by_name(directory: number, name: Uint8Array<ArrayBuffer>): number {
    const named = openat(directory, name, O_PATH | O_NOFOLLOW, 0);
    if (named < 0) return named;
    if (fstat(this.fd, stat) === 0 && fstat(named, other) === 0 && stat.is_same_object(other)) return named;
    close(named);
    return -ESTALE;
  }

  /** The copy is in its place, or no longer wanted: then the temporary file goes. */
  discard(directory: number): void {
    if (this.fd < 0) return;
    if (this.is_at(directory, this.name)) unlinkat(directory, this.name, 0);
    close(this.fd);
    this.fd = -1;
  }

  private copy_once(reader: number, directory: number, name: Uint8Array): number {
    const known = this.look(reader);
    if (known < 0) return known;
    this.fd = this.create(directory, name);
    if (this.fd < 0) return this.fd;
    const filled = this.fill(reader);
    if (filled < 0) return filled;
    const durable = fsync(this.fd);
    if (durable < 0) return durable;
    const is_complete = fstat(this.fd, stat) === 0 && stat.size_bytes === this.source.size_bytes;
    return is_complete && this.is_true_to(reader) ? 0 : -EAGAIN;
  }

  // What the source is. Who writes through another name of it is not held off, and until Linux 6.13 a second change within
  // one tick of the clock shows in no time: such a file is copied when a tick has passed without a change.
  private look(reader: number): number {
    const known = fstat(reader, this.source);
    if (known < 0) return known;
    if (!this.source.is_regular) return -EINVAL;
    if (this.source.nlink === 1) return 0;
    futex_wait(NEVER_WOKEN, 0, CLOCK_TICK_MS);
    return this.is_true_to(reader) ? 0 : -EAGAIN;
  }

  private create(directory: number, name: Uint8Array): number {
    this.set_name(directory, name);
    const hidden = openat(directory, HERE, O_RDWR | O_TMPFILE | O_LARGEFILE, 0o600);
    this.is_named = hidden < 0;
    if (hidden >= 0) return hidden;
    const flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_LARGEFILE;
    return this.with_new_name((temporary) => openat(directory, temporary, flags, 0o600));
  }

  // All of a temporary name but the letters.
  private set_name(directory: number, name: Uint8Array): void {
    const longest = fstatvfs(directory, space) === 0 && space.namemax > ADDED_BYTES
      ? Math.min(space.namemax, NAME_MAX_BYTES)
      : NAME_MAX_BYTES;
    const length = cut_length(name, longest - ADDED_BYTES);
    this.name[0] = DOT;
    copy_bytes(name, 0, this.name, 1, length);
    this.name[1 + length] = UNDERSCORE;
    this.name[ADDED_BYTES + length] = 0;
    this.letters_at = 2 + length;
  }

  // Gives a file a temporary name that no other one has; returns what `use` returns.
  private with_new_name(use: (temporary: Uint8Array<ArrayBuffer>) => number): number {
    let result = -EEXIST;
    for (let attempt = 0; attempt < NAME_ATTEMPTS && result === -EEXIST; attempt++) {
      const letters = random_name(RANDOM_LETTERS);
      for (let i = 0; i < RANDOM_LETTERS; i++) this.name[this.letters_at + i] = letters.charCodeAt(i);
      result = use(this.name);
    }
    return result;
  }

  // Writing and chown take set-id bits and capabilities away, so owner comes before attributes, and both before the mode.
  private fill(reader: number): number {
    // What the page cache holds goes to the disk first: some filesystems take pages that wait for that for holes. When
    // there is no room for them any more they are read from memory.
    if (fsync(reader) === -EIO) return -EIO;
    copy_flags(reader, this.fd);
    drop_inherited_acls(reader, this.fd);
    const copied = copy_data(reader, this.fd, this.source.size_bytes);
    if (copied < 0) return copied;
    const owned = this.give_owner();
    if (owned < 0) return owned;
    const attributed = this.give_attributes(reader);
    if (attributed < 0) return attributed;
    const moded = fchmod(this.fd, this.source.mode & 0o7777);
    return moded < 0 ? moded : futimens(this.fd, times_of(this.source));
  }

  // Attributes that the other filesystem does not have are left behind (operations §6 step 6), but not an ACL: without it
  // the bits of the mode would mean other rights.
  private give_attributes(reader: number): number {
    this.attributes_lost = 0;
    return copy_xattrs(reader, this.fd, (error, is_acl) => {
      const is_tolerated = !is_acl && (error === -EOPNOTSUPP || error === -ENOTTY);
      if (is_tolerated) this.attributes_lost++;
      return is_tolerated;
    });
  }

  private give_owner(): number {
    const result = fchown(this.fd, this.source.uid, this.source.gid);
    if (result !== -EPERM || fstat(this.fd, stat) < 0) return result;
    return stat.uid === this.source.uid && stat.gid === this.source.gid ? 0 : result;
  }
}

const other = new StatxBuffer();

function open_reader(from: number): number {
  const flags = O_RDONLY | O_NONBLOCK | O_LARGEFILE;
  const fd = openat(AT_FDCWD, proc_path(from), flags | O_NOATIME, 0);
  return fd === -EPERM ? openat(AT_FDCWD, proc_path(from), flags, 0) : fd;
}

// At most `longest` bytes of a NUL-terminated name, not ending within a character of UTF-8.
function cut_length(name: Uint8Array, longest: number): number {
  const length = name.indexOf(0);
  if (length <= longest) return length;
  let cut = longest;
  while (cut > 0 && (name[cut]! & 0xc0) === 0x80) cut--;
  return cut;
}

// Failures are ignored: they change how the file is treated, not what is in it.
function copy_flags(from: number, to: number): void {
  const wanted = file_flags(from);
  const present = wanted < 0 ? wanted : file_flags(to);
  if (wanted < 0 || present < 0) return;
  const flags = ((present & ~FS_KEPT) | (wanted & FS_KEPT)) >>> 0;
  if (flags !== present) set_file_flags(to, flags);
}
