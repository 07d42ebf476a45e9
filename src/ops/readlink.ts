// READLINK and ACCESS (operations §10.6, §10.7).
import { PATH_MAX_BYTES } from "../base/limits.ts";
import { copy_bytes, SLASH } from "../base/bytes.ts";
import { Branch } from "../branches/branch.ts";
import { AT_EACCESS, faccessat, lstat, readlinkat } from "../sys/path.ts";
import { is_symlinkified } from "./common/attributes.ts";
import { first_branch } from "./common/on_branches.ts";
import { Context } from "./context.ts";

/** READLINK: the target, without a NUL. */
export function readlink(c: Context): number {
  const slot = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  if (slot < 0) return slot;
  const index = first_branch(c, c.settings.policy_readlink, c.path);
  if (index < 0) return index;
  const branch = c.branch(index);
  const reached = c.place.at(branch, c.path);
  const result = reached < 0 ? reached : read_target(c, branch);
  c.place.done();
  return result;
}

function read_target(c: Context, branch: Branch): number {
  const { dirfd, path } = c.place;
  if (c.settings.symlinkify && lstat(dirfd, path, c.stat) === 0 && is_symlinkified(c, branch, c.path, c.stat)) {
    return full_path_as_target(c, branch);
  }
  return readlinkat(dirfd, path, c.body, PATH_MAX_BYTES + 1);
}

// An object shown as a symlink leads to its place on the branch.
function full_path_as_target(c: Context, branch: Branch): number {
  const length = branch.path.length;
  copy_bytes(branch.path, 0, c.body, 0, length);
  c.body[length] = SLASH;
  copy_bytes(c.path.bytes, 0, c.body, length + 1, c.path.length);
  return length + 1 + c.path.length;
}

/** Sent only without default_permissions; answered with what the daemon itself may do. */
export function access(c: Context): number {
  const slot = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  if (slot < 0) return slot;
  const index = first_branch(c, c.settings.policy_access, c.path);
  if (index < 0) return index;
  const reached = c.place.at(c.branch(index), c.path);
  const result = reached < 0 ? reached : faccessat(c.place.dirfd, c.place.path, c.request.arg(0) | 0, AT_EACCESS);
  c.place.done();
  return result;
}
