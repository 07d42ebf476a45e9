// Merging one directory of all branches (operations §19.3): branch order, then the order of the branch's filesystem; the
// first branch with a name supplies its type and inode number.
import { calculate_inode, hashes_path } from "../../base/inode_number.ts";
import { hash_result } from "../../base/rapidhash.ts";
import { c_length } from "../../base/bytes.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { Branch } from "../../branches/branch.ts";
import { DT_DIR } from "../../fuse/abi.ts";
import { DIRENT_INO, DIRENT_NAME, DIRENT_RECORD_LENGTH, DIRENT_TYPE, getdents64 } from "../../sys/dir.ts";
import { close, O_DIRECTORY, O_RDONLY } from "../../sys/file.ts";
import { openat } from "../../sys/path.ts";
import { Context } from "../context.ts";

const BATCH_BYTES = 64 * 1024;
const batch = new Uint8Array(BATCH_BYTES);
const batch_words = new Uint32Array(batch.buffer);
const batch_halves = new Uint16Array(batch.buffer);
const entry_path = new PathBuffer();
let descriptors = new Int32Array(64);

/** Fills `c.listing`, which was started. Returns 0 when some branch has the directory, else the first error. */
export function merge_directory(c: Context, path: PathBuffer): number {
  const branches = c.branches;
  if (descriptors.length < branches.length) descriptors = new Int32Array(branches.length);
  c.results.clear();
  let last = -1;
  for (let index = 0; index < branches.length; index++) {
    descriptors[index] = open_directory(c, branches[index]!, path);
    c.results.add(index, descriptors[index]!);
    if (descriptors[index]! >= 0) last = index;
  }
  let first = true;
  for (let index = 0; index < branches.length; index++) {
    const fd = descriptors[index]!;
    if (fd < 0) continue;
    read_all(c, branches[index]!, path, fd, first, index === last);
    close(fd);
    first = false;
  }
  return c.results.any_success();
}

function open_directory(c: Context, branch: Branch, path: PathBuffer): number {
  const reached = c.place.at(branch, path);
  const fd = reached < 0 ? reached : openat(c.place.dirfd, c.place.path, O_RDONLY | O_DIRECTORY, 0);
  c.place.done();
  return fd;
}

// Errors of getdents end this branch; the entries so far count. Names are compared with those of other branches only:
// one directory has no name twice.
function read_all(c: Context, branch: Branch, path: PathBuffer, fd: number, is_first: boolean, is_last: boolean): void {
  for (;;) {
    const length = getdents64(fd, batch, BATCH_BYTES);
    if (length <= 0) return;
    for (let at = 0; at < length; at += batch_halves[(at + DIRENT_RECORD_LENGTH) >> 1]!) {
      const name_at = at + DIRENT_NAME;
      const name_length = c_length(batch, name_at, length);
      if (!is_first && c.listing.has(batch, name_at, name_length)) continue;
      calculate_entry_inode(c, branch, path, at, name_length);
      const type = batch[at + DIRENT_TYPE]!;
      if (c.listing.add(hash_result[0]!, hash_result[1]!, type, batch, name_at, name_length) < 0) return;
      if (!is_last) c.listing.index_last();
    }
  }
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
