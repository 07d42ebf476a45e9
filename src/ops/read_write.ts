// READ and WRITE (operations §17), straight between the branch's file and the message buffers.
import { EAGAIN, EBADF, EINTR } from "../base/errno.ts";
import { FOPEN_DIRECT_IO, FUSE_WRITE_CACHE, FUSE_WRITE_KILL_SUIDGID, WRITE_OUT_BYTES } from "../fuse/abi.ts";
import { put_write } from "../fuse/reply.ts";
import { F_FD, F_FLAGS, F_NODE, F_REPLY_FLAGS } from "../state/layout.ts";
import { close, O_APPEND, O_WRONLY, pread, pwrite } from "../sys/file.ts";
import { AT_FDCWD, openat } from "../sys/path.ts";
import { file_handle } from "./common/object_of_request.ts";
import { kill_privileges, kills_privileges } from "./common/kill_privileges.ts";
import { is_out_of_space, with_more_room } from "./common/move_file.ts";
import { proc_path } from "./common/proc_path.ts";
import { Context } from "./context.ts";
import { GIVEN_BACK } from "./operation.ts";

// Words of struct fuse_read_in and fuse_write_in.
const HANDLE = 0;
const OFFSET = 2;
const SIZE = 4;
const WRITE_FLAGS = 5;

/** READ: one pread(2) into the reply; short reads are passed on. */
export function read(c: Context): number {
  const request = c.request;
  const handle = file_handle(c, request.arg(HANDLE), request.arg(HANDLE + 1));
  if (handle < 0) return handle;
  const size = Math.min(request.arg(SIZE), c.reply.body_capacity);
  if (c.settings.nullrw) {
    c.body.fill(0, 0, size);
    return size;
  }
  if (c.settings.proxy_ioprio) c.io_priority.take_over(request.pid);
  return pread(c.handles.word(handle, F_FD), c.body, size, request.arg64_exact(OFFSET));
}

/** WRITE: from the request to the branch's file; when that has no room, wherever the file can be moved to. */
export function write(c: Context): number {
  const request = c.request;
  const handle = file_handle(c, request.arg(HANDLE), request.arg(HANDLE + 1));
  if (handle < 0) return -EBADF;
  if (c.settings.nullrw) {
    put_write(c.reply, c.reply.body_word, request.arg(SIZE));
    return WRITE_OUT_BYTES;
  }
  if (c.settings.proxy_ioprio) c.io_priority.take_over(request.pid);
  const written = write_data(c, handle);
  if (written < 0) return written;
  if (kills_privileges(c, (request.arg(WRITE_FLAGS) & FUSE_WRITE_KILL_SUIDGID) !== 0)) {
    kill_privileges(c.handles.word(handle, F_FD));
  }
  c.notices.changed(c.handles.word(handle, F_NODE));
  put_write(c.reply, c.reply.body_word, written);
  return WRITE_OUT_BYTES;
}

// What of the present request has been written: an append that ran out of room goes on after that (operations F14).
let done = 0;

function write_data(c: Context, handle: number): number {
  done = 0;
  if (!c.data_locks.share(c.handles.word(handle, F_NODE))) return GIVEN_BACK;
  const written = write_rest(c, handle);
  return is_out_of_space(written) ? with_more_room(c, handle, written, 0, write_rest, done === 0) : written;
}

// A direct write may be short, as natively; the page cache expects everything or an error (operations §17.2).
function write_rest(c: Context, handle: number): number {
  const fd = c.handles.word(handle, F_FD);
  const are_pages = (c.request.arg(WRITE_FLAGS) & FUSE_WRITE_CACHE) !== 0;
  if (are_pages && (c.handles.word(handle, F_FLAGS) & O_APPEND) !== 0) return write_pages_in_place(c, fd);
  const may_be_short = !are_pages && (c.handles.word(handle, F_REPLY_FLAGS) & FOPEN_DIRECT_IO) !== 0;
  return may_be_short ? pwrite_request(c, fd) : write_everything(c, fd);
}

// The kernel writes the pages of a mapping through any handle of the file. On a descriptor that appends pwrite(2) would put
// them at the end of the file, wherever they belong.
function write_pages_in_place(c: Context, appending: number): number {
  const fd = openat(AT_FDCWD, proc_path(appending), O_WRONLY, 0);
  if (fd < 0) return fd;
  const written = write_everything(c, fd);
  close(fd);
  return written;
}

function pwrite_request(c: Context, fd: number): number {
  const { request } = c;
  return pwrite(fd, c.write_data(request.data), request.arg(SIZE), request.arg64_exact(OFFSET));
}

function write_everything(c: Context, fd: number): number {
  const request = c.request;
  const size = request.arg(SIZE);
  const offset = request.arg64_exact(OFFSET);
  const data = c.write_data(request.data);
  while (done < size) {
    const at = typeof offset === "bigint" ? offset + BigInt(done) : offset + done;
    const written = pwrite(fd, done === 0 ? data : data.subarray(done), size - done, at);
    if (written === -EINTR || written === -EAGAIN) continue;
    if (written < 0) return written;
    if (written === 0) break;
    done += written;
  }
  return done;
}
