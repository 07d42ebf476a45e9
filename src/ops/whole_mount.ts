// Operations on the mount as a whole: SYNCFS, DESTROY, and those that are answered "not implemented" (operations §22).
import { PathBuffer } from "../base/path_buffer.ts";
import { ENOSYS } from "../base/errno.ts";
import { close, O_DIRECTORY, O_RDONLY, syncfs as sync_call } from "../sys/file.ts";
import { openat } from "../sys/path.ts";
import { Context } from "./context.ts";
import { NO_REPLY } from "./operation.ts";

const ROOT = new PathBuffer();

/** Writes back every branch; the first error counts. */
export function syncfs(c: Context): number {
  let result = 0;
  for (const branch of c.branches) {
    const reached = c.place.at(branch, ROOT);
    const fd = reached < 0 ? reached : openat(c.place.dirfd, c.place.path, O_RDONLY | O_DIRECTORY, 0);
    c.place.done();
    if (fd < 0) continue;
    const synced = sync_call(fd);
    close(fd);
    if (synced < 0 && result === 0) result = synced;
  }
  return result;
}

/** The kernel says goodbye; the end of the device follows. */
export function destroy(_c: Context): number {
  return 0;
}

/** Nothing is cancelled: dropped without a reply (operations §8.1). */
export function interrupt(_c: Context): number {
  return NO_REPLY;
}

/** Answers "function not implemented". */
export function not_supported(_c: Context): number {
  return -ENOSYS;
}

/** NOTIFY_REPLY answers a question that we never ask. */
export function ignored(_c: Context): number {
  return NO_REPLY;
}
