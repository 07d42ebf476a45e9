// The data of one file into another one, empty before: shared blocks where the filesystem can share them, else copied by
// the kernel, else through a buffer. Holes stay holes (departures D2).
import { EAGAIN, EINTR, EIO, ENXIO } from "../../base/errno.ts";
import {
  copy_file_range,
  ftruncate,
  lseek,
  pread,
  pwrite,
  SEEK_DATA,
  SEEK_HOLE,
  share_blocks,
} from "../../sys/file.ts";

/** One system call takes this much at most, so that it returns now and then and ends when the process is to end. */
const KERNEL_COPY_BYTES = 64 * 1024 * 1024;
const BUFFER_BYTES = 1024 * 1024;

let buffer: Uint8Array<ArrayBuffer> | undefined;

/**
 * The first `size_bytes` of `from`, which becomes the size of `to`. What `from` has lost by now reads as zeroes: the
 * caller compares its state before and after. Returns 0 or -errno.
 */
export function copy_data(from: number, to: number, size_bytes: number): number {
  if (share_blocks(from, to) === 0) return 0;
  for (let at = 0; at < size_bytes;) {
    let start = lseek(from, at, SEEK_DATA);
    if (start === -ENXIO || start >= size_bytes) break; // a hole up to the end
    let end = start < 0 ? -1 : lseek(from, start, SEEK_HOLE);
    if (end < 0) { // a filesystem that does not know its holes
      start = at;
      end = size_bytes;
    }
    end = Math.min(end, size_bytes);
    const copied = copy_range(from, to, start, end);
    if (copied < 0) return copied;
    at = end;
  }
  return ftruncate(to, size_bytes);
}

// The kernel's own copying fails between some filesystems, and on some it copies nothing: then the buffer takes over.
function copy_range(from: number, to: number, start: number, end: number): number {
  let by_kernel = true;
  for (let at = start; at < end;) {
    const copied = by_kernel
      ? copy_file_range(from, at, to, at, Math.min(end - at, KERNEL_COPY_BYTES), 0)
      : copy_piece(from, to, at, Math.min(end - at, BUFFER_BYTES));
    if (copied > 0) at += copied;
    else if (copied === -EINTR || copied === -EAGAIN) continue;
    else if (by_kernel) by_kernel = false;
    else return copied; // 0: the file has become shorter
  }
  return 0;
}

// Returns how much was copied, or -errno.
function copy_piece(from: number, to: number, at: number, size_bytes: number): number {
  buffer ??= new Uint8Array(BUFFER_BYTES);
  const length = pread(from, buffer, size_bytes, at);
  if (length <= 0) return length;
  for (let done = 0; done < length;) {
    const written = pwrite(to, buffer.subarray(done), length - done, at + done);
    if (written === -EINTR || written === -EAGAIN) continue;
    if (written <= 0) return written || -EIO;
    done += written;
  }
  return length;
}
