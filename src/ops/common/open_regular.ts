// Opening a file of a branch without ever waiting for what has taken its place: a pipe that nobody writes to would hold
// the worker for ever.
import { EAGAIN, ELOOP, ENXIO, ESTALE } from "../../base/errno.ts";
import { close, F_SETFL, fcntl, O_NOFOLLOW, O_NONBLOCK, O_PATH } from "../../sys/file.ts";
import { AT_FDCWD, fstat, openat } from "../../sys/path.ts";
import { Context } from "../context.ts";
import { proc_path } from "./proc_path.ts";

/**
 * Opens a regular file; its attributes are in `c.stat` afterwards. Returns its descriptor or -errno: -ESTALE for anything
 * that is no regular file, upon which the kernel looks the name up once more.
 */
export function open_regular(c: Context, dirfd: number, path: Uint8Array<ArrayBuffer>, flags: number): number {
  const fd = openat(dirfd, path, flags | O_NONBLOCK, 0);
  const may_wait = (flags & O_NONBLOCK) === 0;
  if (fd === -EAGAIN && may_wait) return open_leased(c, dirfd, path, flags);
  if (fd < 0) return fd === -ENXIO || fd === -ELOOP ? -ESTALE : fd;
  const result = only_regular(c, fd);
  if (result >= 0 && may_wait) fcntl(fd, F_SETFL, flags);
  return result;
}

// Another program has a lease on the file (fcntl(2), F_SETLEASE), and gives it back while the open waits. What is waited
// for cannot be replaced meanwhile: it is opened by descriptor.
function open_leased(c: Context, dirfd: number, path: Uint8Array<ArrayBuffer>, flags: number): number {
  const object = openat(dirfd, path, O_PATH | (flags & O_NOFOLLOW), 0);
  if (object < 0) return object;
  const regular = only_regular(c, object);
  if (regular < 0) return regular;
  const fd = openat(AT_FDCWD, proc_path(object), flags & ~O_NOFOLLOW, 0);
  close(object);
  return fd;
}

function only_regular(c: Context, fd: number): number {
  const known = fstat(fd, c.stat);
  if (known === 0 && c.stat.is_regular) return fd;
  close(fd);
  return known < 0 ? known : -ESTALE;
}
