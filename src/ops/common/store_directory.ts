// A job of state/read_jobs.ts done: what getdents64 gives for a directory, stored in a memfd. One thread makes it, another
// one merges it (departures D9).
import { c_string } from "../../base/bytes.ts";
import { is_shortage } from "../../base/errno.ts";
import { ReadJobs } from "../../state/read_jobs.ts";
import { getdents64 } from "../../sys/dir.ts";
import { close, O_DIRECTORY, O_RDONLY, write } from "../../sys/file.ts";
import { memfd_create } from "../../sys/memory.ts";
import { AT_FDCWD, openat } from "../../sys/path.ts";

const BATCH_BYTES = 64 * 1024;
const batch = new Uint8Array(BATCH_BYTES);
const MEMFD_NAME = c_string("mergerfs-ts-directory");

/** Reads the directory of a job that `reader` has taken. What it lacks descriptors or memory for is given back. */
export function do_job(jobs: ReadJobs, job: number, reader: number): void {
  let is_done = false;
  try {
    const opened = openat(AT_FDCWD, jobs.path(job), O_RDONLY | O_DIRECTORY, 0);
    const fd = opened < 0 ? -1 : memfd_create(MEMFD_NAME);
    const error = fd < 0 ? 0 : copy_entries(opened, fd);
    if (opened >= 0) close(opened);
    is_done = (opened < 0 && !is_shortage(opened)) || (fd >= 0 && error <= 0);
    if (is_done) jobs.finish(job, reader, Math.min(0, opened), error, fd);
    else if (fd >= 0) close(fd);
  } finally {
    if (!is_done) jobs.give_back(job, reader);
  }
}

// 0 at the end of the directory, the -errno of getdents64, or 1 when there is no memory for the entries.
function copy_entries(directory: number, fd: number): number {
  for (;;) {
    const length = getdents64(directory, batch, BATCH_BYTES);
    if (length <= 0) return length;
    for (let done = 0; done < length;) {
      const written = write(fd, done === 0 ? batch : batch.subarray(done), length - done);
      if (written <= 0) return 1;
      done += written;
    }
  }
}
