// LINK (operations §15): a further name on the branches that hold the file. Also the first name of an O_TMPFILE file
// (departures D12).
import { ENOENT, EPERM, ESTALE, EXDEV } from "../base/errno.ts";
import { Branch } from "../branches/branch.ts";
import { LINK_EXDEV_PASSTHROUGH } from "../config/words.ts";
import { F_BRANCH, F_FD } from "../state/layout.ts";
import { close } from "../sys/file.ts";
import { AT_FDCWD, AT_SYMLINK_FOLLOW, linkat } from "../sys/path.ts";
import { entry_reply, getattr_by_path } from "./common/attributes.ts";
import { clone_path } from "./common/clone_path.ts";
import { is_control_file } from "./common/control_file.ts";
import { lock_new_name } from "./common/create_targets.ts";
import { first_branch, select_branches } from "./common/on_branches.ts";
import { pin_canonical } from "./common/pins.ts";
import { proc_path } from "./common/proc_path.ts";
import { Context } from "./context.ts";
import { link_by_symlink } from "./link_exdev.ts";

/** LINK: on every branch of the link policy (rule R4). */
export function link(c: Context): number {
  const request = c.request;
  const old_low = request.arg(0);
  const old_high = request.arg(1);
  const parent = c.locks.lock_two(old_low, old_high, c.path, request.node_low, request.node_high, c.path2);
  if (parent === -ESTALE) return link_nameless(c, old_low, old_high);
  if (parent < 0) return parent;
  const named = c.path2.append(request.u8, request.name, request.name_length);
  if (named < 0) return named;
  if (is_control_file(c.path2)) return -EPERM;
  const count = select_branches(c, c.settings.policy_link, c.path);
  if (count < 0) return count;
  const result = c.settings.rename_preserves_path ? link_preserving(c, count) : link_creating(c, count);
  if (result === -EXDEV && c.settings.link_exdev !== LINK_EXDEV_PASSTHROUGH) return link_by_symlink(c, parent);
  if (result < 0) return result;
  const found = getattr_by_path(c, c.path2);
  if (found < 0) return found;
  const old_node = c.nodes.slot_of(old_low, old_high);
  if (!c.nodes.has_type(old_node, c.stat.mode)) return -ESTALE; // something else has the new name by now, or the old one
  const slot = c.nodes.remember(parent, request.u8, request.name, request.name_length, c.stat.mode);
  if (slot < 0) return slot;
  const bytes = entry_reply(c, slot, c.path2);
  // The link count is new under the old name too, and under all others: the nodes that share the new one's object.
  c.notices.note(old_node, c.stat);
  c.notices.changed(slot);
  return bytes;
}

// Non-path-preserving (§15.1): a missing directory is made, and only then.
function link_creating(c: Context, count: number): number {
  c.parent.set(c.path2);
  c.parent.up();
  const model = first_branch(c, c.settings.policy_getattr, c.parent);
  if (model < 0) return model;
  c.results.clear();
  for (let i = 0; i < count; i++) {
    const index = c.selection.indexes[i]!;
    const branch = c.branch(index);
    let result = link_on_branch(c, branch);
    if (result === -ENOENT) {
      const cloned = clone_path(c, c.branch(model), branch, c.parent);
      result = cloned < 0 ? cloned : link_on_branch(c, branch);
    }
    // A branch where the file turns out not to be, behind a symlink (departures D3) or gone since, was not acted on.
    if (result !== -ENOENT) c.results.add(index, result);
  }
  return c.results.success_or_last_error();
}

// Path preserving (§15.2): a missing directory is another device.
function link_preserving(c: Context, count: number): number {
  c.results.clear();
  for (let i = 0; i < count; i++) {
    const index = c.selection.indexes[i]!;
    const result = link_on_branch(c, c.branch(index));
    c.results.add(index, result === -ENOENT ? -EXDEV : result);
  }
  return c.results.success_or_last_error();
}

function link_on_branch(c: Context, branch: Branch): number {
  const from = c.place.open_parent(branch, c.path);
  if (from < 0) return from;
  const to = c.place2.open_parent(branch, c.path2);
  const result = to < 0 ? to : linkat(from, c.place.name, to, c.place2.name, 0);
  if (to >= 0) close(to);
  close(from);
  return result;
}

/** The node has no path: a file of O_TMPFILE gets its first name through its open descriptor; others are stale. */
function link_nameless(c: Context, old_low: number, old_high: number): number {
  const parent = lock_new_name(c);
  if (parent < 0) return parent;
  const node = c.nodes.slot_of(old_low, old_high);
  const handle = pin_canonical(c, node);
  return handle < 0 ? -ESTALE : name_open_file(c, node, handle, parent);
}

function name_open_file(c: Context, node: number, handle: number, parent: number): number {
  const request = c.request;
  const id = c.handles.word(handle, F_BRANCH);
  const index = c.branches.findIndex((_branch, i) => c.branch_ids.id_of(i) === id);
  if (index < 0) return -ESTALE;
  const directory = open_or_clone_parent(c, index);
  if (directory < 0) return directory;
  const result = linkat(AT_FDCWD, proc_path(c.handles.word(handle, F_FD)), directory, c.place.name, AT_SYMLINK_FOLLOW);
  close(directory);
  // The kernel refuses a file whose last name was removed; to the caller that is a stale one.
  if (result < 0) return result === -ENOENT ? -ESTALE : result;
  const found = getattr_by_path(c, c.path);
  if (found < 0) return found;
  c.nodes.move(node, parent, request.u8, request.name, request.name_length);
  c.nodes.remember_again(node);
  return entry_reply(c, node, c.path);
}

// The directory of the new name on the branch that holds the file, by the rules of the mode (§15.1, §15.2).
function open_or_clone_parent(c: Context, index: number): number {
  const branch = c.branch(index);
  const directory = c.place.open_parent(branch, c.path);
  if (directory !== -ENOENT) return directory;
  if (c.settings.rename_preserves_path) return -EXDEV;
  c.parent.set(c.path);
  c.parent.up();
  const model = first_branch(c, c.settings.policy_getattr, c.parent);
  if (model < 0) return model;
  const cloned = clone_path(c, c.branch(model), branch, c.parent);
  return cloned < 0 ? cloned : c.place.open_parent(branch, c.path);
}
