// Adding what one branch has of a directory to the merged listing (operations §19.3): each name once, the branch that
// came first supplies its type and inode number.
import { c_length } from "../../base/bytes.ts";
import { calculate_inode, hashes_path } from "../../base/inode_number.ts";
import { is_shortage } from "../../base/errno.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { hash_result } from "../../base/rapidhash.ts";
import { Branch } from "../../branches/branch.ts";
import { READDIR_COR } from "../../config/words.ts";
import { DT_DIR } from "../../fuse/abi.ts";
import { DIRENT_INO, DIRENT_NAME, DIRENT_RECORD_LENGTH, DIRENT_TYPE, getdents64 } from "../../sys/dir.ts";
import { O_DIRECTORY, O_RDONLY, pread } from "../../sys/file.ts";
import { openat } from "../../sys/path.ts";
import { Context } from "../context.ts";

const BATCH_BYTES = 64 * 1024;
const batch = new Uint8Array(BATCH_BYTES);
const batch_words = new Uint32Array(batch.buffer);
const batch_halves = new Uint16Array(batch.buffer);
const entry_path = new PathBuffer();

/** Opens the directory on one branch; a descriptor or -errno. */
export function open_directory(c: Context, branch: Branch, path: PathBuffer): number {
  const reached = c.place.at(branch, path);
  const fd = reached < 0 ? reached : openat(c.place.dirfd, c.place.path, O_RDONLY | O_DIRECTORY, 0);
  c.place.done();
  return fd;
}

/**
 * Adds the entries of an open directory, or of a file that holds them as getdents64 gave them (`is_stored`). `is_last`: no
 * other branch comes behind. Returns 0 or the -errno that ended the reading; what was read until then counts.
 */
export function merge_entries(
  c: Context,
  branch: Branch,
  path: PathBuffer,
  fd: number,
  is_stored: boolean,
  is_last: boolean,
): number {
  // Names are compared with those of other branches only: one directory has no name twice.
  const is_first = c.listing.count === 0;
  for (let from = 0;;) {
    const length = is_stored ? pread(fd, batch, BATCH_BYTES, from) : getdents64(fd, batch, BATCH_BYTES);
    if (length <= 0) return length;
    const merged = merge_batch(c, branch, path, length, is_first, is_last);
    if (merged <= 0) return merged;
    from += merged;
  }
}

// The bytes of the whole records among `length` bytes, or -EFBIG when the listing is full.
function merge_batch(
  c: Context,
  branch: Branch,
  path: PathBuffer,
  length: number,
  is_first: boolean,
  is_last: boolean,
): number {
  let at = 0;
  while (at + DIRENT_NAME < length) {
    const next = at + batch_halves[(at + DIRENT_RECORD_LENGTH) >> 1]!;
    if (next > length) break;
    const name_at = at + DIRENT_NAME;
    const name_length = c_length(batch, name_at, next);
    if (is_first || !c.listing.has(batch, name_at, name_length)) {
      calculate_entry_inode(c, branch, path, at, name_length);
      const type = batch[at + DIRENT_TYPE]!;
      const added = c.listing.add(hash_result[0]!, hash_result[1]!, type, batch, name_at, name_length);
      if (added < 0) return added;
      if (!is_last) c.listing.index_last();
    }
    at = next;
  }
  return at;
}

function calculate_entry_inode(c: Context, branch: Branch, path: PathBuffer, at: number, name_length: number): void {
  const is_directory = batch[at + DIRENT_TYPE] === DT_DIR;
  const mode = c.settings.inodecalc;
  entry_path.clear();
  if (hashes_path(mode, is_directory)) {
    entry_path.set(path);
    entry_path.append(batch, at + DIRENT_NAME, name_length);
  }
  const word = (at + DIRENT_INO) >> 2;
  calculate_inode(
    mode,
    is_directory,
    branch.seed_low,
    branch.seed_high,
    entry_path.bytes,
    0,
    entry_path.length,
    batch_words[word]!,
    batch_words[word + 1]!,
  );
}

/**
 * What an error in the middle of a branch's directory means for the listing: it is the branch's result with "cor" only
 * (operations §19.3). What we lack ourselves always is.
 */
export function outcome_of_reading(c: Context, error: number): number {
  return c.settings.readdir === READDIR_COR || is_shortage(error) ? error : 0;
}
