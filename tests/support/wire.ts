// Requests as the kernel would send them, for tests: one function per opcode. Written from the kernel's header and
// independent of src/fuse, so that a mistake there cannot hide behind the same mistake here.

export type U64 = number | bigint;
/** A name: text (sent as UTF-8) or raw bytes. */
export type Name = string | Uint8Array;

/** Who makes a request. */
export interface Caller {
  readonly uid?: number;
  readonly gid?: number;
  readonly pid?: number;
}

/** A time of SETATTR. */
export interface Time {
  readonly s: U64;
  readonly ns?: number;
}

/** What SETATTR changes; only what is named is changed. */
export interface Changes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: U64;
  readonly atime?: Time | "now";
  readonly mtime?: Time | "now";
  readonly ctime?: Time;
  readonly fh?: U64;
  readonly lock_owner?: U64;
  readonly kill_suidgid?: boolean;
}

export interface InitMessage {
  readonly major?: number;
  readonly minor?: number;
  readonly max_readahead?: number;
  readonly flags?: number;
  readonly flags2?: number;
  /** The 16-byte form of kernels before 7.36. */
  readonly short?: boolean;
}

export interface Lock {
  readonly owner?: U64;
  readonly start?: U64;
  readonly end?: U64;
  readonly type?: number;
  readonly pid?: number;
  readonly lk_flags?: number;
}

/** Numbers behind each other, little-endian: Q and q are 64 bits, I is 32, H is 16. */
export function pack(format: string, ...values: U64[]): Uint8Array {
  const sizes: Record<string, number> = { Q: 8, q: 8, I: 4, H: 2 };
  let size = 0;
  for (const letter of format) size += sizes[letter]!;
  const view = new DataView(new ArrayBuffer(size));
  let at = 0;
  let index = 0;
  for (const letter of format) {
    const value = values[index++]!;
    if (sizes[letter] === 8) view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
    else if (sizes[letter] === 4) view.setUint32(at, Number(value), true);
    else view.setUint16(at, Number(value), true);
    at += sizes[letter]!;
  }
  return new Uint8Array(view.buffer);
}

/** A name with its NUL. */
export function terminated(name: Name): Uint8Array {
  return join(to_bytes(name), Uint8Array.of(0));
}

function to_bytes(name: Name): Uint8Array {
  return typeof name === "string" ? new TextEncoder().encode(name) : name;
}

/** Byte ranges behind each other. */
export function join(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Any message: the 40-byte header (caller is root, pid 1), then the parts. */
export function message(opcode: number, unique: U64, node: U64, ...parts: Uint8Array[]): Uint8Array {
  const rest = join(...parts);
  return join(pack("IIQQIIIHH", 40 + rest.length, opcode, unique, node, 0, 0, 1, 0, 0), rest);
}

/** The same message from another caller; what is not named stays. */
export function from(caller: Caller, request: Uint8Array): Uint8Array {
  const copy = request.slice();
  const view = new DataView(copy.buffer);
  if (caller.uid !== undefined) view.setUint32(24, caller.uid, true);
  if (caller.gid !== undefined) view.setUint32(28, caller.gid, true);
  if (caller.pid !== undefined) view.setUint32(32, caller.pid, true);
  return copy;
}

export function lookup(unique: U64, node: U64, name: Name): Uint8Array {
  return message(1, unique, node, terminated(name));
}

export function forget(unique: U64, node: U64, nlookup: U64): Uint8Array {
  return message(2, unique, node, pack("Q", nlookup));
}

/** @param fh with a file handle when given */
export function getattr(unique: U64, node: U64, fh?: U64): Uint8Array {
  return message(3, unique, node, pack("IIQ", fh === undefined ? 0 : 1, 0, fh ?? 0));
}

export function setattr(unique: U64, node: U64, changes: Changes): Uint8Array {
  const atime = changes.atime === "now" ? undefined : changes.atime;
  const mtime = changes.mtime === "now" ? undefined : changes.mtime;
  const fixed = pack(
    "IIQQQQQQIIIIIIII",
    valid_bits(changes),
    0,
    changes.fh ?? 0,
    changes.size ?? 0,
    changes.lock_owner ?? 0,
    atime?.s ?? 0,
    mtime?.s ?? 0,
    changes.ctime?.s ?? 0,
    atime?.ns ?? 0,
    mtime?.ns ?? 0,
    changes.ctime?.ns ?? 0,
    changes.mode ?? 0,
    0,
    changes.uid ?? 0,
    changes.gid ?? 0,
    0,
  );
  return message(4, unique, node, fixed);
}

function valid_bits(changes: Changes): number {
  const is_set = [
    changes.mode !== undefined,
    changes.uid !== undefined,
    changes.gid !== undefined,
    changes.size !== undefined,
    changes.atime !== undefined,
    changes.mtime !== undefined,
    changes.fh !== undefined,
    changes.atime === "now",
    changes.mtime === "now",
    changes.lock_owner !== undefined,
    changes.ctime !== undefined,
    changes.kill_suidgid === true,
  ];
  return is_set.reduce((bits, value, bit) => value ? bits | (1 << bit) : bits, 0);
}

export function readlink(unique: U64, node: U64): Uint8Array {
  return message(5, unique, node);
}

export function symlink(unique: U64, node: U64, name: Name, target: Name): Uint8Array {
  return message(6, unique, node, terminated(name), terminated(target));
}

export function mknod(unique: U64, node: U64, name: Name, mode: number, rdev = 0, umask = 0): Uint8Array {
  return message(8, unique, node, pack("IIII", mode, rdev, umask, 0), terminated(name));
}

export function mkdir(unique: U64, node: U64, name: Name, mode: number, umask = 0): Uint8Array {
  return message(9, unique, node, pack("II", mode, umask), terminated(name));
}

export function unlink(unique: U64, node: U64, name: Name): Uint8Array {
  return message(10, unique, node, terminated(name));
}

export function rmdir(unique: U64, node: U64, name: Name): Uint8Array {
  return message(11, unique, node, terminated(name));
}

export function rename(unique: U64, node: U64, name: Name, new_node: U64, new_name: Name): Uint8Array {
  return message(12, unique, node, pack("Q", new_node), terminated(name), terminated(new_name));
}

/** @param flags RENAME_* */
export function rename2(
  unique: U64,
  node: U64,
  name: Name,
  new_node: U64,
  new_name: Name,
  flags: number,
): Uint8Array {
  return message(45, unique, node, pack("QII", new_node, flags, 0), terminated(name), terminated(new_name));
}

/** @param node the directory that gets the name; @param old_node what it is to name */
export function link(unique: U64, node: U64, new_name: Name, old_node: U64): Uint8Array {
  return message(13, unique, node, pack("Q", old_node), terminated(new_name));
}

/** @param flags O_*; @param open_flags 1 to kill setuid and setgid */
export function open(unique: U64, node: U64, flags: number, open_flags = 0): Uint8Array {
  return message(14, unique, node, pack("II", flags, open_flags));
}

export function opendir(unique: U64, node: U64, flags = 0): Uint8Array {
  return message(27, unique, node, pack("II", flags, 0));
}

/** @param lock_owner valid when given */
export function read(
  unique: U64,
  node: U64,
  fh: U64,
  offset: U64,
  size: number,
  flags?: number,
  lock_owner?: U64,
): Uint8Array {
  return message(15, unique, node, read_in(fh, offset, size, flags, lock_owner));
}

export function readdir(
  unique: U64,
  node: U64,
  fh: U64,
  offset: U64,
  size: number,
  flags?: number,
  lock_owner?: U64,
): Uint8Array {
  return message(28, unique, node, read_in(fh, offset, size, flags, lock_owner));
}

export function readdirplus(
  unique: U64,
  node: U64,
  fh: U64,
  offset: U64,
  size: number,
  flags?: number,
  lock_owner?: U64,
): Uint8Array {
  return message(44, unique, node, read_in(fh, offset, size, flags, lock_owner));
}

function read_in(fh: U64, offset: U64, size: number, flags?: number, lock_owner?: U64): Uint8Array {
  return pack("QQIIQII", fh, offset, size, lock_owner === undefined ? 0 : 2, lock_owner ?? 0, flags ?? 0, 0);
}

/** @param write_flags FUSE_WRITE_* */
export function write(
  unique: U64,
  node: U64,
  fh: U64,
  offset: U64,
  data: Uint8Array,
  write_flags = 0,
  flags = 0,
  lock_owner: U64 = 0,
): Uint8Array {
  const fixed = pack("QQIIQII", fh, offset, data.length, write_flags, lock_owner, flags, 0);
  return message(16, unique, node, fixed, data);
}

export function statfs(unique: U64, node: U64): Uint8Array {
  return message(17, unique, node);
}

/** @param release_flags 1 to flush, 2 to drop flock(2) locks */
export function release(
  unique: U64,
  node: U64,
  fh: U64,
  flags = 0,
  release_flags = 0,
  lock_owner: U64 = 0,
): Uint8Array {
  return message(18, unique, node, pack("QIIQ", fh, flags, release_flags, lock_owner));
}

export function releasedir(
  unique: U64,
  node: U64,
  fh: U64,
  flags = 0,
  release_flags = 0,
  lock_owner: U64 = 0,
): Uint8Array {
  return message(29, unique, node, pack("QIIQ", fh, flags, release_flags, lock_owner));
}

export function fsync(unique: U64, node: U64, fh: U64, data_only = false): Uint8Array {
  return message(20, unique, node, pack("QII", fh, data_only ? 1 : 0, 0));
}

export function fsyncdir(unique: U64, node: U64, fh: U64, data_only = false): Uint8Array {
  return message(30, unique, node, pack("QII", fh, data_only ? 1 : 0, 0));
}

/** @param flags XATTR_CREATE 1, XATTR_REPLACE 2 */
export function setxattr(unique: U64, node: U64, name: Name, value: Name, flags = 0): Uint8Array {
  const bytes = to_bytes(value);
  return message(21, unique, node, pack("II", bytes.length, flags), terminated(name), bytes);
}

/** The same as INIT agreed with SETXATTR_EXT. */
export function setxattr_ext(unique: U64, node: U64, name: Name, value: Name, setxattr_flags: number): Uint8Array {
  const bytes = to_bytes(value);
  return message(21, unique, node, pack("IIII", bytes.length, 0, setxattr_flags, 0), terminated(name), bytes);
}

export function getxattr(unique: U64, node: U64, name: Name, size: number): Uint8Array {
  return message(22, unique, node, pack("II", size, 0), terminated(name));
}

export function listxattr(unique: U64, node: U64, size: number): Uint8Array {
  return message(23, unique, node, pack("II", size, 0));
}

export function removexattr(unique: U64, node: U64, name: Name): Uint8Array {
  return message(24, unique, node, terminated(name));
}

export function flush(unique: U64, node: U64, fh: U64, lock_owner: U64 = 0): Uint8Array {
  return message(25, unique, node, pack("QIIQ", fh, 0, 0, lock_owner));
}

/** INIT of Linux 6.18 unless something else is said. Its node id is 0. */
export function init(unique: U64, offer: InitMessage = {}): Uint8Array {
  const first = pack(
    "IIII",
    offer.major ?? 7,
    offer.minor ?? 45,
    offer.max_readahead ?? 131072,
    offer.flags ?? 0x73ff_fffb,
  );
  if (offer.short) return message(26, unique, 0, first);
  return message(26, unique, 0, first, pack("I", offer.flags2 ?? 0x7ff), new Uint8Array(44));
}

export function getlk(unique: U64, node: U64, fh: U64, lock: Lock = {}): Uint8Array {
  return message(31, unique, node, lk_in(fh, lock));
}

export function setlk(unique: U64, node: U64, fh: U64, lock: Lock = {}): Uint8Array {
  return message(32, unique, node, lk_in(fh, lock));
}

export function setlkw(unique: U64, node: U64, fh: U64, lock: Lock = {}): Uint8Array {
  return message(33, unique, node, lk_in(fh, lock));
}

function lk_in(fh: U64, lock: Lock): Uint8Array {
  const range = pack("QQII", lock.start ?? 0, lock.end ?? 0, lock.type ?? 0, lock.pid ?? 0);
  return join(pack("QQ", fh, lock.owner ?? 0), range, pack("II", lock.lk_flags ?? 0, 0));
}

/** @param mask R_OK 4, W_OK 2, X_OK 1 */
export function access(unique: U64, node: U64, mask: number): Uint8Array {
  return message(34, unique, node, pack("II", mask, 0));
}

export function create(
  unique: U64,
  node: U64,
  name: Name,
  flags: number,
  mode: number,
  umask = 0,
  open_flags = 0,
): Uint8Array {
  return message(35, unique, node, pack("IIII", flags, mode, umask, open_flags), terminated(name));
}

/** The kernel names the file "/". */
export function tmpfile(unique: U64, node: U64, flags: number, mode: number, umask = 0, open_flags = 0): Uint8Array {
  return message(51, unique, node, pack("IIII", flags, mode, umask, open_flags), terminated("/"));
}

/** @param target_unique id of the request that is to be interrupted */
export function interrupt(unique: U64, target_unique: U64): Uint8Array {
  return message(36, unique, 0, pack("Q", target_unique));
}

export function bmap(unique: U64, node: U64, block: U64, block_size: number): Uint8Array {
  return message(37, unique, node, pack("QII", block, block_size, 0));
}

export function destroy(unique: U64): Uint8Array {
  return message(38, unique, 0);
}

/** @param flags FUSE_IOCTL_*; @param data what goes in */
export function ioctl(
  unique: U64,
  node: U64,
  fh: U64,
  cmd: number,
  flags = 0,
  data: Uint8Array = new Uint8Array(0),
  out_size = 0,
  arg: U64 = 0,
): Uint8Array {
  return message(39, unique, node, pack("QIIQII", fh, flags, cmd, arg, data.length, out_size), data);
}

export function poll(unique: U64, node: U64, fh: U64, events: number, flags = 0, kh: U64 = 0): Uint8Array {
  return message(40, unique, node, pack("QQII", fh, kh, flags, events));
}

export function notify_reply(unique: U64, node: U64, offset: U64, data: Uint8Array): Uint8Array {
  return message(41, unique, node, pack("QQIIQQ", 0, offset, data.length, 0, 0, 0), data);
}

/** @param list pairs of node id and count */
export function batch_forget(unique: U64, list: readonly (readonly [U64, U64])[]): Uint8Array {
  const records = list.map(([node, nlookup]) => pack("QQ", node, nlookup));
  return message(42, unique, 0, pack("II", list.length, 0), ...records);
}

/** @param mode FALLOC_FL_* */
export function fallocate(unique: U64, node: U64, fh: U64, mode: number, offset: U64, length: U64): Uint8Array {
  return message(43, unique, node, pack("QQQII", fh, offset, length, mode, 0));
}

/** @param whence SEEK_DATA 3, SEEK_HOLE 4 */
export function lseek(unique: U64, node: U64, fh: U64, offset: U64, whence: number): Uint8Array {
  return message(46, unique, node, pack("QQII", fh, offset, whence, 0));
}

export function copy_file_range(
  unique: U64,
  node: U64,
  fh: U64,
  offset: U64,
  to_node: U64,
  to_fh: U64,
  to_offset: U64,
  length: U64,
): Uint8Array {
  return message(47, unique, node, pack("QQQQQQQ", fh, offset, to_node, to_fh, to_offset, length, 0));
}

export function copy_file_range_64(
  unique: U64,
  node: U64,
  fh: U64,
  offset: U64,
  to_node: U64,
  to_fh: U64,
  to_offset: U64,
  length: U64,
): Uint8Array {
  return message(53, unique, node, pack("QQQQQQQ", fh, offset, to_node, to_fh, to_offset, length, 0));
}

export function setupmapping(
  unique: U64,
  node: U64,
  fh: U64,
  offset: U64,
  length: U64,
  flags: U64,
  window_offset: U64,
): Uint8Array {
  return message(48, unique, node, pack("QQQQQ", fh, offset, length, flags, window_offset));
}

/** @param list pairs of offset in the window and length */
export function removemapping(unique: U64, node: U64, list: readonly (readonly [U64, U64])[]): Uint8Array {
  const records = list.map(([offset, length]) => pack("QQ", offset, length));
  return message(49, unique, node, pack("I", list.length), ...records);
}

export function syncfs(unique: U64, node: U64): Uint8Array {
  return message(50, unique, node, pack("Q", 0));
}

/** @param flags AT_*; @param mask STATX_*; @param fh with a file handle when given */
export function statx(unique: U64, node: U64, flags: number, mask: number, fh?: U64): Uint8Array {
  return message(52, unique, node, pack("IIQII", fh === undefined ? 0 : 1, 0, fh ?? 0, flags, mask));
}
