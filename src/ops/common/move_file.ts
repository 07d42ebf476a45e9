// moveonenospc: a file whose branch has no room for a change is moved to another branch, under the hands of the programs
// that have it open (operations §17.3 with F1 to F3, departures D1 to D3). No byte is lost at any point:
//
// 1. The change has the node's data lock alone (state/data_locks.ts), so nobody writes to the file through the pool.
// 2. The file is copied into one without a name (copy_file.ts), made durable, and only then compared with the source: one
//    that was changed from outside is not moved. Other requests find the old file meanwhile; no path lock is held.
// 3. With the node's path held exclusively, the copy takes its name, where no other file may be; that is made durable; every
//    handle gets a descriptor of the copy that is opened as its own one was; the source is removed.
// 4. The descriptors of the copy replace the old ones under the same numbers.
//
// A failure before the source is gone removes the copy and leaves everything as it was. Of a file with several names the
// others stay behind: from then on they are a file of their own, with the content that the copy was made of.
import { EDQUOT, ENOSPC, ESTALE } from "../../base/errno.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { path_text } from "../../base/path_text.ts";
import { StatxBuffer } from "../../base/statx.ts";
import { Branch } from "../../branches/branch.ts";
import { F_BRANCH, F_FD, F_NODE } from "../../state/layout.ts";
import { close, dup_onto, F_GETFL, fcntl, O_CREAT, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_TRUNC } from "../../sys/file.ts";
import { AT_FDCWD, fstat, lstat, openat, RENAME_NOREPLACE, unlinkat } from "../../sys/path.ts";
import { Context } from "../context.ts";
import { GIVEN_BACK } from "../operation.ts";
import { clone_path } from "./clone_path.ts";
import { FileCopy, fsync_directory, is_fixed } from "./copy_file.ts";
import { Place } from "./place.ts";
import { proc_path } from "./proc_path.ts";

/** Of the flags a file was opened with, those that are not for opening it anew. */
const ONCE_ONLY = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_NOFOLLOW;

// Places of their own, which never follow symlinks: a file behind one is not moved (departures D3).
const source_place = new Place();
const target_place = new Place();
const copy = new FileCopy();
/** Where the file was when it was copied, and where it is when the copy takes its place. */
const path = new PathBuffer();
const path_now = new PathBuffer();
const directory_path = new PathBuffer();
const stat = new StatxBuffer();
const other_stat = new StatxBuffer();

interface Move {
  readonly node: number;
  /** A descriptor of the file. */
  readonly file: number;
  readonly source: Branch;
  readonly target: Branch;
}

/** A change of an open file; 0 or more, or -errno. */
export type HandleChange = (c: Context, handle: number) => number;

/** Whether a branch refused for want of room. */
export function is_out_of_space(result: number): boolean {
  return result === -ENOSPC || result === -EDQUOT;
}

/**
 * A change of an open file ended in `failure`, for want of room: tries again when nobody else works on the file, for it may
 * have been moved meanwhile, then moves it and tries a last time. `end_bytes`: the size that the file needs to have then,
 * if more than it has. Without a move the result is `failure`; GIVEN_BACK when somebody else is moving the file and the
 * request `can_restart`.
 */
export function with_more_room(
  c: Context,
  handle: number,
  failure: number,
  end_bytes: number,
  change: HandleChange,
  can_restart = true,
): number {
  if (c.settings.policy_move === undefined) return failure;
  const node = c.handles.word(handle, F_NODE);
  if (!c.data_locks.take_alone(node, can_restart)) return GIVEN_BACK;
  const again = change(c, handle);
  if (!is_out_of_space(again)) return again;
  const { handles } = c;
  const has_moved = move_file(c, node, handles.word(handle, F_FD), handles.word(handle, F_BRANCH), end_bytes);
  return has_moved ? change(c, handle) : failure;
}

/**
 * Moves the file of a node, `file` being a descriptor of it and `branch_id` the lasting number of its branch. The request
 * has the node's data lock alone and holds no path lock. False: everything is as it was.
 */
export function move_file(c: Context, node: number, file: number, branch_id: number, end_bytes: number): boolean {
  const source = c.branches.find((_branch, index) => c.branch_ids.id_of(index) === branch_id);
  if (source === undefined) return false;
  const target = choose(c, node, file, source, end_bytes);
  const directory = target === undefined ? -1 : open_target_directory(c, source, target, path);
  c.locks.release();
  if (target === undefined || directory < 0) return false;
  let has_moved = false;
  if (copy.make(file, directory, target_place.name) === 0) {
    has_moved = replace(c, { node, file, source, target }, directory);
    c.locks.release();
  }
  if (has_moved) tell(c, source, target);
  copy.discard(directory);
  close(directory);
  return has_moved;
}

function tell(c: Context, source: Branch, target: Branch): void {
  const moved = path_text(path_now.bytes.subarray(0, path_now.length));
  const [from, to] = [source.text, target.text];
  const what = `Moved "${moved}" from "${from}" to "${to}" for want of room: ${copy.source.size_bytes} bytes`;
  const losses = [];
  const names = copy.source.nlink - 1;
  if (names > 0) {
    const stay = names === 1 ? "Its other name stays" : `Its ${names} other names stay`;
    losses.push(`. ${stay} on "${from}" with the content so far, no longer linked to it`);
  }
  const lost = copy.attributes_lost;
  if (lost > 0) {
    losses.push(`. ${lost} of its extended attributes are lost: the file system of "${to}" has none of the kind`);
  }
  c.events.log(losses.length === 0 ? "info" : "warning", what + losses.join(""));
}

// The branch that the file is to go to; undefined when it cannot be moved. Leaves `path` locked.
function choose(c: Context, node: number, file: number, source: Branch, end_bytes: number): Branch | undefined {
  const policy = c.settings.policy_move;
  if (policy === undefined || c.locks.lock_path(node, c.nodes.reuse_of(node), path) < 0) return undefined;
  if (!is_there(source, path, file) || is_passed_through(c, node) || is_fixed(file)) return undefined;
  const candidates = free_branches(c, source, path);
  if (candidates === undefined) return undefined;
  const needed_bytes = Math.max(stat.size_bytes, end_bytes);
  c.space.forget();
  c.probe.start(path);
  const roomy = candidates.filter((branch, index) => has_room(c, branch, index, needed_bytes));
  return policy(roomy, c.probe, c.companion) > 0 ? roomy[c.companion.indexes[0]!] : undefined;
}

// Whether writes may pass us by (departures D1), be it through another name of the file, whose attributes are in `stat`.
function is_passed_through(c: Context, node: number): boolean {
  c.notices.note(node, stat);
  return c.nodes.some_link(node, (slot) => c.handles.has_backing(slot));
}

// Whether the path on that branch is the very file; its attributes are in `stat` then.
function is_there(branch: Branch, where: PathBuffer, file: number): boolean {
  const parent = source_place.open_parent(branch, where);
  if (parent < 0) return false;
  const is_same = fstat(file, stat) === 0 && stat.is_regular &&
    lstat(parent, source_place.name, other_stat) === 0 && stat.is_same_object(other_stat);
  close(parent);
  return is_same;
}

/**
 * The other branches, if none has anything under that path. Else undefined: the moved file would replace it, or be hidden
 * by it. A branch that shows the same directory as `source` (a bind mount, a second entry in the list) is none.
 */
function free_branches(c: Context, source: Branch, where: PathBuffer): Branch[] | undefined {
  const found: Branch[] = [];
  for (const branch of c.branches) {
    if (branch === source) continue;
    const reached = target_place.at(branch, where);
    const is_taken = reached === 0 && lstat(target_place.dirfd, target_place.path, other_stat) === 0;
    target_place.done();
    if (!is_taken) found.push(branch);
    else if (!other_stat.is_same_object(stat)) return undefined;
  }
  return found;
}

function has_room(c: Context, branch: Branch, index: number, size_bytes: number): boolean {
  const space = c.space.of(branch, index);
  return space !== undefined && space.available_bytes > size_bytes;
}

// A descriptor of the directory on the target, made if need be, with `target_place.name` set; or -errno.
function open_target_directory(c: Context, source: Branch, target: Branch, where: PathBuffer): number {
  directory_path.set(where);
  directory_path.up();
  const cloned = clone_path(c, source, target, directory_path);
  return cloned < 0 ? cloned : target_place.open_parent(target, where);
}

// The copy is complete: it takes the place of the file, whose path may be another one by now.
function replace(c: Context, move: Move, directory: number): boolean {
  if (c.locks.lock_alone(move.node, c.nodes.reuse_of(move.node), path_now) < 0) return false;
  const target = open_target_directory(c, move.source, move.target, path_now);
  if (target < 0) return false;
  const has_moved = is_still_so(c, move) && exchange(c, move, directory, target);
  close(target);
  return has_moved;
}

function is_still_so(c: Context, move: Move): boolean {
  return is_there(move.source, path_now, move.file) && copy.is_true_to(move.file) && !is_passed_through(c, move.node) &&
    free_branches(c, move.source, path_now)?.includes(move.target) === true;
}

// Names: the copy gets the file's, then the file loses it. False: the file still has it, and the copy is gone.
function exchange(c: Context, move: Move, directory: number, target: number): boolean {
  const name = target_place.name;
  const handles = c.handles.handles_of(move.node);
  const is_put = copy.put(directory, target, name, RENAME_NOREPLACE) === 0 && fsync_parents(move.target);
  const named = is_put ? copy.open_by_name(target, name) : -1;
  const descriptors = named < 0 ? undefined : open_as_before(c, handles, named);
  if (named >= 0) close(named);
  if (descriptors !== undefined && remove_source(move)) {
    repoint(c, move, handles, descriptors);
    return true;
  }
  for (const fd of descriptors ?? []) close(fd);
  if (copy.is_at(target, name)) unlinkat(target, name, 0);
  return false;
}

// A descriptor of the copy for each handle, with the flags of its own one; undefined when one cannot be opened.
function open_as_before(c: Context, handles: readonly number[], named: number): number[] | undefined {
  const opened: number[] = [];
  for (const handle of handles) {
    const fd = open_as(c.handles.word(handle, F_FD), named);
    if (fd < 0) {
      for (const other of opened) close(other);
      return undefined;
    }
    opened.push(fd);
  }
  return opened;
}

// The copy once more, with the flags of a descriptor, which must be one of the file that was copied.
function open_as(former: number, named: number): number {
  const known = fstat(former, other_stat);
  if (known < 0 || !other_stat.is_same_object(copy.source)) return -ESTALE;
  const flags = fcntl(former, F_GETFL, 0);
  return flags < 0 ? flags : openat(AT_FDCWD, proc_path(named), flags & ~ONCE_ONLY, 0);
}

// Directories that cloning made must outlast a power cut before the only other copy goes.
function fsync_parents(target: Branch): boolean {
  directory_path.set(path_now);
  for (directory_path.up(); directory_path.up();) {
    const directory = target_place.open_directory(target, directory_path);
    const result = directory < 0 ? directory : fsync_directory(directory);
    if (directory >= 0) close(directory);
    if (result < 0) return false;
  }
  return true;
}

// Durable as well: after a power cut the old copy must not be taken for the file. A network filesystem may report a failure
// of what it has done: only a file that is seen to be there is not removed.
function remove_source(move: Move): boolean {
  const parent = source_place.open_parent(move.source, path_now);
  if (parent < 0) return false;
  // One last look, because making the copy's name durable takes its time.
  const is_removed = copy.is_true_to(move.file) &&
    (unlinkat(parent, source_place.name, 0) === 0 || !is_there(move.source, path_now, move.file));
  if (is_removed) fsync_directory(parent);
  close(parent);
  return is_removed;
}

function repoint(c: Context, move: Move, handles: readonly number[], descriptors: readonly number[]): void {
  const branch = c.branch_ids.id_of(c.branches.indexOf(move.target));
  for (const [at, handle] of handles.entries()) {
    const former = c.handles.word(handle, F_FD);
    // It cannot fail for two open descriptors. If it does, the old number is left open for those who still read from it.
    const has_replaced = dup_onto(descriptors[at]!, former) >= 0;
    c.handles.set_place(handle, has_replaced ? former : descriptors[at]!, branch);
    if (has_replaced) close(descriptors[at]!);
  }
  // One link less under the other names. The inode number depends on the branch, and the reply to a write carries no attributes.
  c.notices.changed(move.node);
  c.nodes.forget_hard_link(move.node);
  c.notices.add(move.node, c.nodes.reuse_of(move.node));
}
