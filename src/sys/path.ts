// System calls that take a path: a directory descriptor (or AT_FDCWD) and NUL-terminated bytes.
// Each returns a value >= 0 or -errno; man page section 2 of the same name is the source.
import { c_length, c_string, DOT, SLASH } from "../base/bytes.ts";
import { ELOOP, ENOENT, ENOSYS, ENOTDIR, EXDEV } from "../base/errno.ts";
import { PATH_MAX_BYTES } from "../base/limits.ts";
import { STATX_BASIC_STATS, StatxBuffer } from "../base/statx.ts";
import { SYS_mknodat, SYS_openat2 } from "./arch.ts";
import { close, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_PATH } from "./file.ts";
import { checked, libc } from "./libc.ts";

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EACCESS = 0x200;
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EMPTY_PATH = 0x1000;
export const AT_STATX_DONT_SYNC = 0x4000;

export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;
export const RENAME_WHITEOUT = 4;

type Path = Uint8Array<ArrayBuffer>;
const EMPTY: Path = new Uint8Array(1);

export function openat(dirfd: number, path: Path, flags: number, mode: number): number {
  return checked(libc.openat(dirfd, path, flags | O_CLOEXEC, mode));
}

/** lstat(2) as statx: the object itself, a symlink not followed. */
export function lstat(dirfd: number, path: Path, out: StatxBuffer): number {
  return checked(libc.statx(dirfd, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, out.bytes));
}

/** stat(2) as statx: symlinks followed. */
export function stat(dirfd: number, path: Path, out: StatxBuffer): number {
  return checked(libc.statx(dirfd, path, 0, STATX_BASIC_STATS, out.bytes));
}

/** fstat(2) as statx. */
export function fstat(fd: number, out: StatxBuffer): number {
  return checked(libc.statx(fd, EMPTY, AT_EMPTY_PATH, STATX_BASIC_STATS, out.bytes));
}

export function statx(dirfd: number, path: Path, flags: number, mask: number, out: StatxBuffer): number {
  return checked(libc.statx(dirfd, path, flags, mask, out.bytes));
}

export function mkdirat(dirfd: number, path: Path, mode: number): number {
  return checked(libc.mkdirat(dirfd, path, mode));
}

/** `device` in the kernel's own 32-bit form (new_encode_dev), which is also what FUSE carries. */
export function mknodat(dirfd: number, path: Path, mode: number, device: number): number {
  return checked(libc.syscall_mknodat(SYS_mknodat, dirfd, path, mode, device));
}

export function unlinkat(dirfd: number, path: Path, flags: number): number {
  return checked(libc.unlinkat(dirfd, path, flags));
}

export function symlinkat(target: Path, dirfd: number, path: Path): number {
  return checked(libc.symlinkat(target, dirfd, path));
}

export function readlinkat(dirfd: number, path: Path, out: Uint8Array<ArrayBuffer>, size_bytes: number): number {
  return checked(libc.readlinkat(dirfd, path, out, size_bytes));
}

/**
 * realpath(3): the canonical absolute path, symlinks resolved, into `out` (PATH_MAX bytes), NUL behind it. Returns its
 * length, or -errno.
 */
export function realpath(path: Path, out: Path): number {
  const found = checked(libc.realpath(path, out) === null ? -1 : 0);
  return found < 0 ? found : c_length(out, 0, out.length);
}

export function renameat2(from_dirfd: number, from: Path, to_dirfd: number, to: Path, flags: number): number {
  return checked(libc.renameat2(from_dirfd, from, to_dirfd, to, flags));
}

export function linkat(from_dirfd: number, from: Path, to_dirfd: number, to: Path, flags: number): number {
  return checked(libc.linkat(from_dirfd, from, to_dirfd, to, flags));
}

/** Access check; with AT_EACCESS for the effective ids of the thread, which libc works out itself before Linux 5.8. */
export function faccessat(dirfd: number, path: Path, mode: number, flags: number): number {
  return checked(libc.faccessat(dirfd, path, mode, flags));
}

export function fchmod(fd: number, mode: number): number {
  return checked(libc.fchmod(fd, mode));
}

export function fchown(fd: number, uid: number, gid: number): number {
  return checked(libc.fchown(fd, uid, gid));
}

/** Two struct timespec, access time then modification time; nanoseconds may be UTIME_NOW or UTIME_OMIT. */
export type Timespecs = BigInt64Array<ArrayBuffer>;
export const UTIME_NOW = 0x3fffffff;
export const UTIME_OMIT = 0x3ffffffe;

export function futimens(fd: number, times: Timespecs): number {
  return checked(libc.futimens(fd, times));
}

/** chmod(2): follows symlinks, meant for /proc/self/fd/N of an O_PATH descriptor. */
export function chmod(path: Path, mode: number): number {
  return checked(libc.chmod(path, mode));
}

/** Changes owner and group of what an O_PATH descriptor refers to, be it a symlink; 0xFFFFFFFF leaves one as it is. */
export function chown_object(fd: number, uid: number, gid: number): number {
  return checked(libc.fchownat(fd, EMPTY, uid, gid, AT_EMPTY_PATH));
}

/** Sets times of what the path leads to; meant for /proc/self/fd/N of an O_PATH descriptor. */
export function utimens(path: Path, times: Timespecs): number {
  return checked(libc.utimensat(AT_FDCWD, path, times, 0));
}

/** truncate(2): follows symlinks, meant for /proc/self/fd/N of an O_PATH descriptor. */
export function truncate(path: Path, size_bytes: number | bigint): number {
  return checked(libc.truncate(path, size_bytes as bigint));
}

// struct open_how: flags, mode, resolve, 64 bits each (include/uapi/linux/openat2.h).
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
const open_how = new Uint32Array(6);
const open_how_bytes = new Uint8Array(open_how.buffer);
let openat2_missing = false;

/** For tests: behave as on Linux before 5.6, which has no openat2. */
export function pretend_openat2_missing(missing: boolean): void {
  openat2_missing = missing;
}

/**
 * Opens `path` below `dirfd` so that no component but the last may be a symlink, and the last only with
 * O_PATH | O_NOFOLLOW: -ELOOP otherwise (departures D3). `beneath` also refuses leaving `dirfd`, with -EXDEV; without it
 * the path may be absolute. Before Linux 5.6: component by component.
 */
export function open_no_symlinks(dirfd: number, path: Path, flags: number, beneath: boolean): number {
  if (!openat2_missing) {
    open_how[0] = (flags | O_CLOEXEC) >>> 0;
    open_how[4] = RESOLVE_NO_SYMLINKS | (beneath ? RESOLVE_BENEATH : 0);
    const fd = checked(libc.syscall_openat2(SYS_openat2, dirfd, path, open_how_bytes, 24));
    if (fd !== -ENOSYS) return fd;
    openat2_missing = true;
  }
  return open_by_components(dirfd, path, flags, beneath);
}

const ROOT = c_string("/");
const HERE = c_string(".");
const component = new Uint8Array(PATH_MAX_BYTES);
const component_stat = new StatxBuffer();

function open_by_components(dirfd: number, path: Path, flags: number, beneath: boolean): number {
  if (path[0] === 0) return -ENOENT;
  if (path[0] === SLASH && beneath) return -EXDEV;
  let fd = openat(dirfd, path[0] === SLASH ? ROOT : HERE, O_PATH | O_DIRECTORY, 0);
  let depth = 0;
  let at = skip_slashes(path, 0);
  while (fd >= 0) {
    const end = copy_component(path, at);
    const next = skip_slashes(path, end);
    const is_last = path[next] === 0;
    depth += component_depth();
    let step_flags = is_last ? flags : O_PATH;
    if (next > end) step_flags = (step_flags & ~O_NOFOLLOW) | O_DIRECTORY; // a slash behind it asks for a directory
    const parent = fd;
    fd = beneath && depth < 0 ? -EXDEV : open_component(parent, step_flags);
    close(parent);
    if (is_last) return fd;
    at = next;
  }
  return fd;
}

function skip_slashes(path: Path, start: number): number {
  let at = start;
  while (path[at] === SLASH) at++;
  return at;
}

// Fills `component`, with "." when nothing is left (the path is "/"), and returns where it ended.
function copy_component(path: Path, start: number): number {
  let end = start;
  while (path[end] !== 0 && path[end] !== SLASH) component[end - start] = path[end++]!;
  component[end - start] = 0;
  if (end === start) component.set(HERE);
  return end;
}

// How much deeper `component` leads: -1 for "..", 0 for ".", 1 for a name.
function component_depth(): number {
  if (component[0] !== DOT) return 1;
  if (component[1] === 0) return 0;
  return component[1] === DOT && component[2] === 0 ? -1 : 1;
}

// Opens `component`; -ELOOP where openat2 says so, not what O_NOFOLLOW makes of a symlink.
function open_component(parent: number, flags: number): number {
  const fd = openat(parent, component, flags | O_NOFOLLOW, 0);
  if ((flags & O_NOFOLLOW) !== 0) return fd;
  if (fd === -ENOTDIR) {
    return lstat(parent, component, component_stat) === 0 && component_stat.is_symlink ? -ELOOP : -ENOTDIR;
  }
  const may_be_symlink = fd >= 0 && (flags & (O_PATH | O_DIRECTORY)) === O_PATH;
  if (!may_be_symlink || (fstat(fd, component_stat) === 0 && !component_stat.is_symlink)) return fd;
  close(fd);
  return -ELOOP;
}
