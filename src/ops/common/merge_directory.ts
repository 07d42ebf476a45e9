// Merging one directory of all branches as func.readdir says (operations §19.3): one branch after the other in the order
// of the list, or (merge_at_once.ts) with the help of readers.
import { PathBuffer } from "../../base/path_buffer.ts";
import { READDIR_SEQ } from "../../config/words.ts";
import { directory_readers } from "../../config/thread_counts.ts";
import { close } from "../../sys/file.ts";
import { Context } from "../context.ts";
import { merge_at_once } from "./merge_at_once.ts";
import { merge_entries, open_directory, outcome_of_reading } from "./merge_entries.ts";

let descriptors = new Int32Array(64);

/** Fills `c.listing`, which was started. Returns 0 when some branch has the directory, else the first error. */
export function merge_directory(c: Context, path: PathBuffer): number {
  const { settings } = c;
  const is_alone = settings.readdir === READDIR_SEQ || settings.branches.length < 2;
  const readers = is_alone ? 0 : directory_readers(settings.readdir_threads, navigator.hardwareConcurrency);
  if (c.read_jobs.want(readers)) c.events.readers_wanted();
  return is_alone ? merge_in_turn(c, path) : merge_at_once(c, path);
}

function merge_in_turn(c: Context, path: PathBuffer): number {
  const branches = c.branches;
  if (descriptors.length < branches.length) descriptors = new Int32Array(branches.length);
  let last = -1;
  for (let index = 0; index < branches.length; index++) {
    descriptors[index] = open_directory(c, branches[index]!, path);
    if (descriptors[index]! >= 0) last = index;
  }
  c.results.clear();
  try {
    for (let index = 0; index < branches.length; index++) {
      const fd = descriptors[index]!;
      const merged = fd < 0 ? fd : merge_entries(c, branches[index]!, path, fd, false, index === last);
      c.results.add(index, fd < 0 ? fd : outcome_of_reading(c, merged));
    }
  } finally {
    for (let index = 0; index <= last; index++) if (descriptors[index]! >= 0) close(descriptors[index]!);
  }
  return c.results.complete_success();
}
