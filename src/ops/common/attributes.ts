// Attributes of an object as the pool shows them (operations §10): found by the getattr policy, symlinks followed as
// configured, the inode number calculated.
import { ENOENT, ESTALE } from "../../base/errno.ts";
import { calculate_inode } from "../../base/inode_number.ts";
import { hash_result } from "../../base/rapidhash.ts";
import {
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  STATX_BLKSIZE_WORD,
  STATX_BLOCKS_WORD,
  STATX_GID_WORD,
  STATX_INO_WORD,
  STATX_NLINK_WORD,
  STATX_SIZE_WORD,
  STATX_UID_WORD,
  StatxBuffer,
} from "../../base/statx.ts";
import { PATH_MAX_BYTES } from "../../base/limits.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { Branch } from "../../branches/branch.ts";
import { FOLLOW_ALL, FOLLOW_DIRECTORY, FOLLOW_NEVER, FOLLOW_REGULAR } from "../../config/words.ts";
import { ATTR_OUT_BYTES, ENTRY_OUT_BYTES } from "../../fuse/abi.ts";
import { put_attr, put_attr_out_header, put_entry } from "../../fuse/reply.ts";
import { ROOT_SLOT } from "../../state/layout.ts";
import { lstat, stat } from "../../sys/path.ts";
import { Context } from "../context.ts";
import { fill_control_file, is_control_file } from "./control_file.ts";
import { compare_fingerprint } from "./fingerprint.ts";

const FAKE_ROOT_MODE = S_IFDIR | 0o755;
const WRITE_BITS = 0o222;

/**
 * Fills `c.stat` and `c.stat_branch` for the path. Returns 0 or -errno. The root always has attributes: made-up ones
 * when no branch has it, so that the mount point stays usable (operations §10.2).
 */
export function getattr_by_path(c: Context, path: PathBuffer): number {
  if (is_control_file(path)) {
    fill_control_file(c);
    return 0;
  }
  const result = find_on_branch(c, path);
  if (result >= 0 || path.length > 0) return result;
  fill_fake_root(c.stat);
  c.stat_branch = -1;
  return 0;
}

function find_on_branch(c: Context, path: PathBuffer): number {
  c.probe.start(path);
  const count = c.settings.policy_getattr(c.branches, c.probe, c.companion);
  if (count <= 0) return count < 0 ? count : -ENOENT;
  const index = c.companion.indexes[0]!;
  const branch = c.branch(index);
  if (c.probe.stat_index === index) {
    c.stat.bytes.set(c.probe.stat.bytes);
  } else {
    const result = lstat_on_branch(c, branch, path);
    if (result < 0) return result;
  }
  c.stat_branch = index;
  if (c.settings.follow_symlinks !== FOLLOW_NEVER && c.stat.is_symlink) follow_symlink(c, branch, path);
  if (c.settings.symlinkify) symlinkify(c, branch, path);
  return 0;
}

function lstat_on_branch(c: Context, branch: Branch, path: PathBuffer): number {
  const reached = c.place.at(branch, path);
  const result = reached < 0 ? reached : lstat(c.place.dirfd, c.place.path, c.stat);
  c.place.done();
  return result;
}

/** Whether an object that a symlink leads to is shown in its place (operations §10.2). */
export function is_followed(follow: number, mode: number): boolean {
  const type = mode & S_IFMT;
  return follow === FOLLOW_ALL || (follow === FOLLOW_DIRECTORY && type === S_IFDIR) ||
    (follow === FOLLOW_REGULAR && type === S_IFREG);
}

function follow_symlink(c: Context, branch: Branch, path: PathBuffer): void {
  const reached = c.place.at(branch, path);
  const found = reached === 0 && stat(c.place.dirfd, c.place.path, c.stat2) === 0;
  c.place.done();
  if (found && is_followed(c.settings.follow_symlinks, c.stat2.mode)) c.stat.bytes.set(c.stat2.bytes);
}

/**
 * Whether an object is shown as a symlink to its place on the branch (operations §10.4); not where the kernel would not
 * take the path for a symlink.
 */
export function is_symlinkified(c: Context, branch: Branch, path: PathBuffer, stat: StatxBuffer): boolean {
  if (!c.settings.symlinkify || stat.is_directory || (stat.mode & WRITE_BITS) !== 0) return false;
  if (branch.path.length + 1 + path.length >= PATH_MAX_BYTES) return false;
  const now_s = Math.floor(Date.now() / 1000);
  const timeout_s = c.settings.symlinkify_timeout_s;
  return now_s - stat.mtime_s > timeout_s && now_s - stat.ctime_s > timeout_s;
}

function symlinkify(c: Context, branch: Branch, path: PathBuffer): void {
  if (!is_symlinkified(c, branch, path, c.stat)) return;
  c.stat.mode = S_IFLNK | (c.stat.mode & 0o7777) | 0o777;
  const words = c.stat.words;
  words[STATX_SIZE_WORD] = branch.path.length + 1 + path.length;
  words[STATX_SIZE_WORD + 1] = 0;
  words[STATX_BLOCKS_WORD] = 0;
  words[STATX_BLOCKS_WORD + 1] = 0;
}

function fill_fake_root(out: StatxBuffer): void {
  out.words.fill(0);
  out.mode = FAKE_ROOT_MODE;
  out.words[STATX_NLINK_WORD] = 2;
  out.words[STATX_BLKSIZE_WORD] = 512;
}

/** The inode number shown for `c.stat`, into hash_result; 0 for what lies on no branch (operations §28). */
export function inode_of(c: Context, path: PathBuffer): void {
  if (c.stat_branch < 0) {
    hash_result[0] = 0;
    hash_result[1] = 0;
    return;
  }
  const branch = c.branch(c.stat_branch);
  const words = c.stat.words;
  calculate_inode(
    c.settings.inodecalc,
    c.stat.is_directory,
    branch.seed_low,
    branch.seed_high,
    path.bytes,
    0,
    path.length,
    words[STATX_INO_WORD]!,
    words[STATX_INO_WORD + 1]!,
  );
}

/**
 * struct fuse_attr of `c.stat` at a word of the reply, the inode number taken from hash_result: what the kernel gets to
 * know of the node `slot`. Overwrites hash_result.
 */
export function put_attributes(c: Context, at_word: number, slot: number): void {
  replace_owner_and_mode(c);
  put_attr(c.reply.u32, at_word, c.stat.words, hash_result[0]!, hash_result[1]!);
  c.notices.note(slot, c.stat);
  compare_fingerprint(c, slot);
}

/** The hidden options `uid`, `gid` and `umask` stand in for what `c.stat` has, in all attributes (config §3.2). */
export function replace_owner_and_mode(c: Context): void {
  const { uid, gid, umask } = c.settings;
  if (uid >= 0) c.stat.words[STATX_UID_WORD] = uid;
  if (gid >= 0) c.stat.words[STATX_GID_WORD] = gid;
  if (umask >= 0) c.stat.mode = (c.stat.mode & S_IFMT) | (0o777 & ~umask);
}

/**
 * The reply of GETATTR and SETATTR for `c.stat` at `path`; returns its bytes. -ESTALE when another kind of object has taken
 * the place of the node's behind our back: the kernel then looks the name up anew, where it would tell its caller EIO.
 */
export function attr_reply(c: Context, slot: number, path: PathBuffer): number {
  if (!c.nodes.has_type(slot, c.stat.mode)) {
    c.nodes.supersede(slot);
    return -ESTALE;
  }
  inode_of(c, path);
  return attr_reply_with_inode(c, slot);
}

/** The same with the inode number in hash_result already. */
export function attr_reply_with_inode(c: Context, slot: number): number {
  const at = c.reply.body_word;
  put_attr_out_header(c.reply, at, c.settings.cache_attr_s);
  put_attributes(c, at + 4, slot);
  return ATTR_OUT_BYTES;
}

/** The entry part of a reply for a node whose look-up was counted; its attributes are `c.stat` at `path`. */
export function entry_reply(c: Context, slot: number, path: PathBuffer): number {
  return entry_reply_with_timeouts(c, slot, path, c.settings.cache_entry_s, c.settings.cache_attr_s);
}

/** The same with other cache times, whole seconds (operations §9). */
export function entry_reply_with_timeouts(
  c: Context,
  slot: number,
  path: PathBuffer,
  entry_s: number,
  attr_s: number,
): number {
  c.granted_node = slot;
  inode_of(c, path);
  put_node(c, c.reply.body_word, slot, entry_s, attr_s);
  put_attributes(c, c.reply.body_word + 10, slot);
  return ENTRY_OUT_BYTES;
}

/** The head of an entry: id, generation (0 for the root) and cache times. */
export function put_node(c: Context, at_word: number, slot: number, entry_s: number, attr_s: number): void {
  const is_root = slot === ROOT_SLOT;
  put_entry(
    c.reply,
    at_word,
    slot,
    c.nodes.reuse_of(slot),
    is_root ? 0 : c.nodes.generation_low,
    is_root ? 0 : c.nodes.generation_high,
    entry_s,
    attr_s,
  );
}
