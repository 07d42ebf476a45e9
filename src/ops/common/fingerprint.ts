// cache.files=auto-full (operations §16.6): an open may keep what the kernel has cached of a file, if the file is as the
// open before it found it. A node remembers that as a hash over device, shown inode number, size, modification and change
// time: 64 bits, so that two states of one file have the same by chance once in 10^19 changes.
import { hash_result, rapidhash } from "../../base/rapidhash.ts";
import { STATE_WORDS, STATX_DEV_MAJOR_WORD, STATX_DEV_MINOR_WORD } from "../../base/statx.ts";
import { Context } from "../context.ts";
import { getattr_by_handle } from "./handle_attributes.ts";

/** What goes into it beside the inode number: words of struct statx. */
const HASHED_WORDS = [STATX_DEV_MAJOR_WORD, STATX_DEV_MINOR_WORD, ...STATE_WORDS] as const;

const words = new Uint32Array(HASHED_WORDS.length);
const bytes = new Uint8Array(words.buffer);

/** Whether a file just opened is as the open before it found it. Remembers how it is now. */
export function is_unchanged(c: Context, node: number, handle: number): boolean {
  if (getattr_by_handle(c, handle) < 0) {
    c.nodes.set_fingerprint(node, 0, 0);
    return false;
  }
  take_fingerprint(c);
  const is_same = c.nodes.has_fingerprint(node, hash_result[0]!, hash_result[1]!);
  if (!is_same) c.nodes.set_fingerprint(node, hash_result[0]!, hash_result[1]!);
  return is_same;
}

/**
 * Attributes of a node, `c.stat` with the inode number in hash_result, go to the kernel: if they are not those that the
 * last open found, the next one keeps nothing. Overwrites hash_result.
 */
export function compare_fingerprint(c: Context, node: number): void {
  if (c.nodes.has_fingerprint(node, 0, 0)) return;
  take_fingerprint(c);
  if (!c.nodes.has_fingerprint(node, hash_result[0]!, hash_result[1]!)) c.nodes.set_fingerprint(node, 0, 0);
}

// Of `c.stat` with the inode number in hash_result, into hash_result; never 0, which stands for none.
function take_fingerprint(c: Context): void {
  const stat = c.stat.words;
  for (let i = 0; i < HASHED_WORDS.length; i++) words[i] = stat[HASHED_WORDS[i]!]!;
  rapidhash(bytes, 0, bytes.length, hash_result[0]!, hash_result[1]!);
  if (hash_result[0] === 0 && hash_result[1] === 0) hash_result[0] = 1;
}
