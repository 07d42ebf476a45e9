// OPEN (operations §16.2). While a node is open, every further open of it gets the same branch file, whatever the
// policy would choose by now.
import { EACCES, EAGAIN, EINTR, ENOENT, ESTALE } from "../base/errno.ts";
import { Branch } from "../branches/branch.ts";
import { CACHE_FILES_AUTO_FULL, FOLLOW_ALL, FOLLOW_NEVER, FOLLOW_REGULAR } from "../config/words.ts";
import {
  FOPEN_DIRECT_IO,
  FOPEN_KEEP_CACHE,
  FOPEN_PASSTHROUGH,
  FUSE_OPEN_KILL_SUIDGID,
  OPEN_OUT_BYTES,
} from "../fuse/abi.ts";
import { put_open } from "../fuse/reply.ts";
import { F_BRANCH, F_REPLY_FLAGS } from "../state/layout.ts";
import { close, O_ACCMODE, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_TRUNC } from "../sys/file.ts";
import { AT_FDCWD, fstat, openat } from "../sys/path.ts";
import { is_unchanged } from "./common/fingerprint.ts";
import { keep_path_hash } from "./common/handle_attributes.ts";
import { kill_privileges, kills_privileges_of_emptied } from "./common/kill_privileges.ts";
import { separate_from_links } from "./common/link_cow.ts";
import { open_write_protected } from "./common/nfs_open.ts";
import { branch_open_flags } from "./common/open_flags.ts";
import { open_regular } from "./common/open_regular.ts";
import { add_first_file, add_further_file } from "./common/passthrough.ts";
import { close_released } from "./common/pins.ts";
import { proc_path } from "./common/proc_path.ts";
import { lost_name } from "./common/replaced.ts";
import { may_open_file } from "./common/shortage.ts";
import { Context } from "./context.ts";
import { GIVEN_BACK } from "./operation.ts";

const ROUNDS_MAX = 64;
/** No handle: another thread opened the node meanwhile, and its file is to be opened once more. */
const ANOTHER_WAS_FASTER = 0;

/** OPEN: the file of the branch that the open policy chooses, or the one that is open already. */
export function open(c: Context): number {
  const allowed = may_open_file(c);
  if (allowed < 0) return allowed;
  const request = c.request;
  const flags = branch_open_flags(c.settings, request.arg(0)) & ~(O_CREAT | O_EXCL);
  const is_changing = (flags & O_TRUNC) !== 0;
  if (is_changing && !c.data_locks.share(c.nodes.slot_of(request.node_low, request.node_high))) return GIVEN_BACK;
  const slot = c.locks.lock_path(request.node_low, request.node_high, c.path);
  if (slot < 0) return slot;
  let handle = ANOTHER_WAS_FASTER;
  for (let round = 0; round < ROUNDS_MAX && handle === ANOTHER_WAS_FASTER; round++) {
    const canonical = c.handles.pin(slot);
    handle = canonical >= 0 ? open_again(c, slot, canonical, flags) : open_first(c, slot, flags);
  }
  if (handle === ANOTHER_WAS_FASTER) return -EINTR;
  if (handle < 0) return handle;
  c.granted_handle = handle;
  keep_path_hash(c, handle, c.path);
  const reply_flags = c.handles.word(handle, F_REPLY_FLAGS);
  const kept = has_page_cache(reply_flags) ? keep_cache_flag(c, slot, handle, reply_flags) : reply_flags;
  put_open(c.reply, c.reply.body_word, handle, c.handles.reuse_of(handle), kept, c.handles.backing_of(slot));
  return OPEN_OUT_BYTES;
}

// With cache.files=full what is cached stays, except for a file with several names: the kernel caches each for itself, and
// does not see what was written through another one.
function keep_cache_flag(c: Context, slot: number, handle: number, reply_flags: number): number {
  const cache_files = c.settings.cache_files;
  if (cache_files === CACHE_FILES_AUTO_FULL) {
    return is_unchanged(c, slot, handle) ? reply_flags | FOPEN_KEEP_CACHE : reply_flags;
  }
  if ((reply_flags & FOPEN_KEEP_CACHE) === 0 || is_unchanged(c, slot, handle)) return reply_flags;
  return c.stat.nlink > 1 ? reply_flags & ~FOPEN_KEEP_CACHE : reply_flags;
}

function has_page_cache(reply_flags: number): boolean {
  return (reply_flags & (FOPEN_DIRECT_IO | FOPEN_PASSTHROUGH)) === 0;
}

/** The node is open already, its canonical descriptor pinned: that file once more, with these flags. */
function open_again(c: Context, slot: number, canonical: number, flags: number): number {
  const fd = reopen(c, slot, canonical, flags);
  if (fd >= 0) {
    truncated(c, fd, flags);
    const branch = c.handles.word(c.handles.canonical_of(slot), F_BRANCH);
    const handle = add_further_file(c, slot, fd, branch, flags);
    if (handle > 0) return handle;
    close(fd);
    c.handles.unpin(slot);
    close_released(c);
    return handle;
  }
  c.handles.unpin(slot);
  close_released(c);
  return fd;
}

// Where another file has the name by now the kernel looks it up anew, and opens that one.
function reopen(c: Context, slot: number, canonical: number, flags: number): number {
  if (lost_name(c, slot)) return -ESTALE;
  if (!is_reading(flags) && is_behind_symlink(c, slot, canonical)) return -ENOENT;
  return openat(AT_FDCWD, proc_path(canonical), flags & ~O_NOFOLLOW, 0);
}

function is_reading(flags: number): boolean {
  return (flags & O_ACCMODE) === O_RDONLY && (flags & O_TRUNC) === 0;
}

/**
 * Whether the open file was reached through a symlink inside its branch: it may be read, but a write would leave the
 * branch (departures D3). A branch that left the list since is not looked at: its file was reached before that.
 */
function is_behind_symlink(c: Context, slot: number, canonical: number): boolean {
  const follow = c.settings.follow_symlinks;
  const id = c.handles.word(c.handles.canonical_of(slot), F_BRANCH);
  const branch = c.branches.find((_branch, index) => c.branch_ids.id_of(index) === id);
  if (follow !== FOLLOW_NEVER || branch === undefined) return false;
  const object = c.place.open_object(branch, c.path);
  if (object < 0) return true;
  const is_same = fstat(object, c.stat) === 0 && fstat(canonical, c.stat2) === 0 && c.stat.is_same_object(c.stat2);
  close(object);
  return !is_same;
}

/**
 * Nobody has it open: the branch that the policy chooses. One that does not have the file after all, because it went away
 * or because a symlink is in the way of a write (departures D3), is left out, and the policy is asked again.
 */
function open_first(c: Context, slot: number, flags: number): number {
  let branches = c.branches;
  for (;;) {
    c.probe.start(c.path);
    const count = c.settings.policy_open(branches, c.probe, c.companion);
    if (count <= 0) return count || -ENOENT;
    const branch = branches[c.companion.indexes[0]!]!;
    if (c.settings.link_cow && (flags & O_ACCMODE) !== O_RDONLY) {
      const locked = separate_from_links(c, slot, branch);
      if (locked < 0) return locked;
    }
    const fd = open_on_branch(c, branch, flags);
    if (fd >= 0) return add_first(c, slot, fd, c.branches.indexOf(branch), flags);
    if (fd !== -ENOENT) return fd;
    branches = branches.filter((other) => other !== branch);
  }
}

function add_first(c: Context, slot: number, fd: number, index: number, flags: number): number {
  truncated(c, fd, flags);
  const handle = add_first_file(c, slot, fd, c.branch_ids.id_of(index), flags);
  if (handle < 0) close(fd);
  return handle === -EAGAIN ? ANOTHER_WAS_FASTER : handle;
}

// Reading uses the plain path; writing follows no symlink on its way (departures D3). At the end there is one only where
// something else has taken the file's name, unless it is shown as what it leads to.
function open_on_branch(c: Context, branch: Branch, flags: number): number {
  const follow = c.settings.follow_symlinks;
  const last = follow === FOLLOW_REGULAR || follow === FOLLOW_ALL ? flags & ~O_NOFOLLOW : flags | O_NOFOLLOW;
  if (is_reading(flags)) {
    const reached = c.place.at(branch, c.path);
    const fd = reached < 0 ? reached : open_regular(c, c.place.dirfd, c.place.path, last);
    c.place.done();
    return fd;
  }
  const parent = c.place.open_parent(branch, c.path);
  if (parent < 0) return parent;
  const fd = open_regular(c, parent, c.place.name, last);
  const opened = fd === -EACCES ? open_write_protected(c, branch, parent, flags) : fd;
  close(parent);
  return opened;
}

function truncated(c: Context, fd: number, flags: number): void {
  if ((flags & O_TRUNC) === 0) return;
  if (kills_privileges_of_emptied(c, (c.request.arg(1) & FUSE_OPEN_KILL_SUIDGID) !== 0)) kill_privileges(fd);
  c.notices.changed(c.nodes.slot_of(c.request.node_low, c.request.node_high));
}
