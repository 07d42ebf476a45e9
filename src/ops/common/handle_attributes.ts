// Attributes of an open file, by its descriptor (operations §10.3): no policy, no following, the inode number from the
// branch and the path at the time of open.
import { calculate_inode, hashes_path, is_folded } from "../../base/inode_number.ts";
import { fold32, hash_result, rapidhash } from "../../base/rapidhash.ts";
import { STATX_INO_WORD } from "../../base/statx.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { F_BRANCH, F_FD, F_PATH_HASH_HIGH, F_PATH_HASH_LOW } from "../../state/layout.ts";
import { fstat } from "../../sys/path.ts";
import { Context } from "../context.ts";

const NO_PATH = new Uint8Array(0);

/** Remembers what the inode number of an open file needs of its path, whatever `inodecalc` is by now: it may change. */
export function keep_path_hash(c: Context, handle: number, path: PathBuffer): void {
  rapidhash(path.bytes, 0, path.length, 0, 0);
  c.handles.set_path_hash(handle, hash_result[0]!, hash_result[1]!);
}

/** fstat into `c.stat`, the inode number into hash_result. Returns 0 or -errno. */
export function getattr_by_handle(c: Context, handle: number): number {
  const result = fstat(c.handles.word(handle, F_FD), c.stat);
  if (result < 0) return result;
  inode_of_handle(c, handle);
  return 0;
}

/** The inode number of `c.stat`, which came from that handle, into hash_result. */
export function inode_of_handle(c: Context, handle: number): void {
  const mode = c.settings.inodecalc;
  if (hashes_path(mode, false)) {
    hash_result[0] = c.handles.word(handle, F_PATH_HASH_LOW);
    hash_result[1] = c.handles.word(handle, F_PATH_HASH_HIGH);
    if (!is_folded(mode)) return;
    hash_result[0] = fold32(hash_result[0]!, hash_result[1]!);
    hash_result[1] = 0;
    return;
  }
  const branch = c.branch_ids.branch_of(c.handles.word(handle, F_BRANCH));
  const words = c.stat.words;
  calculate_inode(
    mode,
    false,
    branch.seed_low,
    branch.seed_high,
    NO_PATH,
    0,
    0,
    words[STATX_INO_WORD]!,
    words[STATX_INO_WORD + 1]!,
  );
}
