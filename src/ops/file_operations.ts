// Operations on open files other than reading and writing (operations §18, departures D10 to D13).
import { EBADF, EINVAL, ENOSYS, ENXIO } from "../base/errno.ts";
import { COPY_FILE_RANGE_OUT_BYTES, FUSE_FSYNC_FDATASYNC, WRITE_OUT_BYTES } from "../fuse/abi.ts";
import { put_copy_file_range_64, put_lseek, put_write } from "../fuse/reply.ts";
import * as file from "../sys/file.ts";
import { fstat } from "../sys/path.ts";
import { F_FD, F_FLAGS, F_NODE } from "../state/layout.ts";
import { kill_privileges, kills_privileges_always } from "./common/kill_privileges.ts";
import { is_out_of_space, with_more_room } from "./common/move_file.ts";
import { descriptor_of, file_handle, handle_of_node } from "./common/object_of_request.ts";
import { Context } from "./context.ts";
import { GIVEN_BACK } from "./operation.ts";

/** Most bytes COPY_FILE_RANGE copies at once: its reply has 32 bits (operations §18). */
const COPY_BYTES_MAX = 0xffff_f000;

/** FSYNC: fsync(2) or fdatasync(2) of the branch's file. */
export function fsync(c: Context): number {
  const fd = descriptor_of(c, c.request.arg(0), c.request.arg(1));
  if (fd < 0) return fd;
  return (c.request.arg(2) & FUSE_FSYNC_FDATASYNC) !== 0 ? file.fdatasync(fd) : file.fsync(fd);
}

/** FALLOCATE: all modes, as the branch's filesystem has them. */
export function fallocate(c: Context): number {
  const request = c.request;
  const handle = file_handle(c, request.arg(0), request.arg(1));
  if (handle < 0) return handle;
  if (!c.data_locks.share(c.handles.word(handle, F_NODE))) return GIVEN_BACK;
  let result = allocate(c, handle);
  if (is_out_of_space(result)) result = with_more_room(c, handle, result, end_of_allocation(c), allocate);
  if (result >= 0) has_changed(c, handle);
  return result;
}

// Neither request says whether privileges go, so they go.
function has_changed(c: Context, handle: number): void {
  if (kills_privileges_always(c)) kill_privileges(c.handles.word(handle, F_FD));
  c.notices.changed(c.handles.word(handle, F_NODE));
}

function allocate(c: Context, handle: number): number {
  const request = c.request;
  const fd = c.handles.word(handle, F_FD);
  return file.fallocate(fd, request.arg(6) | 0, request.arg64_exact(2), request.arg64_exact(4));
}

// How big the file has to become; modes that take something away or shift it need no more than there is.
function end_of_allocation(c: Context): number {
  const is_plain = (c.request.arg(6) & ~file.FALLOC_FL_KEEP_SIZE) === 0;
  return is_plain ? c.request.arg64(2) + c.request.arg64(4) : 0;
}

/**
 * LSEEK: SEEK_DATA and SEEK_HOLE (departures D13). The kernel does not write out what its page cache holds before it asks,
 * and what it holds would be taken for a hole. So with a write-back cache, where even the size may be an old one, it is told
 * once and for all to take everything for data; and for a file that may be mapped just now we say so.
 */
export function lseek(c: Context): number {
  if (c.settings.cache_writeback) return -ENOSYS;
  const handle = file_handle(c, c.request.arg(0), c.request.arg(1));
  if (handle < 0) return handle;
  const fd = c.handles.word(handle, F_FD);
  const offset = c.request.arg64_exact(2);
  const whence = c.request.arg(4) | 0;
  const position = may_have_dirty_pages(c, c.handles.word(handle, F_NODE))
    ? seek_without_holes(c, fd, offset, whence)
    : file.lseek(fd, offset, whence);
  return position < 0 ? position : put_lseek(c.reply, c.reply.body_word, position);
}

// Only a file that is open for reading and writing can be mapped so that the mapping changes it; closing it and the end of the
// mapping write the pages out (fuse_flush, fuse_vma_close). A mapping of a passed-through file is one of the branch's file.
function may_have_dirty_pages(c: Context, node: number): boolean {
  const { handles } = c;
  if (handles.backing_of(node) !== 0) return false;
  return handles.handles_of(node).some((handle) => (handles.word(handle, F_FLAGS) & file.O_ACCMODE) === file.O_RDWR);
}

// As a filesystem without holes: data up to the end, and one hole there.
function seek_without_holes(c: Context, fd: number, offset: number | bigint, whence: number): number {
  if (whence !== file.SEEK_DATA && whence !== file.SEEK_HOLE) return -EINVAL;
  const known = fstat(fd, c.stat);
  if (known < 0) return known;
  if (typeof offset === "bigint" || offset < 0 || offset >= c.stat.size_bytes) return -ENXIO;
  return whence === file.SEEK_DATA ? offset : c.stat.size_bytes;
}

/** COPY_FILE_RANGE: between two open files, capped by the 32 bits of its reply. */
export function copy_file_range(c: Context): number {
  const copied = copy(c, Math.min(c.request.arg64(10), COPY_BYTES_MAX));
  if (copied < 0) return copied;
  put_write(c.reply, c.reply.body_word, copied);
  return WRITE_OUT_BYTES;
}

/** COPY_FILE_RANGE_64: the same with a 64-bit count. */
export function copy_file_range_64(c: Context): number {
  const copied = copy(c, c.request.arg64_exact(10));
  if (copied < 0) return copied;
  put_copy_file_range_64(c.reply, c.reply.body_word, copied);
  return COPY_FILE_RANGE_OUT_BYTES;
}

function copy(c: Context, length_bytes: number | bigint): number {
  const request = c.request;
  const from = file_handle(c, request.arg(0), request.arg(1));
  const to = handle_of_node(c, request.arg(4), request.arg(5), request.arg(6) | 0, request.arg(7));
  if (from < 0 || to < 0) return -EBADF;
  source = from;
  length = length_bytes;
  if (!c.data_locks.share(c.handles.word(to, F_NODE))) return GIVEN_BACK;
  let result = copy_to(c, to);
  if (is_out_of_space(result)) result = with_more_room(c, to, result, 0, copy_to);
  if (result > 0) has_changed(c, to);
  return result;
}

// Of the present request: the handle that is copied from, and how much.
let source = 0;
let length: number | bigint = 0;

function copy_to(c: Context, handle: number): number {
  const from = c.handles.word(source, F_FD);
  const to = c.handles.word(handle, F_FD);
  const request = c.request;
  return file.copy_file_range(from, request.arg64_exact(2), to, request.arg64_exact(8), length, request.arg(12));
}
