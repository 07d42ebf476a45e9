// The inode number that the pool reports for an object (option "inodecalc", config spec §9.1).

import { fold32, hash_result, rapidhash, rapidhash_u64 } from "./rapidhash.ts";

export const INODE_PASSTHROUGH = 0;
export const INODE_PATH_HASH = 1;
export const INODE_PATH_HASH32 = 2;
export const INODE_DEVINO_HASH = 3;
export const INODE_DEVINO_HASH32 = 4;
export const INODE_HYBRID_HASH = 5;
export const INODE_HYBRID_HASH32 = 6;

/** The words of the option, in the order of the constants. */
export const INODE_MODE_WORDS: readonly string[] = [
  "passthrough",
  "path-hash",
  "path-hash32",
  "devino-hash",
  "devino-hash32",
  "hybrid-hash",
  "hybrid-hash32",
];

/** Whether inode numbers of such objects come from the path, not from the branch. */
export function hashes_path(mode: number, is_directory: boolean): boolean {
  if (mode === INODE_PATH_HASH || mode === INODE_PATH_HASH32) return true;
  return is_directory && (mode === INODE_HYBRID_HASH || mode === INODE_HYBRID_HASH32);
}

/** Whether the mode gives numbers of 32 bits. */
export function is_folded(mode: number): boolean {
  return mode === INODE_PATH_HASH32 || mode === INODE_DEVINO_HASH32 || mode === INODE_HYBRID_HASH32;
}

/**
 * Leaves the reported inode number in hash_result (low, high).
 * `branch_seed` is H(branch path); the path is the fusepath without leading slash (the root is empty); `ino` is the number on the branch.
 */
export function calculate_inode(
  mode: number,
  is_directory: boolean,
  branch_seed_low: number,
  branch_seed_high: number,
  path: Uint8Array,
  path_start: number,
  path_length: number,
  ino_low: number,
  ino_high: number,
): void {
  if (mode === INODE_PASSTHROUGH) {
    hash_result[0] = ino_low;
    hash_result[1] = ino_high;
    return;
  }
  if (hashes_path(mode, is_directory)) rapidhash(path, path_start, path_length, 0, 0);
  else rapidhash_u64(ino_low, ino_high, branch_seed_low, branch_seed_high);
  if (is_folded(mode)) {
    hash_result[0] = fold32(hash_result[0]!, hash_result[1]!);
    hash_result[1] = 0;
  }
}
