// Extended attributes (operations §21): GETXATTR, SETXATTR, LISTXATTR, REMOVEXATTR. What concerns the control file
// stands in runtime_interface.ts.
import { copy_bytes, SLASH, to_bytes } from "../base/bytes.ts";
import { ENODATA, ENOENT, ENOSYS, ERANGE, ESTALE } from "../base/errno.ts";
import { XATTR_BYTES_MAX } from "../base/limits.ts";
import { Branch } from "../branches/branch.ts";
import { XATTR_NOATTR, XATTR_NOSYS } from "../config/words.ts";
import { FUSE_SETXATTR_ACL_KILL_SGID } from "../fuse/abi.ts";
import { put_getxattr_size } from "../fuse/reply.ts";
import { lstat } from "../sys/path.ts";
import {
  fgetxattr,
  flistxattr,
  lgetxattr,
  llistxattr,
  removexattr as remove_call,
  setxattr as set_call,
} from "../sys/xattr.ts";
import { is_control_file } from "./common/control_file.ts";
import { kill_set_gid_of_object } from "./common/kill_privileges.ts";
import { nameless_descriptor } from "./common/object_of_request.ts";
import { change_objects, first_branch, select_branches } from "./common/on_branches.ts";
import { proc_path } from "./common/proc_path.ts";
import { Context } from "./context.ts";
import { GIVEN_BACK } from "./operation.ts";
import { get_control_value, list_control_keys, set_control_value } from "./runtime_interface.ts";

const SECURITY_CAPABILITY = to_bytes("security.capability");
const ACCESS_LIST = to_bytes("system.posix_acl_access");
const OWN_PREFIX = to_bytes("user.mergerfs.");
const BASEPATH = to_bytes("basepath");
const RELPATH = to_bytes("relpath");
const FULLPATH = to_bytes("fullpath");
const ALLPATHS = to_bytes("allpaths");

// Words of struct fuse_setxattr_in; the last one is there with SETXATTR_EXT only, which makes it so long.
const FLAGS = 1;
const SETXATTR_FLAGS = 2;
const SETXATTR_EXT_BYTES = 16;

let name_view: Uint8Array<ArrayBuffer> = new Uint8Array(0);
let value_view: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** GETXATTR: of the branch that the getxattr policy chooses, or a computed `user.mergerfs.*` value. */
export function getxattr(c: Context): number {
  const slot = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  if (slot < 0) return on_nameless(c, slot, get_of_nameless);
  if (is_control_file(c.path)) return value_reply(c, get_control_value(c));
  const refused = refused_by_mode(c, true);
  if (refused < 0) return refused;
  const index = first_branch(c, c.settings.policy_getxattr, c.path);
  if (index < 0) return index;
  if (name_starts_with(c, OWN_PREFIX)) return value_reply(c, own_value(c, index));
  return getxattr_on_branch(c, c.branch(index));
}

function getxattr_on_branch(c: Context, branch: Branch): number {
  const reached = c.place.at(branch, c.path);
  if (reached < 0) return reached;
  const wanted = Math.min(c.request.arg(0), c.reply.body_capacity);
  const result = lgetxattr(c.place.single_path(), c.xattr_name(), c.body, wanted);
  c.place.done();
  return value_or_size(c, wanted, result);
}

/** The reply to a call that has put at most `wanted` bytes into the body, or with 0 tells how many there are. */
function value_or_size(c: Context, wanted: number, result: number): number {
  return result < 0 || wanted > 0 ? result : put_getxattr_size(c.reply, c.reply.body_word, result);
}

// What a request does on a file of O_TMPFILE, which has no path yet, only a descriptor (departures D12).
function on_nameless(c: Context, error: number, action: (c: Context, fd: number) => number): number {
  const fd = error === -ESTALE ? nameless_descriptor(c) : error;
  return fd < 0 ? fd : refused_by_mode(c, true) || action(c, fd);
}

function get_of_nameless(c: Context, fd: number): number {
  const wanted = Math.min(c.request.arg(0), c.reply.body_capacity);
  return value_or_size(c, wanted, fgetxattr(fd, c.xattr_name(), c.body, wanted));
}

function list_of_nameless(c: Context, fd: number): number {
  const wanted = Math.min(c.request.arg(0), c.reply.body_capacity);
  return value_or_size(c, wanted, flistxattr(fd, c.body, wanted));
}

/** A value that stands at the start of the reply's body: its size, itself, or -ERANGE, as the caller asked. */
function value_reply(c: Context, size_bytes: number): number {
  if (size_bytes < 0) return size_bytes;
  const wanted = c.request.arg(0);
  if (wanted === 0) return put_getxattr_size(c.reply, c.reply.body_word, size_bytes);
  return size_bytes > wanted ? -ERANGE : size_bytes;
}

// 0 when the request may go on to the branches (operations §21.1 steps 2 and 3).
function refused_by_mode(c: Context, knows_security_capability: boolean): number {
  const settings = c.settings;
  if (knows_security_capability && !settings.security_capability && name_is(c, SECURITY_CAPABILITY, 0)) return -ENODATA;
  if (settings.xattr === XATTR_NOATTR) return -ENODATA;
  return settings.xattr === XATTR_NOSYS ? -ENOSYS : 0;
}

function name_starts_with(c: Context, prefix: Uint8Array): boolean {
  const request = c.request;
  if (request.name_length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (request.u8[request.name + i] !== prefix[i]) return false;
  return true;
}

function name_is(c: Context, text: Uint8Array, from: number): boolean {
  const request = c.request;
  if (request.name_length - from !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (request.u8[request.name + from + i] !== text[i]) return false;
  return true;
}

/** The computed attributes of every object (config §7.4), at the start of the body; returns their length or -errno. */
function own_value(c: Context, index: number): number {
  const from = OWN_PREFIX.length;
  if (name_is(c, BASEPATH, from)) return put_bytes(c, c.branch(index).path, c.branch(index).path.length, 0);
  if (name_is(c, RELPATH, from)) return put_bytes(c, c.path.bytes, c.path.length, 0);
  if (name_is(c, FULLPATH, from)) return put_full_path(c, index, 0);
  if (name_is(c, ALLPATHS, from)) return put_all_paths(c);
  return -ENODATA;
}

function put_bytes(c: Context, bytes: Uint8Array, length: number, at: number): number {
  if (at + length > c.reply.body_capacity) return -ERANGE;
  copy_bytes(bytes, 0, c.body, at, length);
  return at + length;
}

function put_full_path(c: Context, index: number, at: number): number {
  const branch = c.branch(index).path;
  const slash_at = put_bytes(c, branch, branch.length, at);
  if (slash_at < 0) return slash_at;
  c.body[slash_at] = SLASH;
  return put_bytes(c, c.path.bytes, c.path.length, slash_at + 1);
}

function put_all_paths(c: Context): number {
  let end = 0;
  for (let index = 0; index < c.branches.length; index++) {
    const reached = c.place.at(c.branch(index), c.path);
    const found = reached === 0 && lstat(c.place.dirfd, c.place.path, c.stat) === 0;
    c.place.done();
    if (!found) continue;
    if (end > 0) c.body[end++] = 0;
    end = put_full_path(c, index, end);
    if (end < 0) return end;
  }
  return end;
}

/** SETXATTR: on every branch of the setxattr policy (rule R1). */
export function setxattr(c: Context): number {
  if (!c.data_locks.share(c.nodes.slot_of(c.request.node_low, c.request.node_high))) return GIVEN_BACK;
  const slot = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  name_view = c.xattr_name();
  value_view = c.request.u8.subarray(c.request.name2, c.request.name2 + c.request.name2_length);
  if (slot < 0) return on_nameless(c, slot, set_on_object);
  if (is_control_file(c.path)) return set_control_value(c);
  const refused = refused_by_mode(c, true);
  if (refused < 0) return refused;
  const result = change_objects(c, c.settings.policy_setxattr, c.settings.policy_getxattr, c.path, set_on_object);
  c.notices.changed(slot); // also after an error: some branch may have changed
  return result;
}

function set_on_object(c: Context, object: number): number {
  const result = set_call(proc_path(object), name_view, value_view, value_view.length, c.request.arg(FLAGS) | 0);
  if (result >= 0 && loses_set_gid(c)) kill_set_gid_of_object(object);
  return result;
}

// The kernel says so of a default list as well, which has nothing to do with the mode.
function loses_set_gid(c: Context): boolean {
  const { request } = c;
  if (request.args_bytes !== SETXATTR_EXT_BYTES) return false;
  return (request.arg(SETXATTR_FLAGS) & FUSE_SETXATTR_ACL_KILL_SGID) !== 0 && name_is(c, ACCESS_LIST, 0);
}

/** REMOVEXATTR: on every branch of the removexattr policy (rule R1). */
export function removexattr(c: Context): number {
  if (!c.data_locks.share(c.nodes.slot_of(c.request.node_low, c.request.node_high))) return GIVEN_BACK;
  const slot = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  name_view = c.xattr_name();
  if (slot < 0) return on_nameless(c, slot, remove_on_object);
  if (is_control_file(c.path)) return -ENODATA;
  const refused = refused_by_mode(c, false);
  if (refused < 0) return refused;
  const result = change_objects(c, c.settings.policy_removexattr, c.settings.policy_getxattr, c.path, remove_on_object);
  c.notices.changed(slot); // also after an error: some branch may have changed
  return result;
}

function remove_on_object(_c: Context, object: number): number {
  return remove_call(proc_path(object), name_view);
}

/** The lists of all branches that the policy returns, one behind the other, duplicates kept (operations §21.4). */
export function listxattr(c: Context): number {
  const slot = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  if (slot < 0) return on_nameless(c, slot, list_of_nameless);
  if (is_control_file(c.path)) return value_reply(c, list_control_keys(c));
  if (c.settings.xattr === XATTR_NOSYS) return -ENOSYS;
  if (c.settings.xattr === XATTR_NOATTR) return value_reply(c, 0);
  const count = select_branches(c, c.settings.policy_listxattr, c.path);
  if (count < 0) return count;
  const room = Math.min(c.request.arg(0), c.reply.body_capacity, XATTR_BYTES_MAX);
  return room === 0 ? sum_of_lists(c, count) : lists(c, count, room);
}

function list_on_branch(c: Context, index: number, out: Uint8Array<ArrayBuffer>, size: number): number {
  const reached = c.place.at(c.branch(index), c.path);
  const result = reached < 0 ? reached : llistxattr(c.place.single_path(), out, size);
  c.place.done();
  return result;
}

function sum_of_lists(c: Context, count: number): number {
  let sum = 0;
  let worked = false;
  let error = -ENOENT;
  for (let i = 0; i < count; i++) {
    const length = list_on_branch(c, c.selection.indexes[i]!, c.body, 0);
    if (length >= 0) sum += length;
    else if (error === -ENOENT) error = length;
    worked ||= length >= 0;
  }
  return worked ? put_getxattr_size(c.reply, c.reply.body_word, sum) : error;
}

function lists(c: Context, count: number, room: number): number {
  let end = 0;
  let worked = false;
  let error = -ENOENT;
  for (let i = 0; i < count; i++) {
    const length = list_on_branch(c, c.selection.indexes[i]!, c.body.subarray(end), room - end);
    // Without any room left the call tells how much there would be.
    if (length === -ERANGE || end + length > room) return -ERANGE;
    if (length >= 0) end += length;
    else if (error === -ENOENT) error = length;
    worked ||= length >= 0;
  }
  return worked ? end : error;
}
