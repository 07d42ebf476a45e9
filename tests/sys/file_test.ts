// System calls on open files, each once against a real file.

import { assert, assertEquals } from "@std/assert";
import { c_string, to_bytes, to_text } from "../../src/base/bytes.ts";
import { EAGAIN, EBADF, EINVAL, ENOTTY, ENXIO } from "../../src/base/errno.ts";
import { StatxBuffer } from "../../src/base/statx.ts";
import * as file from "../../src/sys/file.ts";
import { AT_FDCWD, fstat, openat } from "../../src/sys/path.ts";
import { in_scratch_directory, path_bytes } from "../support/scratch.ts";

const CLOSED = 1 << 20; // above every limit on descriptors that a test machine has

function with_file(use: (fd: number, directory: string) => void): void {
  in_scratch_directory((directory) => {
    const fd = openat(AT_FDCWD, path_bytes(directory, "file"), file.O_RDWR | file.O_CREAT, 0o600);
    assert(fd >= 0);
    try {
      use(fd, directory);
    } finally {
      file.close(fd);
    }
  });
}

function content(fd: number): string {
  const bytes = new Uint8Array(64);
  return to_text(bytes.subarray(0, file.pread(fd, bytes, bytes.length, 0)));
}

function size_of(fd: number): number {
  const stat = new StatxBuffer();
  assertEquals(fstat(fd, stat), 0);
  return stat.size_bytes;
}

Deno.test("read, write, lseek follow one position; pread and pwrite have their own", () => {
  with_file((fd) => {
    assertEquals(file.write(fd, to_bytes("hello world"), 5), 5);
    assertEquals(file.lseek(fd, 0, file.SEEK_END), 5);
    assertEquals(file.pwrite(fd, to_bytes("J"), 1, 0), 1);
    assertEquals(file.lseek(fd, 1, file.SEEK_SET), 1);
    const bytes = new Uint8Array(16);
    assertEquals([file.read(fd, bytes, 16), to_text(bytes.subarray(0, 4))], [4, "ello"]);
    assertEquals([file.read(fd, bytes, 16), content(fd)], [0, "Jello"]);
  });
});

Deno.test("offsets beyond 32 bits, as number and as bigint", () => {
  with_file((fd) => {
    const at = 5 * 2 ** 32 + 3;
    assertEquals(file.pwrite(fd, to_bytes("x"), 1, at), 1);
    assertEquals(file.pwrite(fd, to_bytes("y"), 1, BigInt(at) + 1n), 1);
    assertEquals(size_of(fd), at + 2);
    const bytes = new Uint8Array(2);
    assertEquals([file.pread(fd, bytes, 2, at), to_text(bytes)], [2, "xy"]);
    assertEquals(file.lseek(fd, at, file.SEEK_SET), at);
    assertEquals(file.ftruncate(fd, at + 1), 0);
    assertEquals(size_of(fd), at + 1);
    assertEquals(file.pwrite(fd, bytes, 1, -1), -EINVAL);
  });
});

Deno.test("holes: SEEK_DATA, SEEK_HOLE, ENXIO at the end", () => {
  with_file((fd) => {
    assertEquals(file.ftruncate(fd, 1 << 20), 0);
    assertEquals(file.pwrite(fd, to_bytes("x"), 1, 1 << 19), 1);
    assertEquals(file.lseek(fd, 0, file.SEEK_DATA), 1 << 19);
    assertEquals(file.lseek(fd, 0, file.SEEK_HOLE), 0);
    assertEquals(file.lseek(fd, 1 << 20, file.SEEK_DATA), -ENXIO);
  });
});

Deno.test("fallocate extends, or keeps the size", () => {
  with_file((fd) => {
    assertEquals(file.fallocate(fd, file.FALLOC_FL_KEEP_SIZE, 0, 8192), 0);
    assertEquals(size_of(fd), 0);
    assertEquals(file.fallocate(fd, 0, 4096, 4096), 0);
    assertEquals(size_of(fd), 8192);
    assertEquals(file.fallocate(fd, 0, 0, 0), -EINVAL);
  });
});

Deno.test("dup and dup_onto share what is open", () => {
  with_file((fd, directory) => {
    file.write(fd, to_bytes("one"), 3);
    const second = file.dup(fd);
    assertEquals(content(second), "one");
    const other = openat(AT_FDCWD, path_bytes(directory, "other"), file.O_RDWR | file.O_CREAT, 0o600);
    file.write(other, to_bytes("other"), 5);
    assertEquals(file.dup_onto(other, second), second);
    assertEquals([content(second), content(fd)], ["other", "one"]);
    assertEquals([file.close(second), file.close(other)], [0, 0]);
  });
  assertEquals([file.dup(CLOSED), file.dup_onto(CLOSED, CLOSED + 1)], [-EBADF, -EBADF]);
});

Deno.test("fcntl tells the flags, O_CLOEXEC is always there", () => {
  with_file((fd) => {
    const F_GETFD = 1;
    assertEquals(file.fcntl(fd, file.F_GETFL, 0) & (file.O_ACCMODE | file.O_APPEND), file.O_RDWR);
    assertEquals(file.fcntl(fd, F_GETFD, 0), 1);
  });
});

Deno.test("ioctl fills the buffer", () => {
  with_file((fd) => {
    const FIONREAD = 0x541b;
    const waiting = new Uint8Array(4);
    file.write(fd, to_bytes("abc"), 3);
    file.lseek(fd, 1, file.SEEK_SET);
    assertEquals([file.ioctl(fd, FIONREAD, waiting), waiting[0]], [0, 2]);
    assertEquals(file.ioctl(fd, 0x7fff_0000, waiting), -ENOTTY);
  });
});

Deno.test("copy_file_range copies between offsets and moves no position", () => {
  with_file((from, directory) => {
    file.write(from, to_bytes("0123456789"), 10);
    const to = openat(AT_FDCWD, path_bytes(directory, "to"), file.O_RDWR | file.O_CREAT, 0o600);
    assertEquals(file.copy_file_range(from, 2, to, 1n, 5, 0), 5);
    assertEquals(content(to), "\x0023456");
    assertEquals([file.lseek(from, 0, 1), file.lseek(to, 0, 1)], [10, 0]);
    assertEquals(file.copy_file_range(from, 100, to, 0, 5, 0), 0);
    assertEquals(file.copy_file_range(from, 0, CLOSED, 0, 5, 0), -EBADF);
    file.close(to);
  });
});

Deno.test("the calls that write back succeed on a file and name a bad descriptor", () => {
  with_file((fd) => assertEquals([file.fsync(fd), file.fdatasync(fd), file.syncfs(fd)], [0, 0, 0]));
  assertEquals([file.fsync(CLOSED), file.fdatasync(CLOSED), file.syncfs(CLOSED)], [-EBADF, -EBADF, -EBADF]);
});

Deno.test("a file is open only once: nobody else reads or writes it, and no lease stays behind", () => {
  with_file((fd, directory) => {
    assertEquals([file.is_only_open(fd), file.is_only_open(CLOSED)], [true, false]);
    for (const flags of [file.O_RDONLY, file.O_RDWR]) {
      const other = openat(AT_FDCWD, path_bytes(directory, "file"), flags, 0);
      assertEquals([other >= 0, file.is_only_open(fd), file.is_only_open(other)], [true, false, false]);
      file.close(other);
      assertEquals(file.is_only_open(fd), true);
    }
  });
});

Deno.test("errno of a failed call, not of the one before", () => {
  const bytes = new Uint8Array(1);
  assertEquals(file.close(CLOSED), -EBADF);
  in_scratch_directory((directory) => {
    const fifo = path_bytes(directory, "fifo");
    new Deno.Command("mkfifo", { args: [`${directory}/fifo`] }).outputSync();
    const reader = openat(AT_FDCWD, fifo, file.O_RDONLY | file.O_NONBLOCK, 0);
    const writer = openat(AT_FDCWD, fifo, file.O_WRONLY | file.O_NONBLOCK, 0);
    assertEquals(file.read(reader, bytes, 1), -EAGAIN);
    file.close(writer);
    assertEquals(file.read(reader, bytes, 1), 0);
    assertEquals(file.lseek(reader, 0, file.SEEK_SET), -29);
    file.close(reader);
  });
  assertEquals(openat(AT_FDCWD, c_string("/proc/self/fd/none"), file.O_RDONLY, 0), -2);
});
