// UNLINK and RMDIR (operations §13): on every branch the policy chooses; then the node loses its name.
import { ENOTDIR } from "../base/errno.ts";
import { PathBuffer } from "../base/path_buffer.ts";
import { Branch } from "../branches/branch.ts";
import { FOLLOW_NEVER } from "../config/words.ts";
import { close } from "../sys/file.ts";
import { AT_REMOVEDIR, lstat, unlinkat } from "../sys/path.ts";
import { act_on_each } from "./common/on_branches.ts";
import { Context } from "./context.ts";

/** UNLINK: one success is enough (rule R2). */
export function unlink(c: Context): number {
  const parent = lock_victim(c);
  if (parent < 0) return parent;
  const selected = act_on_each(c, c.settings.policy_unlink, c.path, unlink_on_branch);
  return finish(c, parent, selected < 0 ? selected : c.results.any_success());
}

/** RMDIR: "not empty" from any branch wins, else the last outcome (rule R3). */
export function rmdir(c: Context): number {
  const parent = lock_victim(c);
  if (parent < 0) return parent;
  const selected = act_on_each(c, c.settings.policy_rmdir, c.path, rmdir_on_branch);
  return finish(c, parent, selected < 0 ? selected : c.results.last_but_not_empty());
}

function lock_victim(c: Context): number {
  const request = c.request;
  return c.locks.lock_victim(
    request.node_low,
    request.node_high,
    request.u8,
    request.name,
    request.name_length,
    c.path,
  );
}

function finish(c: Context, parent: number, result: number): number {
  if (result < 0) return result;
  c.notices.changed(c.locks.victim);
  c.nodes.detach_named(parent, c.request.u8, c.request.name, c.request.name_length);
  return 0;
}

function unlink_on_branch(c: Context, branch: Branch, path: PathBuffer): number {
  return remove_on_branch(c, branch, path, 0);
}

// A followed symlink to a directory is removed itself; any other file of that name on this branch stays.
function rmdir_on_branch(c: Context, branch: Branch, path: PathBuffer): number {
  const result = remove_on_branch(c, branch, path, AT_REMOVEDIR);
  if (result !== -ENOTDIR || c.settings.follow_symlinks === FOLLOW_NEVER) return result;
  const parent = c.place.open_parent(branch, path);
  if (parent < 0) return result;
  const is_symlink = lstat(parent, c.place.name, c.stat) === 0 && c.stat.is_symlink;
  const removed = is_symlink ? unlinkat(parent, c.place.name, 0) : result;
  close(parent);
  return removed;
}

/** unlink or (AT_REMOVEDIR) rmdir of the path on one branch. */
export function remove_on_branch(c: Context, branch: Branch, path: PathBuffer, flags: number): number {
  const parent = c.place.open_parent(branch, path);
  if (parent < 0) return parent;
  const result = unlinkat(parent, c.place.name, flags);
  close(parent);
  return result;
}
