// RENAME and RENAME2 (operations §14, departures D11). A file always stays on its branch; stale copies of the target on
// other branches are removed.
import { EEXIST, EINVAL, ENOENT, EPERM, EXDEV } from "../base/errno.ts";
import { PathBuffer } from "../base/path_buffer.ts";
import { Branch } from "../branches/branch.ts";
import { RENAME_EXDEV_PASSTHROUGH } from "../config/words.ts";
import { close } from "../sys/file.ts";
import { AT_REMOVEDIR, RENAME_EXCHANGE, RENAME_NOREPLACE, renameat2 } from "../sys/path.ts";
import { clone_path } from "./common/clone_path.ts";
import { is_control_file } from "./common/control_file.ts";
import { first_branch, is_anywhere, is_there, select_branches } from "./common/on_branches.ts";
import { Context } from "./context.ts";
import { rename_by_symlink } from "./rename_exdev.ts";
import { remove_on_branch } from "./unlink.ts";

/** How a branch came out, by index; made once per worker. */
const NOT_ASKED = 0;
const RENAMED = 1;
const FAILED = 2;
let outcomes = new Uint8Array(64);

/** RENAME (operations §14). */
export function rename(c: Context): number {
  return rename_with_flags(c, 0);
}

/** RENAME2: NOREPLACE goes to each branch, EXCHANGE needs both names on one branch (departures D11). */
export function rename2(c: Context): number {
  const flags = c.request.arg(2);
  if (flags !== 0 && flags !== RENAME_NOREPLACE && flags !== RENAME_EXCHANGE) return -EINVAL;
  return rename_with_flags(c, flags);
}

function rename_with_flags(c: Context, flags: number): number {
  const request = c.request;
  const locked = c.locks.lock_rename(
    request.node_low,
    request.node_high,
    c.path,
    request.arg(0),
    request.arg(1),
    c.path2,
    request.u8,
    request.name,
    request.name_length,
    request.name2,
    request.name2_length,
  );
  if (locked < 0) return locked;
  if (is_control_file(c.path2) || (flags === RENAME_EXCHANGE && is_control_file(c.path))) return -EPERM;
  if (flags === RENAME_EXCHANGE) return exchange(c);
  // A copy on a branch that is not asked counts as well.
  if (flags === RENAME_NOREPLACE && is_anywhere(c, c.path2)) return -EEXIST;
  const result = c.settings.rename_preserves_path ? rename_preserving(c, flags) : rename_creating(c, flags);
  if (result === -EXDEV && c.settings.rename_exdev !== RENAME_EXDEV_PASSTHROUGH) return leave_symlink(c);
  if (result < 0) return result;
  move_node(c);
  return 0;
}

// The object is another one by now: the next look-up of the new name makes a node for the symlink (operations F6d). The
// kernel takes its node along to the new name all the same; without attributes it asks for them and learns that it is stale.
function leave_symlink(c: Context): number {
  const result = rename_by_symlink(c);
  if (result < 0) return result;
  const node = c.locks.old_node;
  if (node !== 0) {
    c.notices.changed(node);
    c.notices.add(node, c.nodes.reuse_of(node));
    c.nodes.supersede(node);
  }
  forget_new_name(c);
  return 0;
}

function forget_new_name(c: Context): void {
  const request = c.request;
  const parent = c.nodes.slot_of(request.arg(0), request.arg(1));
  c.nodes.detach_named(parent, request.u8, request.name2, request.name2_length);
}

function move_node(c: Context): void {
  const request = c.request;
  const parent = c.nodes.slot_of(request.arg(0), request.arg(1));
  c.notices.changed(c.locks.new_node);
  if (c.locks.old_node === 0) return forget_new_name(c);
  // The change time of the file is new under every one of its names.
  c.notices.changed(c.locks.old_node);
  // What is open under the new name goes on under the old one.
  if (are_one_file(c)) return c.nodes.exchange(c.locks.old_node, c.locks.new_node);
  c.nodes.move(c.locks.old_node, parent, request.u8, request.name2, request.name2_length);
}

// Whether both were names of one file, which rename(2) leaves as they are: then the old name is still there.
function are_one_file(c: Context): boolean {
  const { old_node, new_node } = c.locks;
  const key = new_node === 0 ? 0 : c.nodes.link_key_of(new_node);
  if (key === 0 || key !== c.nodes.link_key_of(old_node)) return false;
  return is_there(c, c.branch(outcomes.indexOf(RENAMED)), c.path, c.stat);
}

// Non-path-preserving (§14.1): where the new directory is missing it is made.
function rename_creating(c: Context, flags: number): number {
  const count = select_branches(c, c.settings.policy_rename, c.path);
  if (count < 0) return count;
  c.parent.set(c.path2);
  c.parent.up();
  mark_selected(c);
  const model = first_of_parent(c);
  if (model < 0) return model;
  c.results.clear();
  for (let index = 0; index < c.branches.length; index++) {
    if (outcomes[index] === NOT_ASKED) continue;
    const branch = c.branch(index);
    let result = rename_on_branch(c, branch, flags);
    if (result < 0) {
      const cloned = clone_path(c, c.branch(model), branch, c.parent);
      result = cloned < 0 ? cloned : rename_on_branch(c, branch, flags);
    }
    note_outcome(c, index, result);
  }
  const result = c.results.any_success();
  if (result >= 0) remove_stale(c);
  return result;
}

// Path preserving (§14.2): no directories are made; what fails everywhere is another device to the caller.
function rename_preserving(c: Context, flags: number): number {
  const count = select_branches(c, c.settings.policy_rename, c.path);
  if (count < 0) return count;
  mark_selected(c);
  c.results.clear();
  for (let index = 0; index < c.branches.length; index++) {
    if (outcomes[index] !== NOT_ASKED) note_outcome(c, index, rename_on_branch(c, c.branch(index), flags));
  }
  if (c.results.any_success() < 0) return -EXDEV;
  remove_stale(c);
  return 0;
}

// The branch whose directory of the new name is the model; the selection of the old name is in `outcomes` by now.
function first_of_parent(c: Context): number {
  return first_branch(c, c.settings.policy_getattr, c.parent);
}

function mark_selected(c: Context): void {
  if (outcomes.length < c.branches.length) outcomes = new Uint8Array(c.branches.length);
  outcomes.fill(NOT_ASKED);
  for (let i = 0; i < c.selection.count; i++) outcomes[c.selection.indexes[i]!] = FAILED;
}

// A branch where the object turns out not to be, behind a symlink (departures D3) or gone since, was not acted on.
function note_outcome(c: Context, index: number, result: number): void {
  outcomes[index] = result >= 0 ? RENAMED : FAILED;
  if (result !== -ENOENT) c.results.add(index, result);
}

function rename_on_branch(c: Context, branch: Branch, flags: number): number {
  const from = c.place.open_parent(branch, c.path);
  if (from < 0) return from;
  const to = c.place2.open_parent(branch, c.path2);
  const result = to < 0 ? to : renameat2(from, c.place.name, to, c.place2.name, flags);
  if (to >= 0) close(to);
  close(from);
  return result;
}

// After a success: copies of the target on branches that were not asked, and sources whose rename failed (§14.1 step 4).
// Two branches may be one directory (listed twice, bind mounts): what was just renamed is not its own stale copy.
function remove_stale(c: Context): void {
  if (!is_there(c, c.branch(outcomes.indexOf(RENAMED)), c.path2, c.stat2)) return;
  for (let index = 0; index < c.branches.length; index++) {
    if (outcomes[index] === RENAMED) continue;
    remove_if_there(c, c.branch(index), outcomes[index] === NOT_ASKED ? c.path2 : c.path);
  }
}

// As remove(3): unlink, or rmdir of a directory; a directory with something in it stays.
function remove_if_there(c: Context, branch: Branch, path: PathBuffer): void {
  if (!is_there(c, branch, path, c.stat) || c.stat.is_same_object(c.stat2)) return;
  remove_on_branch(c, branch, path, c.stat.is_directory ? AT_REMOVEDIR : 0);
}

// RENAME_EXCHANGE is possible when both names are on exactly one branch, the same (departures D11).
function exchange(c: Context): number {
  const count = select_branches(c, c.settings.policy_rename, c.path);
  if (count < 0) return count;
  const index = c.selection.indexes[0]!;
  if (holders(c, c.path, index) !== 1 || holders(c, c.path2, index) !== 1) return -EINVAL;
  const result = rename_on_branch(c, c.branch(index), RENAME_EXCHANGE);
  if (result < 0) return result;
  const { old_node, new_node } = c.locks;
  // The change time of both files is new under every one of their names.
  for (const node of [old_node, new_node]) c.notices.changed(node);
  if (old_node !== 0 && new_node !== 0) c.nodes.exchange(old_node, new_node);
  else for (const node of [old_node, new_node]) if (node !== 0) c.nodes.detach(node);
  return 0;
}

// On how many branches the path is; 0 when it is not on `wanted`.
function holders(c: Context, path: PathBuffer, wanted: number): number {
  let count = 0;
  let on_wanted = false;
  for (let index = 0; index < c.branches.length; index++) {
    if (!is_there(c, c.branch(index), path, c.stat)) continue;
    count++;
    on_wanted ||= index === wanted;
  }
  return on_wanted ? count : 0;
}
