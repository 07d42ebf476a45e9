// Operations on open files other than reading and writing (operations §18, departures D10 to D13).
import { EBADF } from "../base/errno.ts";
import { COPY_FILE_RANGE_OUT_BYTES, FUSE_FSYNC_FDATASYNC, WRITE_OUT_BYTES } from "../fuse/abi.ts";
import { put_copy_file_range_64, put_lseek, put_write } from "../fuse/reply.ts";
import * as file from "../sys/file.ts";
import { descriptor_of, descriptor_of_node } from "./common/object_of_request.ts";
import { Context } from "./context.ts";

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
  const fd = descriptor_of(c, request.arg(0), request.arg(1));
  if (fd < 0) return fd;
  const result = file.fallocate(fd, request.arg(6) | 0, request.arg64_exact(2), request.arg64_exact(4));
  if (result >= 0) c.notices.changed(c.nodes.slot_of(request.node_low, request.node_high));
  return result;
}

/** LSEEK: SEEK_DATA and SEEK_HOLE (departures D13). */
export function lseek(c: Context): number {
  const fd = descriptor_of(c, c.request.arg(0), c.request.arg(1));
  if (fd < 0) return fd;
  const position = file.lseek(fd, c.request.arg64_exact(2), c.request.arg(4) | 0);
  return position < 0 ? position : put_lseek(c.reply, c.reply.body_word, position);
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

function copy(c: Context, length: number | bigint): number {
  const request = c.request;
  const from = descriptor_of(c, request.arg(0), request.arg(1));
  const to = descriptor_of_node(c, request.arg(4), request.arg(5), request.arg(6) | 0, request.arg(7));
  if (from < 0 || to < 0) return -EBADF;
  const result = file.copy_file_range(
    from,
    request.arg64_exact(2),
    to,
    request.arg64_exact(8),
    length,
    request.arg(12),
  );
  if (result > 0) c.notices.changed(c.nodes.slot_of(request.arg(4), request.arg(5)));
  return result;
}
