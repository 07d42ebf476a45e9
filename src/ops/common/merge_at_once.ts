// Merging a directory whose branches are opened and read at once (func.readdir=cosr and cor, config §5.4, departures D9).
// Readers read; the request merges what they have read, and reads by itself what none of them has begun. A branch that
// hangs keeps the request waiting, for without it the listing is not complete, but meanwhile all others are read.
import { READERS_MAX } from "../../base/limits.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { READDIR_COSR } from "../../config/words.ts";
import { J_ERROR, J_FD, J_OPENED } from "../../state/layout.ts";
import { close } from "../../sys/file.ts";
import { AT_FDCWD } from "../../sys/path.ts";
import { Context } from "../context.ts";
import { merge_entries, open_directory, outcome_of_reading } from "./merge_entries.ts";
import { do_job } from "./store_directory.ts";

/** Instead of a job: the request reads this branch, or has merged it. */
const OURS = -1;
const MERGED = -2;

/** Instead of a reader. */
const THE_REQUEST = READERS_MAX;

let jobs = new Int32Array(64);
let outcomes = new Int32Array(64);

/**
 * Fills `c.listing`, which was started; with `cosr` in the order of the branches, with `cor` in that of being read.
 * Returns 0 when some branch could be read, else the first error.
 */
export function merge_at_once(c: Context, path: PathBuffer): number {
  const count = c.branches.length;
  if (jobs.length < count) {
    jobs = new Int32Array(count);
    outcomes = new Int32Array(count);
  }
  publish_jobs(c, path);
  try {
    for (let left = count; left > 0; left--) {
      const index = next_branch(c);
      outcomes[index] = merge_branch(c, path, index, left === 1);
      jobs[index] = MERGED;
    }
  } finally {
    for (let index = 0; index < count; index++) if (jobs[index]! >= 0) c.read_jobs.end(jobs[index]!);
  }
  c.results.clear();
  for (let index = 0; index < count; index++) c.results.add(index, outcomes[index]!);
  return c.results.complete_success();
}

// The first branch is for the request itself. When more jobs wait than func.readdir lets wait, so are all the others.
function publish_jobs(c: Context, path: PathBuffer): void {
  const { read_jobs, branches, settings } = c;
  jobs.fill(OURS, 0, branches.length);
  if (read_jobs.running === 0 || read_jobs.pending >= read_jobs.wanted * settings.readdir_queue_depth) return;
  let published = 0;
  for (let index = 1; index < branches.length; index++) {
    const is_short = c.place.at(branches[index]!, path) === 0 && c.place.dirfd === AT_FDCWD;
    if (is_short) jobs[index] = read_jobs.publish(c.place.path);
    c.place.done();
    if (jobs[index]! >= 0) published++;
  }
  if (published > 0) read_jobs.wake_readers(published);
}

// The branch to merge next: one that was read, else one that no reader has begun to read.
function next_branch(c: Context): number {
  for (;;) {
    const seen = c.read_jobs.completions();
    const read = find_branch(c, was_read);
    const next = read >= 0 ? read : find_branch(c, is_ours);
    if (next >= 0) return next;
    if (!helped(c)) c.read_jobs.wait(seen);
  }
}

// While the branch that is next in order lets the request wait, it reads a later one.
function helped(c: Context): boolean {
  for (let index = 0; index < c.branches.length; index++) {
    if (jobs[index]! < 0 || !c.read_jobs.take_one(jobs[index]!, THE_REQUEST)) continue;
    do_job(c.read_jobs, jobs[index]!, THE_REQUEST);
    return true;
  }
  return false;
}

// Where the order counts, only the first branch that is left comes into question.
function find_branch(c: Context, is_ready: (c: Context, index: number) => boolean): number {
  for (let index = 0; index < c.branches.length; index++) {
    if (jobs[index] === MERGED) continue;
    if (is_ready(c, index)) return index;
    if (c.settings.readdir === READDIR_COSR) break;
  }
  return -1;
}

function was_read(c: Context, index: number): boolean {
  return jobs[index]! >= 0 && c.read_jobs.is_done(jobs[index]!);
}

function is_ours(c: Context, index: number): boolean {
  if (jobs[index]! >= 0 && c.read_jobs.take_back(jobs[index]!)) jobs[index] = OURS;
  return jobs[index] === OURS;
}

function merge_branch(c: Context, path: PathBuffer, index: number, is_last: boolean): number {
  return jobs[index] === OURS ? merge_ours(c, path, index, is_last) : merge_job(c, path, index, is_last);
}

function merge_ours(c: Context, path: PathBuffer, index: number, is_last: boolean): number {
  const fd = open_directory(c, c.branch(index), path);
  if (fd < 0) return fd;
  try {
    return outcome_of_reading(c, merge_entries(c, c.branch(index), path, fd, false, is_last));
  } finally {
    close(fd);
  }
}

function merge_job(c: Context, path: PathBuffer, index: number, is_last: boolean): number {
  const job = jobs[index]!;
  let outcome = c.read_jobs.result(job, J_OPENED);
  if (outcome === 0) {
    const merged = merge_entries(c, c.branch(index), path, c.read_jobs.result(job, J_FD), true, is_last);
    outcome = outcome_of_reading(c, merged || c.read_jobs.result(job, J_ERROR));
  }
  c.read_jobs.end(job);
  return outcome;
}
