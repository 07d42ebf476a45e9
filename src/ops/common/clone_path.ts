// Path cloning: makes sure that a directory of one branch exists on another, with mode, owner, times, attributes and
// flags of the original (operations §5). Runs as the daemon; no symlink on the target is followed (departures D3), unless
// the user asked for it.
import { EEXIST, ENOTDIR, is_shortage } from "../../base/errno.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { S_IFMT, STATX_CTIME_WORD, StatxBuffer } from "../../base/statx.ts";
import { Branch } from "../../branches/branch.ts";
import { close, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from "../../sys/file.ts";
import {
  AT_REMOVEDIR,
  fchmod,
  fchown,
  fstat,
  futimens,
  lstat,
  mkdirat,
  openat,
  stat as stat_followed,
  unlinkat,
  utimens,
} from "../../sys/path.ts";
import { SLASH } from "../../base/bytes.ts";
import { Context } from "../context.ts";
import { copy_xattrs, drop_inherited_acls, file_flags, set_file_flags, times_of } from "./copy_metadata.ts";
import { first_branch } from "./on_branches.ts";
import { Place } from "./place.ts";
import { proc_path } from "./proc_path.ts";

const COPY_ROUNDS_MAX = 4;

const source_place = new Place();
const target_place = new Place();
/** The directory in turn, and where its copy is to be. */
const level = new PathBuffer();
const target_level = new PathBuffer();
const NOT_BELOW = new Uint8Array(0);
const stat = new StatxBuffer();
const parent_stat = new StatxBuffer();

/**
 * Makes `directory` exist on `target` as the pool shows it. Every level is copied from the branch that the getattr
 * policy shows, because copies on other branches may differ in their times; from `model` where that finds none.
 * Returns 0 or -errno.
 */
export function clone_path(c: Context, model: Branch, target: Branch, directory: PathBuffer): number {
  if (directory.length === 0 || model === target) return 0;
  target_place.follow = c.place.follow;
  const there = target_place.open_directory(target, directory);
  if (there >= 0) {
    close(there);
    return 0;
  }
  return clone_levels(c, model, target, NOT_BELOW, directory);
}

/** The same inside a directory `below` of the root of a branch that has the original itself. */
export function clone_below(c: Context, branch: Branch, below: Uint8Array, directory: PathBuffer): number {
  if (directory.length === 0) return 0;
  target_place.follow = c.place.follow;
  return clone_levels(c, branch, branch, below, directory);
}

// From the top component downwards, as the recursion of the specification comes out.
function clone_levels(c: Context, model: Branch, target: Branch, below: Uint8Array, directory: PathBuffer): number {
  for (let end = 1; end <= directory.length; end++) {
    if (end < directory.length && directory.bytes[end] !== SLASH) continue;
    level.set(directory);
    level.length = end;
    level.bytes[end] = 0;
    target_level.set(level);
    const fits = below === NOT_BELOW ? 0 : target_level.set_below(below, level);
    if (fits < 0) return fits;
    const shown = first_branch(c, c.settings.policy_getattr, level);
    const source = shown < 0 ? model : c.branch(shown);
    if (source === target && below === NOT_BELOW) continue;
    const result = clone_level(c, source, target);
    if (result < 0) return result;
  }
  return 0;
}

function clone_level(c: Context, source: Branch, target: Branch): number {
  const found = look_at_source(source);
  const parent = found < 0 ? found : target_place.open_parent(target, target_level);
  if (parent < 0) {
    source_place.done();
    return parent;
  }
  let made = make_without_trace(c, target, parent);
  if (made === 0) {
    c.clones.count();
    made = copy_until_stable(source, parent);
    // Without owner and access rules it would be another directory.
    if (made < 0) unlinkat(parent, target_place.name, AT_REMOVEDIR);
  }
  close(parent);
  source_place.done();
  return made === -EEXIST ? 0 : made;
}

// In the pool nothing was made in the parent: its times must not say so (rsync would find them changed). Times that somebody
// sets meanwhile come before or after.
function make_without_trace(c: Context, target: Branch, parent: number): number {
  const branch = c.branch_ids.id_of(c.branches.indexOf(target));
  c.time_locks.hold(branch);
  const has_times = fstat(parent, parent_stat) === 0;
  const made = mkdirat(parent, target_place.name, stat.mode & ~S_IFMT);
  if (made === 0 && has_times) utimens(proc_path(parent), times_of(parent_stat));
  c.time_locks.release(branch);
  return made;
}

// Fills `stat` with the directory on the source, where `source_place` then points. Returns 0 or -errno.
function look_at_source(source: Branch): number {
  const reached = source_place.at(source, level);
  const look = target_place.follow ? stat_followed : lstat;
  const found = reached < 0 ? reached : look(source_place.dirfd, source_place.path, stat);
  return found < 0 ? found : stat.is_directory ? 0 : -ENOTDIR;
}

// A change of the source meanwhile, by a request that did not see the new directory yet, must reach it as well. One that
// comes later sees the counter (change_objects in on_branches.ts). Returns 0, or what the daemon lacks (is_shortage).
function copy_until_stable(source: Branch, parent: number): number {
  for (let round = 0; round < COPY_ROUNDS_MAX; round++) {
    const second = stat.words[STATX_CTIME_WORD]!;
    const nanosecond = stat.words[STATX_CTIME_WORD + 2]!;
    const copied = copy_directory_metadata(parent);
    if (is_shortage(copied)) return copied;
    if (look_at_source(source) < 0) break;
    if (stat.words[STATX_CTIME_WORD] === second && stat.words[STATX_CTIME_WORD + 2] === nanosecond) break;
  }
  return 0;
}

// Of a directory just made; every failure is ignored, in the order of operations §5 step 5, but for the caller to see that
// one of the two could not be opened.
function copy_directory_metadata(parent: number): number {
  const open_flags = O_RDONLY | O_NONBLOCK | O_DIRECTORY;
  const follow = target_place.follow ? 0 : O_NOFOLLOW;
  const from = openat(source_place.dirfd, source_place.path, open_flags | follow, 0);
  const to = openat(parent, target_place.name, open_flags | O_NOFOLLOW, 0);
  if (to >= 0) {
    if (from >= 0) copy_rules(from, to);
    fchown(to, stat.uid, stat.gid);
    // The parent may have handed down its set-gid bit, mkdir ignores that of the source, and chown may clear it: the
    // mode is set once more (operations §29.2).
    fchmod(to, stat.mode & ~S_IFMT);
    futimens(to, times_of(stat));
    close(to);
  }
  if (from >= 0) close(from);
  return Math.min(0, from) || to;
}

function copy_rules(from: number, to: number): void {
  const flags = file_flags(from);
  if (flags >= 0) set_file_flags(to, flags);
  drop_inherited_acls(from, to);
  copy_xattrs(from, to, tolerates_nothing);
}

function tolerates_nothing(): boolean {
  return false;
}
