// MKDIR and MKNOD (operations §12).
import { ENOSYS, ESTALE } from "../base/errno.ts";
import { S_IFDIR, S_IFMT, S_IFREG } from "../base/statx.ts";
import { Branch } from "../branches/branch.ts";
import { Policy } from "../policies/policy.ts";
import { close, O_CREAT, O_EXCL, O_WRONLY } from "../sys/file.ts";
import { fstat, mkdirat, mknodat, openat } from "../sys/path.ts";
import { entry_reply, getattr_by_path } from "./common/attributes.ts";
import {
  choose_targets,
  create_on_target,
  create_on_targets,
  CreateCall,
  lock_new_name,
  mode_without_umask,
  set_parent,
} from "./common/create_targets.ts";
import { with_read_only_retry } from "./common/read_only_retry.ts";
import { Context } from "./context.ts";

/** MKDIR: on every branch that the mkdir policy chooses. */
export function mkdir(c: Context): number {
  return make(c, S_IFDIR, mkdir_on_branches);
}

/** MKNOD: a regular file goes the way of CREATE; the rest to every branch of the mknod policy. */
export function mknod(c: Context): number {
  const type = c.request.arg(0) & S_IFMT;
  return make(c, type, type === S_IFREG ? mknod_regular : mknod_on_branches);
}

// The path of the new name, the operation, and its attributes. When something else has that name by now the kernel must look
// again: for attributes of another type it would tell its caller EIO.
function make(c: Context, type: number, operation: (c: Context) => number): number {
  const parent = lock_new_name(c);
  if (parent < 0) return parent;
  const made = with_read_only_retry(c, operation);
  if (made < 0) return made;
  if ((c.stat.mode & S_IFMT) !== type) return -ESTALE;
  const slot = c.nodes.remember(parent, c.request.u8, c.request.name, c.request.name_length, c.stat.mode);
  return slot < 0 ? slot : entry_reply(c, slot, c.path);
}

// The attributes are those that the getattr policy finds, maybe of another branch.
function make_everywhere(c: Context, policy: Policy, call: CreateCall): number {
  const made = create_on_targets(c, policy, call);
  return made < 0 ? made : getattr_by_path(c, c.path);
}

function mkdir_on_branches(c: Context): number {
  return make_everywhere(c, c.settings.policy_mkdir, call_mkdir);
}

function call_mkdir(c: Context, directory: number, target: Branch): number {
  const mode = mode_without_umask(c, target, c.request.arg(0), c.request.arg(1));
  const allowed = c.credentials.become(c.request.uid, c.request.gid);
  const result = allowed < 0 ? allowed : mkdirat(directory, c.place.name, mode);
  c.credentials.restore();
  return result;
}

function mknod_on_branches(c: Context): number {
  return make_everywhere(c, c.settings.policy_mknod, call_mknod);
}

function call_mknod(c: Context, directory: number, target: Branch): number {
  const mode = mode_without_umask(c, target, c.request.arg(0), c.request.arg(2));
  const allowed = c.credentials.become(c.request.uid, c.request.gid);
  const result = allowed < 0 ? allowed : mknodat(directory, c.place.name, mode, c.request.arg(1));
  c.credentials.restore();
  return result;
}

// A regular file is made as CREATE would, on one branch by the create policy (operations §12, F12: no handle is kept). The
// attributes are those of the new file: the kernel takes nothing but a regular file.
function mknod_regular(c: Context): number {
  set_parent(c);
  const model = choose_targets(c, c.settings.policy_create);
  if (model < 0) return model;
  c.stat_branch = c.selection.indexes[0]!;
  const made = create_on_target(c, model, c.stat_branch, call_create_and_close);
  return made === -ENOSYS ? mknod_on_branches(c) : made;
}

function call_create_and_close(c: Context, directory: number, target: Branch): number {
  const mode = mode_without_umask(c, target, c.request.arg(0), c.request.arg(2));
  const allowed = c.credentials.become(c.request.uid, c.request.gid);
  const fd = allowed < 0 ? allowed : openat(directory, c.place.name, O_WRONLY | O_CREAT | O_EXCL, mode);
  c.credentials.restore();
  if (fd < 0) return fd;
  const result = fstat(fd, c.stat);
  close(fd);
  return result;
}
