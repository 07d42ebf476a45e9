// Makes the other copies of a path like the right one (operations §27.1): its owner and mode, or the whole file. Every copy
// is held by a descriptor and must still be what was listed. No symlink on the way from the root of a branch is followed,
// for it may lead out of the branch (departures D3); and what already is as it should be is left alone.
import { c_string } from "../base/bytes.ts";
import { ELOOP, errno_text, ESTALE } from "../base/errno.ts";
import { S_ISGID, S_ISUID, StatxBuffer } from "../base/statx.ts";
import { FileCopy } from "../ops/common/copy_file.ts";
import { proc_path } from "../ops/common/proc_path.ts";
import { close, O_DIRECTORY, O_NOFOLLOW, O_PATH } from "../sys/file.ts";
import { AT_FDCWD, chmod, chown_object, fstat, lstat, open_no_symlinks, openat } from "../sys/path.ts";
import { type Copy, same_owner_and_mode } from "./copies.ts";

const PERMISSIONS = 0o7777;
const file_copy = new FileCopy();

/** What could not be repaired, a sentence each. */
export type Failures = string[];

/**
 * Gives every other copy the owner and mode of `right`, or, of regular files and if wanted, its whole content and
 * attributes. `relative_path` is the path inside the pool, empty for its root.
 */
export function repair(copies: readonly Copy[], right: Copy, relative_path: string, copy_file: boolean): Failures {
  const relative = relative_path.replace(/^\/+/, ""); // older versions of mergerfs write a slash in front
  const by_copying = copy_file && right.stat.is_regular;
  using source = new HeldCopy(right, relative);
  if (source.error < 0) return [`cannot use "${right.path}" for repairs: ${reason(source.error)}`];
  return others(copies, right).flatMap((copy) => {
    if (!by_copying && same_owner_and_mode(copy.stat, right.stat)) return [];
    using target = new HeldCopy(copy, relative);
    if (by_copying) {
      const result = target.error < 0 ? target.error : copy_over(source, target);
      return result < 0 ? [`cannot copy "${right.path}" over "${copy.path}": ${reason(result)}`] : [];
    }
    const result = target.error < 0 ? target.error : give_owner_and_mode(target.file, right.stat);
    return result < 0 ? [`cannot give "${copy.path}" the owner and mode of "${right.path}": ${reason(result)}`] : [];
  });
}

/** All but the right one; each object once, for a branch may be named twice. */
function others(copies: readonly Copy[], right: Copy): Copy[] {
  return copies.filter(({ stat }, at) => {
    return !stat.is_same_object(right.stat) && copies.findIndex((other) => other.stat.is_same_object(stat)) === at;
  });
}

function reason(error: number): string {
  if (error === -ELOOP) return "a symlink inside the branch leads there (look at it by hand)";
  return error === -ESTALE ? "it has changed meanwhile (run this again)" : errno_text(error);
}

/** One copy and its directory, held open while it is worked on. */
class HeldCopy {
  /** An O_PATH descriptor of the directory, and the name of the copy in it. */
  directory = -1;
  readonly name: Uint8Array<ArrayBuffer>;
  /** An O_PATH descriptor of the copy. */
  file = -1;
  /** 0, or -errno: -ESTALE when it is not what was listed any more. */
  readonly error: number;

  constructor(private readonly copy: Copy, relative: string) {
    const slash = relative.lastIndexOf("/");
    this.name = c_string(relative.slice(slash + 1) || ".");
    this.error = this.open(relative, relative.slice(0, Math.max(0, slash)) || ".");
  }

  /** Whether the name still stands for the object, and that has not changed. */
  is_as_listed(): boolean {
    const { stat } = this.copy;
    return fstat(this.file, now) === 0 && now.is_same_object(stat) && now.is_same_state(stat) &&
      lstat(this.directory, this.name, now) === 0 && now.is_same_object(stat);
  }

  [Symbol.dispose](): void {
    if (this.directory >= 0) close(this.directory);
    if (this.file >= 0) close(this.file);
  }

  private open(relative: string, parent: string): number {
    const { path } = this.copy;
    if (!path.endsWith(relative)) return -ESTALE;
    const branch = openat(AT_FDCWD, c_string(path.slice(0, path.length - relative.length)), O_PATH | O_DIRECTORY, 0);
    if (branch < 0) return branch;
    this.directory = open_no_symlinks(branch, c_string(parent), O_PATH | O_DIRECTORY, true);
    close(branch);
    if (this.directory < 0) return this.directory;
    this.file = openat(this.directory, this.name, O_PATH | O_NOFOLLOW, 0);
    if (this.file < 0) return this.file;
    return this.is_as_listed() ? 0 : -ESTALE;
  }
}

const now = new StatxBuffer();

/** Changing the owner takes set-id bits away, so the mode comes second; with a wrong owner they would give a stranger's rights. */
function give_owner_and_mode(file: number, right: StatxBuffer): number {
  const known = fstat(file, now);
  if (known < 0) return known;
  const is_owned = now.uid === right.uid && now.gid === right.gid;
  const owned = is_owned ? 0 : chown_object(file, right.uid, right.gid);
  const mode = right.mode & (owned < 0 ? PERMISSIONS & ~(S_ISUID | S_ISGID) : PERMISSIONS);
  const changed = chmod(proc_path(file), mode);
  return owned < 0 ? owned : changed;
}

/** The target keeps its name, whole, until the copy is complete and on disk; a copy that fails leaves nothing behind. */
function copy_over(source: HeldCopy, target: HeldCopy): number {
  let result = file_copy.make(source.file, target.directory, target.name);
  if (result === 0 && !target.is_as_listed()) result = -ESTALE;
  if (result === 0) result = file_copy.put(target.directory, target.directory, target.name, 0);
  file_copy.discard(target.directory);
  return result;
}
