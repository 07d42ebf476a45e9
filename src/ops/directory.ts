// Directories (operations §19, departures D9, D10): OPENDIR, READDIR, READDIRPLUS, RELEASEDIR, FSYNCDIR.
import { to_bytes } from "../base/bytes.ts";
import { EBADF, EFBIG, EINVAL, ENOENT } from "../base/errno.ts";
import { path_text } from "../base/path_text.ts";
import { PathBuffer } from "../base/path_buffer.ts";
import { Branch } from "../branches/branch.ts";
import {
  DIRENT_HEAD_BYTES,
  DT_UNKNOWN,
  ENTRY_OUT_BYTES,
  FOPEN_CACHE_DIR,
  FOPEN_KEEP_CACHE,
  FUSE_FSYNC_FDATASYNC,
  OPEN_OUT_BYTES,
} from "../fuse/abi.ts";
import { dirent_record_length, direntplus_size } from "../fuse/directory_entries.ts";
import { put_open } from "../fuse/reply.ts";
import { F_FD, F_LISTING_COUNT, F_LISTING_INDEX, KIND_DIRECTORY } from "../state/layout.ts";
import { close, fdatasync, fsync, O_DIRECTORY, O_RDONLY, pread } from "../sys/file.ts";
import { openat } from "../sys/path.ts";
import { getattr_by_path, inode_of, put_attributes, put_node } from "./common/attributes.ts";
import { merge_directory } from "./common/merge_directory.ts";
import { may_open_directory } from "./common/shortage.ts";
import { Context } from "./context.ts";

/** Name of the only entry of a pool without any usable branch (config §4.5). */
const NO_BRANCH = to_bytes("error: no valid mergerfs branch found, check config");
const CHUNK_BYTES = 128 * 1024;

const position = new Uint32Array(1);
const position_bytes = new Uint8Array(position.buffer);
const chunk = new Uint8Array(CHUNK_BYTES);
const chunk_words = new Uint32Array(chunk.buffer);
const directory_path = new PathBuffer();

/** OPENDIR: touches no branch; the listing is read by the first READDIR. */
export function opendir(c: Context): number {
  const allowed = may_open_directory(c);
  const slot = allowed < 0 ? allowed : c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  if (slot < 0) return slot;
  const handle = c.handles.add_directory(slot);
  if (handle < 0) return handle;
  c.granted_handle = handle;
  const flags = c.settings.cache_readdir ? FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR : 0;
  put_open(c.reply, c.reply.body_word, handle, c.handles.reuse_of(handle), flags, 0);
  return OPEN_OUT_BYTES;
}

/** READDIR: entries of the merged listing from the requested offset on. */
export function readdir(c: Context): number {
  return with_listing(c, false, entries_reply);
}

/** READDIRPLUS: the same with attributes; every entry but "." and ".." counts as a look-up. */
export function readdirplus(c: Context): number {
  return with_listing(c, true, entries_with_attributes);
}

/** Ends a directory handle once no READDIR works on it any more. */
export function releasedir(c: Context): number {
  return release_directory(c, c.request.arg(0), c.request.arg(1));
}

/** Frees a directory handle and its listing. Returns 0 or -EBADF. */
export function release_directory(c: Context, low: number, high: number): number {
  const handle = c.handles.lock_directory(low, high);
  if (handle < 0) return handle;
  const fd = c.handles.release_directory(handle);
  if (fd >= 0) close(fd);
  return 0;
}

/** Fills the reply from a listing; `directory` is the slot of the locked node whose path is `c.path`, or 0. */
type ListingAnswer = (c: Context, handle: number, directory: number) => number;

// One request at a time per handle; offset 0, or nothing read yet, reads the directory anew.
function with_listing(c: Context, needs_path: boolean, answer: ListingAnswer): number {
  const handle = c.handles.lock_directory(c.request.arg(0), c.request.arg(1));
  if (handle < 0) return handle;
  try {
    const is_first = c.request.arg64(2) === 0 || c.handles.word(handle, F_FD) < 0;
    // Locked once: a second lock would wait behind a rename that waits for the first.
    const directory = is_first || needs_path ? c.locks.lock_path(c.request.node_low, c.request.node_high, c.path) : 0;
    if (directory < 0) return directory;
    const read = is_first ? read_directory(c, handle) : 0;
    return read < 0 ? read : answer(c, handle, directory);
  } finally {
    c.handles.unlock_directory(handle);
  }
}

function read_directory(c: Context, handle: number): number {
  const started = c.listing.start();
  if (started < 0) return started;
  const merged = merge_directory(c, c.path);
  if (merged < 0 && (merged !== -ENOENT || c.path.length > 0)) return merged;
  if (merged < 0) c.listing.add(0, 0, DT_UNKNOWN, NO_BRANCH, 0, NO_BRANCH.length);
  if (c.listing.is_full) return refuse_listing(c);
  const fd = c.listing.store();
  if (fd < 0) return fd;
  const former = c.handles.word(handle, F_FD);
  c.handles.set_listing(handle, fd, c.listing.count, c.listing.index_at);
  if (former >= 0) close(former);
  return 0;
}

// An error of getdents may end a branch's part of a listing; this one must not, or names would be missing without a word.
function refuse_listing(c: Context): number {
  c.listing.give_memory_back();
  const directory = path_text(c.path.bytes.subarray(0, c.path.length));
  c.events.log(
    "error",
    `The directory "${directory}" has more than ${c.listing.count} names, too many for one listing (EFBIG): move some into ` +
      `other directories, or list it on its branches`,
  );
  return -EFBIG;
}

/** Reads entries from the requested offset on into `out`; returns their bytes, the last one perhaps cut, or -errno. */
function read_entries(c: Context, handle: number, out: Uint8Array<ArrayBuffer>, room: number): number {
  const from = c.request.arg64(2);
  if (from >= c.handles.word(handle, F_LISTING_COUNT)) return 0;
  const fd = c.handles.word(handle, F_FD);
  const index_at = (c.handles.word(handle, F_LISTING_INDEX) >>> 0) * 8;
  const found = pread(fd, position_bytes, 4, index_at + from * 4);
  if (found < 0) return found;
  const start = position[0]! * 8;
  return pread(fd, out, Math.min(room, index_at - start), start);
}

function entries_reply(c: Context, handle: number): number {
  const room = Math.min(c.request.arg(4), c.reply.body_capacity);
  const length = read_entries(c, handle, c.body, room);
  if (length <= 0) return length;
  let end = 0;
  while (end + DIRENT_HEAD_BYTES <= length) {
    const next = end + dirent_record_length(c.body, end);
    if (next > length) break;
    end = next;
  }
  return end;
}

// Each entry is struct fuse_entry_out, then the same struct fuse_dirent; an entry is never cut.
function entries_with_attributes(c: Context, handle: number, directory: number): number {
  directory_path.set(c.path);
  const room = Math.min(c.request.arg(4), c.reply.body_capacity);
  const length = read_entries(c, handle, chunk, Math.min(room, CHUNK_BYTES));
  if (length < 0) return length;
  let end = 0;
  for (let at = 0; at + DIRENT_HEAD_BYTES <= length;) {
    const next = at + dirent_record_length(chunk, at);
    const name_length = chunk_words[(at >> 2) + 4]!;
    if (next > length || end + direntplus_size(name_length) > room) break;
    const entry = end;
    c.body.set(chunk.subarray(at, next), entry + ENTRY_OUT_BYTES);
    end += ENTRY_OUT_BYTES + next - at;
    put_entry_of(c, directory, at + DIRENT_HEAD_BYTES, name_length, entry, end);
    at = next;
  }
  return end;
}

// A look-up, except for "." and ".."; what is gone by now has node 0, which the kernel takes as "not looked up".
function put_entry_of(
  c: Context,
  directory: number,
  name_at: number,
  name_length: number,
  entry: number,
  end: number,
): void {
  const at_word = (c.reply.body + entry) >> 2;
  c.reply.u32.fill(0, at_word, at_word + ENTRY_OUT_BYTES / 4);
  if (is_dots(name_at, name_length)) return;
  c.path.set(directory_path);
  if (c.path.append(chunk, name_at, name_length) < 0 || getattr_by_path(c, c.path) < 0) return;
  inode_of(c, c.path);
  const slot = c.nodes.remember(directory, chunk, name_at, name_length, c.stat.mode);
  if (slot < 0) return;
  put_node(c, at_word, slot, c.settings.cache_entry_s, c.settings.cache_attr_s);
  c.granted_entries_bytes = end;
  put_attributes(c, at_word + 10, slot);
}

function is_dots(at: number, length: number): boolean {
  return chunk[at] === 0x2e && (length === 1 || (length === 2 && chunk[at + 1] === 0x2e));
}

/** fsync of the directory on every branch that has it; all are tried, the first error counts (departures D13). */
export function fsyncdir(c: Context): number {
  if (c.handles.find(c.request.arg(0), c.request.arg(1), KIND_DIRECTORY) === 0) return -EBADF;
  const slot = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  if (slot < 0) return slot;
  let result = 0;
  for (const branch of c.branches) {
    const synced = sync_on_branch(c, branch);
    if (synced < 0 && result === 0) result = synced;
  }
  return result;
}

function sync_on_branch(c: Context, branch: Branch): number {
  if (c.place.at(branch, c.path) < 0) return 0;
  const fd = openat(c.place.dirfd, c.place.path, O_RDONLY | O_DIRECTORY, 0);
  c.place.done();
  if (fd < 0) return 0;
  const result = (c.request.arg(2) & FUSE_FSYNC_FDATASYNC) !== 0 ? fdatasync(fd) : fsync(fd);
  close(fd);
  // File systems that nobody writes to (squashfs, iso9660) cannot sync a directory, and have nothing to write.
  return result === -EINVAL ? 0 : result;
}
