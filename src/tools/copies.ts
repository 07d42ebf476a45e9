// The copies that one path of a pool has on its branches: what lstat(2) says of each, whether they differ, how they are
// printed, and which one is taken for the right one (operations §27.1).
import { c_string } from "../base/bytes.ts";
import { errno_text } from "../base/errno.ts";
import {
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  STATX_MTIME_WORD,
  StatxBuffer,
} from "../base/statx.ts";
import { AT_FDCWD, lstat } from "../sys/path.ts";

export interface Copy {
  /** On its branch; a reversible text (base/path_text.ts). */
  readonly path: string;
  readonly stat: StatxBuffer;
  /** 0, or -errno of lstat(2): then everything in `stat` is 0. */
  readonly error: number;
}

const TYPE_WORDS: Readonly<Record<number, string>> = {
  [S_IFREG]: "regular",
  [S_IFDIR]: "directory",
  [S_IFLNK]: "symlink",
  [S_IFIFO]: "fifo",
  [S_IFSOCK]: "socket",
  [S_IFCHR]: "char dev",
  [S_IFBLK]: "block dev",
};

/** Looks at one copy. */
export function look_at(path: string): Copy {
  const stat = new StatxBuffer();
  return { path, stat, error: Math.min(0, lstat(AT_FDCWD, c_string(path), stat)) };
}

/** Whether any one has another type, mode or owner than the first; if wanted, also another size than a file that is first. */
export function differ(copies: readonly Copy[], check_size: boolean): boolean {
  const first = copies[0]!.stat;
  const by_size = check_size && first.is_regular;
  return copies.some(({ stat }) => {
    return !same_owner_and_mode(stat, first) || (by_size && stat.size_bytes !== first.size_bytes);
  });
}

/** Whether owner, group, type and all bits of the mode are the same. */
export function same_owner_and_mode(a: StatxBuffer, b: StatxBuffer): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
}

/** Whether all are of one type, so that one can stand for the others. */
export function have_same_type(copies: readonly Copy[]): boolean {
  return copies.every(({ stat }) => (stat.mode & S_IFMT) === (copies[0]!.stat.mode & S_IFMT));
}

/** The lines for one path and its copies, ends of lines included. */
export function listing(pool_path: string, copies: readonly Copy[]): string {
  return [`* ${pool_path}\n`, ...copies.map(copy_lines)].join("");
}

function copy_lines({ path, stat, error }: Copy, at: number): string {
  const details = [
    `uid: ${stat.uid}`,
    `gid: ${stat.gid}`,
    `mode: ${stat.mode.toString(8).padStart(5, "0")}`,
    `type: ${TYPE_WORDS[stat.mode & S_IFMT] ?? "unknown"}`,
    // As in the reference, a negative one is that of an error.
    `size: ${error < 0 ? error : stat.size_bytes}`,
    `mtime: ${local_time(stat.mtime_s)}`,
  ];
  const failure = error < 0 ? `    - err: ${errno_text(error)}\n` : "";
  return `  ${at}: ${path}\n${failure}    - ${details.join("; ")}\n`;
}

/** `YYYY-MM-DDTHH:MM:SS+zzzz` in the time zone of the process; seconds that no calendar has stay a number. */
export function local_time(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  const zone_minutes = -date.getTimezoneOffset();
  const zone = Math.abs(Math.trunc(zone_minutes));
  const day = [padded(date.getFullYear(), 4), padded(date.getMonth() + 1), padded(date.getDate())].join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => padded(part)).join(":");
  return `${day}T${time}${zone_minutes < 0 ? "-" : "+"}${padded(Math.floor(zone / 60))}${padded(zone % 60)}`;
}

function padded(part: number, digits = 2): string {
  return String(part).padStart(digits, "0");
}

/** The one that was modified last; the first of equals. */
export function newest(copies: readonly Copy[]): Copy {
  return copies.reduce((best, copy) => is_newer(copy.stat, best.stat) ? copy : best);
}

function is_newer(a: StatxBuffer, b: StatxBuffer): boolean {
  return a.mtime_s > b.mtime_s || (a.mtime_s === b.mtime_s && mtime_ns(a) > mtime_ns(b));
}

function mtime_ns(stat: StatxBuffer): number {
  return stat.words[STATX_MTIME_WORD + 2]!;
}

/** The one with most bytes; the first of equals. */
export function largest(copies: readonly Copy[]): Copy {
  return copies.reduce((best, copy) => copy.stat.size_bytes > best.stat.size_bytes ? copy : best);
}
