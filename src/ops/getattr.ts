// GETATTR (operations §10.2, §10.3) and STATX (§10.8).
import { ENOENT } from "../base/errno.ts";
import { hash_result } from "../base/rapidhash.ts";
import { STATX_BASIC_STATS, STATX_INO_WORD, STATX_MASK_WORD } from "../base/statx.ts";
import { FUSE_GETATTR_FH } from "../fuse/abi.ts";
import { put_statx_out } from "../fuse/reply.ts";
import { FOLLOW_NEVER } from "../config/words.ts";
import { F_FD } from "../state/layout.ts";
import { AT_EMPTY_PATH, AT_STATX_DONT_SYNC, AT_SYMLINK_NOFOLLOW, statx as statx_call } from "../sys/path.ts";
import {
  attr_reply,
  attr_reply_with_inode,
  getattr_by_path,
  inode_of,
  is_followed,
  is_symlinkified,
  replace_owner_and_mode,
} from "./common/attributes.ts";
import { getattr_by_handle, inode_of_handle } from "./common/handle_attributes.ts";
import { BY_PATH, handle_or_path } from "./common/object_of_request.ts";
import { pin_canonical } from "./common/pins.ts";
import { lost_name, lost_name_to_found } from "./common/replaced.ts";
import { Context } from "./context.ts";

/** GETATTR: by handle when there is one, else by path, else by the canonical handle of an unlinked file. */
export function getattr(c: Context): number {
  const request = c.request;
  const handle = handle_or_path(c, (request.arg(0) & FUSE_GETATTR_FH) !== 0, request.arg(2), request.arg(3));
  if (handle < 0) return handle;
  const slot = c.nodes.slot_of(request.node_low, request.node_high);
  if (handle !== BY_PATH) return reply_by_handle(c, slot, handle);
  const found = getattr_by_path(c, c.path);
  const open_file = handle_after_all(c, slot, found);
  if (open_file !== BY_PATH) return reply_by_handle(c, slot, open_file);
  return found < 0 ? found : attr_reply(c, slot, c.path);
}

function reply_by_handle(c: Context, slot: number, handle: number): number {
  const found = handle < 0 ? handle : getattr_by_handle(c, handle);
  return found < 0 ? found : attr_reply_with_inode(c, slot);
}

// The path of an open file has led to `found`. When that is not the file any more its handle is to be asked; else BY_PATH.
function handle_after_all(c: Context, slot: number, found: number): number {
  const is_lost = found === -ENOENT ? lost_name(c, slot) : found >= 0 && lost_name_to_found(c, slot);
  return is_lost ? pin_canonical(c, slot) : BY_PATH;
}

const EMPTY = new Uint8Array(1);

/** STATX: as GETATTR, with what statx(2) knows beyond it (birth time, …). */
export function statx(c: Context): number {
  const request = c.request;
  const handle = handle_or_path(c, (request.arg(0) & FUSE_GETATTR_FH) !== 0, request.arg(2), request.arg(3));
  if (handle < 0) return handle;
  const result = handle === BY_PATH ? statx_by_path_or_handle(c) : statx_by_handle(c, handle);
  if (result < 0) return result;
  replace_owner_and_mode(c);
  c.notices.note(c.nodes.slot_of(request.node_low, request.node_high), c.stat);
  return put_statx_out(
    c.reply,
    c.reply.body_word,
    c.settings.cache_attr_s,
    c.stat.words,
    hash_result[0]!,
    hash_result[1]!,
  );
}

function statx_by_path_or_handle(c: Context): number {
  const found = statx_by_path(c);
  const open_file = handle_after_all(c, c.nodes.slot_of(c.request.node_low, c.request.node_high), found);
  if (open_file === BY_PATH) return found;
  return open_file < 0 ? open_file : statx_by_handle(c, open_file);
}

function statx_by_handle(c: Context, handle: number): number {
  const flags = (c.request.arg(4) & ~AT_SYMLINK_NOFOLLOW) | AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  const result = statx_call(c.handles.word(handle, F_FD), EMPTY, flags, c.request.arg(5), c.stat);
  if (result < 0) return result;
  inode_of_handle(c, handle);
  return 0;
}

// The policy's lstat decides what is shown; what it does not hold (birth time, …) is asked for on the same branch.
function statx_by_path(c: Context): number {
  const found = getattr_by_path(c, c.path);
  if (found < 0) return found;
  inode_of(c, c.path);
  if (c.stat_branch < 0) c.stat.words[STATX_MASK_WORD] = 0;
  else fill_extended(c);
  return 0;
}

function fill_extended(c: Context): void {
  const words = c.stat.words;
  const ino_low = words[STATX_INO_WORD]!;
  const ino_high = words[STATX_INO_WORD + 1]!;
  const branch = c.branch(c.stat_branch);
  const reached = c.place.at(branch, c.path);
  const base_flags = (c.request.arg(4) & ~AT_SYMLINK_NOFOLLOW) | AT_STATX_DONT_SYNC;
  const mask = (c.request.arg(5) | STATX_BASIC_STATS) >>> 0;
  const { dirfd, path } = c.place;
  if (reached === 0 && statx_call(dirfd, path, base_flags | AT_SYMLINK_NOFOLLOW, mask, c.stat2) === 0) {
    const follow = c.settings.follow_symlinks;
    if (follow !== FOLLOW_NEVER && c.stat2.is_symlink) follow_extended(c, base_flags, mask);
    const same = c.stat2.words[STATX_INO_WORD] === ino_low && c.stat2.words[STATX_INO_WORD + 1] === ino_high;
    // What is shown as a symlink has been converted already.
    if (same && !is_symlinkified(c, branch, c.path, c.stat2)) c.stat.bytes.set(c.stat2.bytes);
  }
  c.place.done();
}

// Operations F5: the same decision as GETATTR, by statx without NOFOLLOW.
function follow_extended(c: Context, flags: number, mask: number): void {
  const before = c.stat2.bytes.slice();
  const found = statx_call(c.place.dirfd, c.place.path, flags, mask, c.stat2) === 0;
  if (!found || !is_followed(c.settings.follow_symlinks, c.stat2.mode)) c.stat2.bytes.set(before);
}
