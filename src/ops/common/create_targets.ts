// What create, mkdir, mknod and symlink have in common (operations §12): the branch whose directory is the model, the
// branches that get the new object, and the way into the directory on each of them.
import { c_string } from "../../base/bytes.ts";
import { ENOENT, EPERM } from "../../base/errno.ts";
import { S_ISGID } from "../../base/statx.ts";
import { Branch } from "../../branches/branch.ts";
import { Policy } from "../../policies/policy.ts";
import { close } from "../../sys/file.ts";
import { lgetxattr } from "../../sys/xattr.ts";
import { Context } from "../context.ts";
import { clone_path } from "./clone_path.ts";
import { is_control_file } from "./control_file.ts";

const DEFAULT_ACL = c_string("system.posix_acl_default");
const NOTHING = new Uint8Array(0);
const GROUP_EXECUTE = 0o010;
/** The first minor after Linux 6.0. */
const MINOR_WITH_STRIPPED_MODES = 37;

/**
 * Locks the directory of a new name; `c.path` becomes the path of the name. Returns the directory's slot or -errno: -EPERM
 * for the name of the control file, which would hide what gets it.
 */
export function lock_new_name(c: Context): number {
  const request = c.request;
  const parent = c.locks.lock_path(request.node_low, request.node_high, c.path);
  if (parent < 0) return parent;
  const named = c.path.append(request.u8, request.name, request.name_length);
  if (named < 0) return named;
  return is_control_file(c.path) ? -EPERM : parent;
}

/** `c.parent` becomes the directory of `c.path`. */
export function set_parent(c: Context): void {
  c.parent.set(c.path);
  c.parent.up();
}

/**
 * Chooses for a new object in the directory `c.parent`: `c.selection` becomes the branches that get it.
 * Returns the index of the branch whose directory is the model for the others, or -errno.
 */
export function choose_targets(c: Context, policy: Policy): number {
  c.probe.start(c.parent);
  const found = c.settings.policy_getattr(c.branches, c.probe, c.companion);
  if (found <= 0) return found < 0 ? found : -ENOENT;
  const model = c.companion.indexes[0]!;
  c.probe.start(c.parent);
  const chosen = policy(c.branches, c.probe, c.selection);
  if (chosen <= 0) return chosen < 0 ? chosen : -ENOENT;
  return model;
}

/**
 * Makes the directory exist on the target and opens it; the name of the new object then stands in `c.place.name`.
 * Returns a descriptor that the caller closes, or -errno.
 */
export function open_target_directory(c: Context, model: Branch, target: Branch): number {
  const cloned = clone_path(c, model, target, c.parent);
  return cloned < 0 ? cloned : c.place.open_parent(target, c.path);
}

/**
 * The mode for a new object: a default ACL of its directory replaces the umask (operations §4). Not `c.place`, whose
 * name is in use.
 */
export function mode_without_umask(c: Context, target: Branch, asked_mode: number, umask: number): number {
  const mode = mode_without_foreign_group(c, asked_mode);
  if ((mode & umask) === 0) return mode;
  if (c.place2.at(target, c.parent) < 0) return (mode & ~umask) >>> 0;
  const has_acl = lgetxattr(c.place2.single_path(), DEFAULT_ACL, NOTHING, 0) >= 0;
  c.place2.done();
  return has_acl ? mode : (mode & ~umask) >>> 0;
}

/**
 * In a set-gid directory a new file gets the directory's group. Since Linux 6.0 the kernel has then taken set-gid from a
 * program of somebody outside that group (mode_strip_sgid in fs/inode.c); before, the branch did, but not for a daemon
 * with CAP_FSETID. Whether the caller is in the group is not known here, so it is taken from everybody but root.
 */
function mode_without_foreign_group(c: Context, mode: number): number {
  if (c.init.minor >= MINOR_WITH_STRIPPED_MODES || c.request.uid === 0) return mode;
  return (mode & GROUP_EXECUTE) !== 0 ? mode & ~S_ISGID : mode;
}

/** The final system call of a creating operation, in an open directory, as the caller. Returns its result. */
export type CreateCall = (c: Context, directory: number, target: Branch) => number;

/** Runs the call on one target with everything around it. A result of 0 or more, or -errno. */
export function create_on_target(c: Context, model: number, index: number, call: CreateCall): number {
  const target = c.branch(index);
  const directory = open_target_directory(c, c.branch(model), target);
  if (directory < 0) return directory;
  const result = call(c, directory, target);
  close(directory);
  return result;
}

/** The same on every chosen target; one success is enough (rule R2). Returns 0 or -errno. */
export function create_on_targets(c: Context, policy: Policy, call: CreateCall): number {
  set_parent(c);
  const model = choose_targets(c, policy);
  if (model < 0) return model;
  c.results.clear();
  for (let i = 0; i < c.selection.count; i++) {
    const index = c.selection.indexes[i]!;
    c.results.add(index, create_on_target(c, model, index, call));
  }
  return c.results.any_success();
}
