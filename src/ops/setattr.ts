// SETATTR (operations §11): mode, then owner, then size, then times; the first error ends it, what was done stays.
import {
  FATTR_ATIME,
  FATTR_ATIME_NOW,
  FATTR_FH,
  FATTR_GID,
  FATTR_KILL_SUIDGID,
  FATTR_MODE,
  FATTR_MTIME,
  FATTR_MTIME_NOW,
  FATTR_SIZE,
  FATTR_UID,
} from "../fuse/abi.ts";
import { put_attr_out_header } from "../fuse/reply.ts";
import { FOLLOW_ALL, FOLLOW_REGULAR } from "../config/words.ts";
import { F_FD } from "../state/layout.ts";
import { close, ftruncate } from "../sys/file.ts";
import * as path_calls from "../sys/path.ts";
import { attr_reply, attr_reply_with_inode, getattr_by_path } from "./common/attributes.ts";
import { getattr_by_handle } from "./common/handle_attributes.ts";
import { kill_privileges, kill_privileges_of_object, kills_privileges } from "./common/kill_privileges.ts";
import { is_out_of_space, move_file, with_more_room } from "./common/move_file.ts";
import { BY_PATH, handle_or_path } from "./common/object_of_request.ts";
import { change_objects, first_branch } from "./common/on_branches.ts";
import { proc_path } from "./common/proc_path.ts";
import { Context } from "./context.ts";
import { GIVEN_BACK } from "./operation.ts";

const TIME_BITS = FATTR_ATIME | FATTR_MTIME;
const OWNER_BITS = FATTR_UID | FATTR_GID;
const NO_ID = 0xffff_ffff;

// Words of struct fuse_setattr_in.
const VALID = 0;
const HANDLE = 2;
const SIZE = 4;
const ATIME = 8;
const MTIME = 10;
const ATIME_NS = 14;
const MTIME_NS = 15;
const MODE = 17;
const UID = 19;
const GID = 20;

const times = new BigInt64Array(4);

/** SETATTR: the parts that the request marks valid, then fresh attributes. */
export function setattr(c: Context): number {
  const request = c.request;
  const valid = request.arg(VALID);
  const slot = c.nodes.slot_of(request.node_low, request.node_high);
  if (!c.data_locks.share(slot)) return GIVEN_BACK;
  const handle = handle_or_path(c, (valid & FATTR_FH) !== 0, request.arg(HANDLE), request.arg(HANDLE + 1));
  if (handle < 0) return handle;
  if ((valid & TIME_BITS) !== 0) read_times(c, valid);
  const changed = handle === BY_PATH ? change_by_path(c, valid) : change_by_handle(c, handle, valid);
  c.notices.changed(slot); // also after an error: some branch or some part may have changed
  if (changed < 0) return changed;
  const found = handle === BY_PATH ? getattr_by_path(c, c.path) : getattr_by_handle(c, handle);
  if (found < 0) return found;
  const bytes = handle === BY_PATH ? attr_reply(c, slot, c.path) : attr_reply_with_inode(c, slot);
  // The kernel takes these attributes even if it has been told meanwhile of a change through another name: to it they are
  // the newest. So it does not keep them (fuse_do_setattr).
  if (c.nodes.link_key_of(slot) !== 0) put_attr_out_header(c.reply, c.reply.body_word, 0);
  return bytes;
}

function change_by_path(c: Context, valid: number): number {
  const settings = c.settings;
  const getattr = settings.policy_getattr;
  let result = 0;
  if ((valid & FATTR_MODE) !== 0) result = change_objects(c, settings.policy_chmod, getattr, c.path, chmod_object);
  if (result >= 0 && (valid & OWNER_BITS) !== 0) {
    result = change_objects(c, settings.policy_chown, getattr, c.path, chown_object);
  }
  if (result >= 0 && (valid & FATTR_SIZE) !== 0) {
    result = truncate_by_path(c);
    if (is_out_of_space(result)) result = truncate_with_more_room(c, result);
  }
  if (result >= 0 && (valid & TIME_BITS) !== 0) {
    result = change_objects(c, settings.policy_utimens, getattr, c.path, utimens_object);
  }
  return result;
}

function truncate_by_path(c: Context): number {
  const settings = c.settings;
  const follows = settings.follow_symlinks === FOLLOW_REGULAR || settings.follow_symlinks === FOLLOW_ALL;
  return change_objects(c, settings.policy_truncate, settings.policy_getattr, c.path, truncate_object, follows);
}

// As with_more_room, for a file that need not be open. The path may be another one after each time its lock is let go.
function truncate_with_more_room(c: Context, failure: number): number {
  if (c.settings.policy_move === undefined) return failure;
  const request = c.request;
  c.locks.release();
  if (!c.data_locks.take_alone(c.nodes.slot_of(request.node_low, request.node_high), true)) return GIVEN_BACK;
  const slot = c.locks.lock_path(request.node_low, request.node_high, c.path);
  if (slot < 0) return slot;
  const again = truncate_by_path(c);
  if (!is_out_of_space(again) || !move_named_file(c, slot)) return again;
  return truncate_by_path(c);
}

// The file at `c.path`, on the branch that the getattr policy shows. The path is locked again afterwards.
function move_named_file(c: Context, slot: number): boolean {
  const index = first_branch(c, c.settings.policy_getattr, c.path);
  const file = index < 0 ? index : c.place.open_object(c.branch(index), c.path);
  if (file < 0) return false;
  c.locks.release();
  const has_moved = move_file(c, slot, file, c.branch_ids.id_of(index), 0);
  close(file);
  const locked = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  return has_moved && locked > 0;
}

function change_by_handle(c: Context, handle: number, valid: number): number {
  const request = c.request;
  const fd = c.handles.word(handle, F_FD);
  let result = 0;
  if ((valid & FATTR_MODE) !== 0) result = path_calls.fchmod(fd, request.arg(MODE) & 0o7777);
  if (result >= 0 && (valid & OWNER_BITS) !== 0) {
    result = path_calls.fchown(fd, wanted_id(c, FATTR_UID, UID), wanted_id(c, FATTR_GID, GID));
  }
  if (result >= 0 && (valid & FATTR_SIZE) !== 0) {
    result = truncate_handle(c, handle);
    if (is_out_of_space(result)) result = with_more_room(c, handle, result, 0, truncate_handle);
  }
  if (result >= 0 && loses_privileges(c, valid)) kill_privileges(fd);
  if (result >= 0 && (valid & TIME_BITS) !== 0) result = path_calls.futimens(fd, times);
  return result;
}

function truncate_handle(c: Context, handle: number): number {
  return ftruncate(c.handles.word(handle, F_FD), c.request.arg64_exact(SIZE));
}

function loses_privileges(c: Context, valid: number): boolean {
  if ((valid & (FATTR_SIZE | OWNER_BITS)) === 0) return false;
  return kills_privileges(c, (valid & FATTR_KILL_SUIDGID) !== 0);
}

function wanted_id(c: Context, bit: number, word: number): number {
  return (c.request.arg(VALID) & bit) !== 0 ? c.request.arg(word) : NO_ID;
}

function chmod_object(c: Context, object: number): number {
  return path_calls.chmod(proc_path(object), c.request.arg(MODE) & 0o7777);
}

function chown_object(c: Context, object: number): number {
  const result = path_calls.chown_object(object, wanted_id(c, FATTR_UID, UID), wanted_id(c, FATTR_GID, GID));
  if (result >= 0 && loses_privileges(c, c.request.arg(VALID))) kill_privileges_of_object(object);
  return result;
}

function truncate_object(c: Context, object: number): number {
  const result = path_calls.truncate(proc_path(object), c.request.arg64_exact(SIZE));
  if (result >= 0 && loses_privileges(c, c.request.arg(VALID))) kill_privileges_of_object(object);
  return result;
}

function utimens_object(c: Context, object: number, index: number): number {
  const branch = c.branch_ids.id_of(index);
  c.time_locks.hold(branch);
  const result = path_calls.utimens(proc_path(object), times);
  c.time_locks.release(branch);
  return result;
}

// Two timespecs: access, modification; "now" and "leave it" stand in the nanoseconds.
function read_times(c: Context, valid: number): void {
  put_time(c, 0, ATIME, ATIME_NS, valid & FATTR_ATIME, valid & FATTR_ATIME_NOW);
  put_time(c, 2, MTIME, MTIME_NS, valid & FATTR_MTIME, valid & FATTR_MTIME_NOW);
}

function put_time(c: Context, at: number, word: number, ns_word: number, given: number, now: number): void {
  times[at] = given !== 0 && now === 0 ? BigInt(c.request.arg64_exact(word)) : 0n;
  const ns = given === 0 ? path_calls.UTIME_OMIT : now !== 0 ? path_calls.UTIME_NOW : c.request.arg(ns_word);
  times[at + 1] = BigInt(ns);
}
