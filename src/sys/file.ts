// System calls on open files. Each returns a value >= 0 or -errno; man page section 2 of the same name is the source.
import { EINTR } from "../base/errno.ts";
import { O_DIRECT, O_DIRECTORY, O_LARGEFILE, O_NOFOLLOW } from "./arch.ts";
import { checked, checked64, libc } from "./libc.ts";

export { O_DIRECT, O_DIRECTORY, O_LARGEFILE, O_NOFOLLOW };
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_NOATIME = 0o1000000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
export const O_TMPFILE = 0o20000000 | O_DIRECTORY;

export const SEEK_SET = 0;
export const SEEK_END = 2;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;

export const F_DUPFD_CLOEXEC = 1030;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const FALLOC_FL_KEEP_SIZE = 1;
export const FALLOC_FL_PUNCH_HOLE = 2;

/** File offsets and sizes: a number up to 2^53, a bigint above. */
export type Offset = number | bigint;

/** Closes a descriptor. EINTR counts as closed: Linux has released the number by then (close(2)). */
export function close(fd: number): number {
  const result = checked(libc.close(fd));
  return result === -EINTR ? 0 : result;
}

export function read(fd: number, buffer: Uint8Array<ArrayBuffer>, size_bytes: number): number {
  return checked(libc.read(fd, buffer, size_bytes));
}

export function write(fd: number, buffer: Uint8Array<ArrayBuffer>, size_bytes: number): number {
  return checked(libc.write(fd, buffer, size_bytes));
}

const POLLOUT = 4;
const poll_entry = new Int32Array(2);
const poll_bytes = new Uint8Array(poll_entry.buffer);

/** Whether a write would go through or fail at once, now or within `wait_ms` (poll(2)); a pipe then has room for 4096 bytes. */
export function can_write(fd: number, wait_ms: number): boolean {
  poll_entry[0] = fd;
  poll_entry[1] = POLLOUT;
  return checked(libc.poll(poll_bytes, 1, wait_ms)) > 0;
}

export function pread(fd: number, buffer: Uint8Array<ArrayBuffer>, size_bytes: number, offset: Offset): number {
  return checked(libc.pread(fd, buffer, size_bytes, offset as bigint));
}

export function pwrite(fd: number, buffer: Uint8Array<ArrayBuffer>, size_bytes: number, offset: Offset): number {
  return checked(libc.pwrite(fd, buffer, size_bytes, offset as bigint));
}

export function fsync(fd: number): number {
  return checked(libc.fsync(fd));
}

export function fdatasync(fd: number): number {
  return checked(libc.fdatasync(fd));
}

/** Writes back the whole filesystem that holds the descriptor. */
export function syncfs(fd: number): number {
  return checked(libc.syncfs(fd));
}

export function ftruncate(fd: number, size_bytes: Offset): number {
  return checked(libc.ftruncate(fd, size_bytes as bigint));
}

export function fallocate(fd: number, mode: number, offset: Offset, length_bytes: Offset): number {
  return checked(libc.fallocate(fd, mode, offset as bigint, length_bytes as bigint));
}

/** New position; exact up to 2^53. */
export function lseek(fd: number, offset: Offset, whence: number): number {
  return checked64(libc.lseek(fd, offset as bigint, whence));
}

export function dup(fd: number): number {
  return checked(libc.dup(fd));
}

/** Whether that many more descriptors can be opened at this moment; `fd` is any open one. */
export function has_descriptors(fd: number, count: number): boolean {
  const opened: number[] = [];
  while (opened.length < count && (opened.at(-1) ?? 0) >= 0) opened.push(dup(fd));
  if (opened.at(-1)! < 0) opened.pop();
  for (const copy of opened) close(copy);
  return opened.length === count;
}

/**
 * Makes `to` a descriptor of what `from` has open, closing what `to` had, in one step. Programs that are started have it
 * only when `inherited`.
 */
export function dup_onto(from: number, to: number, inherited = false): number {
  return checked(libc.dup3(from, to, inherited ? 0 : O_CLOEXEC));
}

export function fcntl(fd: number, command: number, argument: number): number {
  return checked(libc.fcntl(fd, command, argument));
}

const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_WRLCK = 1;
const F_UNLCK = 2;
const SIGURG = 23;

/**
 * Whether nothing but this descriptor has the file open, and nobody maps it as opened for writing: a write lease is then
 * granted (fcntl(2)), and given back at once. False as well where the file system has no leases.
 */
export function is_only_open(fd: number): boolean {
  // Who opens the file in between makes the kernel send a signal: one that is ignored, for SIGIO would end the process.
  if (fcntl(fd, F_SETSIG, SIGURG) < 0 || fcntl(fd, F_SETLEASE, F_WRLCK) < 0) return false;
  fcntl(fd, F_SETLEASE, F_UNLCK);
  return true;
}

/** ioctl(2) with a buffer, for commands below 2^32 (all that exist). */
export function ioctl(fd: number, command: number, buffer: Uint8Array<ArrayBuffer>): number {
  return checked(libc.ioctl(fd, command, buffer));
}

const FICLONE = 0x40049409;

/** Makes `to` share all blocks of `from`, on filesystems that can (ioctl_ficlone(2)). */
export function share_blocks(from: number, to: number): number {
  return checked(libc.ioctl_number(to, FICLONE, from));
}

const POSIX_FADV_DONTNEED = 4;

/** Asks the branch filesystem to drop the file's pages from the page cache. */
export function fadvise_dontneed(fd: number): void {
  libc.posix_fadvise(fd, 0n, 0n, POSIX_FADV_DONTNEED);
}

const range_from = new BigInt64Array(1);
const range_to = new BigInt64Array(1);

/** copy_file_range(2) with explicit offsets, which the files' own positions do not follow. */
export function copy_file_range(
  from: number,
  from_offset: Offset,
  to: number,
  to_offset: Offset,
  length_bytes: Offset,
  flags: number,
): number {
  range_from[0] = BigInt(from_offset);
  range_to[0] = BigInt(to_offset);
  return checked64(libc.copy_file_range(from, range_from, to, range_to, length_bytes as bigint, flags));
}
