// What an object has beside its data, from one branch to another: extended attributes with the access control lists among
// them, the flags of chattr(1), and times to the nanosecond. For cloned directories and for copied files.
import { c_string } from "../../base/bytes.ts";
import { ENODATA, EOPNOTSUPP } from "../../base/errno.ts";
import { XATTR_BYTES_MAX } from "../../base/limits.ts";
import { STATX_ATIME_WORD, STATX_MTIME_WORD, StatxBuffer } from "../../base/statx.ts";
import { ioctl } from "../../sys/file.ts";
import { Timespecs } from "../../sys/path.ts";
import { fgetxattr, flistxattr, fremovexattr, fsetxattr } from "../../sys/xattr.ts";

const FS_IOC_GETFLAGS = 0x80086601;
const FS_IOC_SETFLAGS = 0x40086602;

const ACL_NAMES = [c_string("system.posix_acl_access"), c_string("system.posix_acl_default")];

/** How XFS lists its ACLs once more. Kept as attributes elsewhere, they would undo later changes of the ACL on a way back. */
const XFS_ACL_NAMES = [c_string("trusted.SGI_ACL_FILE"), c_string("trusted.SGI_ACL_DEFAULT")];

const times = new BigInt64Array(4);
const flags = new Uint8Array(8);
const names = new Uint8Array(XATTR_BYTES_MAX);
const name = new Uint8Array(256);
const value = new Uint8Array(XATTR_BYTES_MAX);

/** Access and modification time, for futimens(2); in memory that the next call overwrites. */
export function times_of(from: StatxBuffer): Timespecs {
  for (const [at, word] of [[0, STATX_ATIME_WORD], [2, STATX_MTIME_WORD]] as const) {
    times[at] = (BigInt(from.words[word + 1]! | 0) << 32n) | BigInt(from.words[word]!);
    times[at + 1] = BigInt(from.words[word + 2]!);
  }
  return times;
}

/** The flags of chattr(1) (ioctl_iflags(2)), unsigned; -errno where the filesystem has none. */
export function file_flags(fd: number): number {
  flags.fill(0);
  const result = ioctl(fd, FS_IOC_GETFLAGS, flags);
  return result < 0 ? result : new DataView(flags.buffer).getUint32(0, true);
}

/** Sets them all; 0 or -errno. */
export function set_file_flags(fd: number, wanted: number): number {
  flags.fill(0);
  new DataView(flags.buffer).setUint32(0, wanted, true);
  return ioctl(fd, FS_IOC_SETFLAGS, flags);
}

/** A new object takes over the default ACL of its directory; the source may have none. */
export function drop_inherited_acls(from: number, to: number): void {
  for (const acl of ACL_NAMES) {
    const size = fgetxattr(from, acl, value, value.length);
    if (size === -ENODATA || size === -EOPNOTSUPP) fremovexattr(to, acl);
  }
}

/** What a failed setting of an attribute means: true goes on with the next one. */
export type Tolerance = (error: number, is_acl: boolean) => boolean;

/**
 * All extended attributes, in byte order of their names. One that cannot be read is skipped, one that cannot be set ends
 * the copying, unless `tolerates` says otherwise. Returns 0 or the first error that was not tolerated.
 */
export function copy_xattrs(from: number, to: number, tolerates: Tolerance): number {
  const length = flistxattr(from, names, names.length);
  if (length === 0 || length === -EOPNOTSUPP) return 0;
  if (length < 0) return tolerates(length, false) ? 0 : length;
  let result = 0;
  for (const [start, end] of sorted_names(length)) {
    if (is_one_of(XFS_ACL_NAMES, start, end)) continue;
    name.set(names.subarray(start, end + 1));
    const size = fgetxattr(from, name, value, value.length);
    if (size === -ENODATA) continue; // removed since it was listed
    const error = size < 0 ? size : fsetxattr(to, name, value, size, 0);
    if (error >= 0 || tolerates(error, is_one_of(ACL_NAMES, start, end))) continue;
    result = result || error;
    if (size >= 0) break;
  }
  return result;
}

function is_one_of(list: readonly Uint8Array[], start: number, end: number): boolean {
  return list.some((it) => it.length === end - start + 1 && it.every((byte, at) => byte === names[start + at]));
}

function sorted_names(length: number): [number, number][] {
  const found: [number, number][] = [];
  for (let start = 0; start < length;) {
    const end = names.indexOf(0, start);
    found.push([start, end]);
    start = end + 1;
  }
  return found.sort(compare_names);
}

function compare_names(a: [number, number], b: [number, number]): number {
  for (let i = 0; a[0] + i <= a[1] && b[0] + i <= b[1]; i++) {
    const difference = names[a[0] + i]! - names[b[0] + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
