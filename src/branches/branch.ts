// What a branch is: one directory of the pool, as the configuration holds it (BranchSpec) and as the request path sees
// it (Branch). A list of branches is immutable; a request keeps the list it started with.

import { path_text_bytes } from "../base/path_text.ts";
import { hash_result, rapidhash } from "../base/rapidhash.ts";
import { SLASH } from "../base/bytes.ts";
import { size_number } from "../base/size.ts";

export const MODE_RW = 0;
export const MODE_RO = 1;
export const MODE_NC = 2;

/** The words of the modes, in the order of the constants. */
export const MODE_WORDS: readonly string[] = ["RW", "RO", "NC"];

/** A branch as it is configured, printed and handed to other threads. */
export interface BranchSpec {
  /** The stored path: canonical where realpath succeeded, else as written. Reversible text, see base/path_text.ts. */
  readonly text: string;
  readonly mode: number;
  /** The branch's own threshold in bytes; undefined follows the option "minfreespace". */
  readonly own_minfreespace: bigint | undefined;
  /** realpath succeeded: no component of `text` was a symlink. */
  readonly canonical: boolean;
}

/** A branch as the request path sees it. */
export interface Branch {
  /** Bytes without NUL and without trailing slash. The file system root stays "/", so "/" + "/" + path is "//path", which is the same. */
  readonly path: Uint8Array;
  /** The same for people, reversible (base/path_text.ts). */
  readonly text: string;
  readonly mode: number;
  readonly own_minfreespace: bigint | undefined;
  /** The own threshold or the default one; exact up to 2^53. */
  readonly minfreespace_bytes: number;
  readonly canonical: boolean;
  /** Hash of the path, the seed of inode numbers (config spec §9.1). */
  readonly seed_low: number;
  readonly seed_high: number;
}

export type BranchList = readonly Branch[];

function without_trailing_slashes(bytes: Uint8Array): Uint8Array {
  let length = bytes.length;
  while (length > 1 && bytes[length - 1] === SLASH) length--;
  return bytes.subarray(0, length);
}

/** One branch for the request path; `default_minfreespace` holds where it has no threshold of its own. */
export function make_branch(spec: BranchSpec, default_minfreespace: bigint): Branch {
  const path = without_trailing_slashes(path_text_bytes(spec.text));
  rapidhash(path, 0, path.length, 0, 0);
  return Object.freeze({
    path,
    text: spec.text,
    mode: spec.mode,
    own_minfreespace: spec.own_minfreespace,
    minfreespace_bytes: size_number(spec.own_minfreespace ?? default_minfreespace),
    canonical: spec.canonical,
    seed_low: hash_result[0]!,
    seed_high: hash_result[1]!,
  });
}

/** The list of a request: it follows the option "minfreespace", so it is made again when that changes. */
export function make_branches(specs: readonly BranchSpec[], default_minfreespace: bigint): BranchList {
  return Object.freeze(specs.map((spec) => make_branch(spec, default_minfreespace)));
}
