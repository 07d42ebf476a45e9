// FLUSH and RELEASE (operations §16.3, §16.5).
import { EBADF, EIO, is_shortage } from "../base/errno.ts";
import { FUSE_RELEASE_FLUSH } from "../fuse/abi.ts";
import { F_FD, KIND_FILE } from "../state/layout.ts";
import { close, dup, fadvise_dontneed, fdatasync } from "../sys/file.ts";
import { file_handle } from "./common/object_of_request.ts";
import { note_unseen_writes } from "./common/passthrough.ts";
import { close_released } from "./common/pins.ts";
import { Context } from "./context.ts";
import { GIVEN_BACK } from "./operation.ts";

/** FLUSH: one close(2) of a program has happened. */
export function flush(c: Context): number {
  const handle = file_handle(c, c.request.arg(0), c.request.arg(1));
  if (handle < 0) return handle;
  note_unseen_writes(c, handle);
  return flush_descriptor(c.handles.word(handle, F_FD));
}

/**
 * Closing a duplicate makes the branch filesystem see a close, and report what it has to report. Where there is no
 * descriptor left for one, fdatasync reports as much: a program must not take its data for lost.
 */
function flush_descriptor(fd: number): number {
  const copy = dup(fd);
  if (is_shortage(copy)) return fdatasync(fd);
  return copy < 0 ? -EIO : close(copy);
}

/**
 * RELEASE: the last descriptor of an open file is gone; never fails but for a flush that was asked for. While the file is
 * being moved it is made anew later: what comes before the handle's end does no harm twice.
 */
export function release(c: Context): number {
  const request = c.request;
  const handle = c.handles.find(request.arg(0), request.arg(1), KIND_FILE);
  if (handle === 0) return -EBADF;
  const fd = c.handles.word(handle, F_FD);
  const flushed = (request.arg(3) & FUSE_RELEASE_FLUSH) !== 0 ? flush_descriptor(fd) : 0;
  if (c.settings.dropcacheonclose) {
    fadvise_dontneed(fd);
    fadvise_dontneed(fd);
  }
  note_unseen_writes(c, handle);
  if (!c.handles.release_file(handle, true)) return GIVEN_BACK;
  close_released(c);
  return flushed;
}

/** Ends a file handle and closes what nobody needs any more. */
export function release_handle(c: Context, handle: number): void {
  c.handles.release_file(handle);
  close_released(c);
}
