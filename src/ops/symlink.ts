// SYMLINK (operations §12); also what makes the symlinks that take the place of links and renames between branches
// (§14.4, §15.3).
import { ENOENT } from "../base/errno.ts";
import { Branch } from "../branches/branch.ts";
import { FOLLOW_NEVER } from "../config/words.ts";
import { lstat, symlinkat } from "../sys/path.ts";
import { entry_reply, entry_reply_with_timeouts } from "./common/attributes.ts";
import { create_on_targets, lock_new_name } from "./common/create_targets.ts";
import { with_read_only_retry } from "./common/read_only_retry.ts";
import { Context } from "./context.ts";

let target_view: Uint8Array<ArrayBuffer> = new Uint8Array(0);
let first_made = -1;

/** SYMLINK: on every branch of the symlink policy; the attributes are those of the first link made. */
export function symlink(c: Context): number {
  const parent = lock_new_name(c);
  if (parent < 0) return parent;
  const request = c.request;
  const made = make_symlink(c, request.u8.subarray(request.name2, request.name2 + request.name2_length + 1));
  if (made < 0) return made;
  const slot = c.nodes.remember(parent, request.u8, request.name, request.name_length, c.stat.mode);
  if (slot < 0) return slot;
  if (c.settings.follow_symlinks === FOLLOW_NEVER) return entry_reply(c, slot, c.path);
  return entry_reply_with_timeouts(c, slot, c.path, 0, 0);
}

/**
 * A symlink at `c.path` to a NUL-terminated target, on every branch of the symlink policy and as the requester.
 * `c.stat` and `c.stat_branch` are then those of the first one made. Returns 0 or -errno.
 */
export function make_symlink(c: Context, target: Uint8Array<ArrayBuffer>): number {
  target_view = target;
  const made = with_read_only_retry(c, symlink_on_branches);
  if (made < 0) return made;
  c.stat_branch = first_made;
  return first_made < 0 ? -ENOENT : 0;
}

function symlink_on_branches(c: Context): number {
  first_made = -1;
  return create_on_targets(c, c.settings.policy_symlink, call_symlink);
}

function call_symlink(c: Context, directory: number, target: Branch): number {
  const allowed = c.credentials.become(c.request.uid, c.request.gid);
  const result = allowed < 0 ? allowed : symlinkat(target_view, directory, c.place.name);
  c.credentials.restore();
  if (result === 0 && first_made < 0 && lstat(directory, c.place.name, c.stat) === 0) {
    first_made = c.branches.indexOf(target);
  }
  return result;
}
