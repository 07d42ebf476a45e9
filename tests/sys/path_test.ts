// System calls that take a path, each once against a real directory, with names that are not UTF-8.

import { assert, assertEquals } from "@std/assert";
import { c_string } from "../../src/base/bytes.ts";
import * as errno from "../../src/base/errno.ts";
import { S_IFCHR, S_IFMT, STATX_RDEV_MAJOR_WORD, StatxBuffer } from "../../src/base/statx.ts";
import { close, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_PATH, O_RDONLY, O_RDWR } from "../../src/sys/file.ts";
import * as path from "../../src/sys/path.ts";
import { in_scratch_directory, path_bytes } from "../support/scratch.ts";

const { AT_FDCWD } = path;
const LATIN1 = [0x66, 0xfc, 0x72]; // "für" in Latin-1, no UTF-8
const is_root = Deno.uid() === 0;

function with_directory(use: (dirfd: number, directory: string) => void): void {
  in_scratch_directory((directory) => {
    const dirfd = path.openat(AT_FDCWD, c_string(directory), O_PATH | O_DIRECTORY, 0);
    assert(dirfd >= 0);
    try {
      use(dirfd, directory);
    } finally {
      close(dirfd);
    }
  });
}

function create(dirfd: number, name: Uint8Array<ArrayBuffer>): number {
  const fd = path.openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL, 0o644);
  return fd < 0 ? fd : close(fd);
}

function lstat(dirfd: number, name: string): StatxBuffer {
  const stat = new StatxBuffer();
  assertEquals(path.lstat(dirfd, c_string(name), stat), 0);
  return stat;
}

Deno.test("openat creates, refuses, and takes names that are not UTF-8", () => {
  with_directory((dirfd, directory) => {
    const name = Uint8Array.from([...LATIN1, 0]);
    assertEquals(create(dirfd, name), 0);
    assertEquals(create(dirfd, name), -errno.EEXIST);
    const stat = new StatxBuffer();
    assertEquals(path.lstat(AT_FDCWD, path_bytes(directory, LATIN1), stat), 0);
    assertEquals(stat.is_regular, true);
    assertEquals(path.openat(dirfd, c_string("none"), O_RDONLY, 0), -errno.ENOENT);
    assertEquals(path.openat(dirfd, c_string("x".repeat(256)), O_RDONLY, 0), -errno.ENAMETOOLONG);
    assertEquals(path.unlinkat(dirfd, name, 0), 0);
  });
});

Deno.test("lstat sees the symlink, stat what it leads to, fstat what is open", () => {
  with_directory((dirfd) => {
    const stat = new StatxBuffer();
    assertEquals(path.mkdirat(dirfd, c_string("d"), 0o750), 0);
    assertEquals(path.symlinkat(c_string("d"), dirfd, c_string("link")), 0);
    assertEquals([path.lstat(dirfd, c_string("link"), stat), stat.is_symlink], [0, true]);
    assertEquals([path.stat(dirfd, c_string("link"), stat), stat.is_directory, stat.mode & 0o777], [0, true, 0o750]);
    assertEquals([path.fstat(dirfd, stat), stat.is_directory, stat.nlink], [0, true, 3]);
    assertEquals(path.statx(dirfd, c_string("d"), path.AT_STATX_DONT_SYNC, 0, stat), 0);
    assertEquals(path.lstat(dirfd, c_string("d/none"), stat), -errno.ENOENT);
    assertEquals(path.stat(dirfd, c_string("link/none/x"), stat), -errno.ENOENT);
    const bytes = new Uint8Array(16);
    assertEquals([path.readlinkat(dirfd, c_string("link"), bytes, 16), bytes[0]], [1, 0x64]);
    assertEquals(path.readlinkat(dirfd, c_string("d"), bytes, 16), -errno.EINVAL);
    assertEquals(path.symlinkat(c_string("d"), dirfd, c_string("link")), -errno.EEXIST);
  });
});

Deno.test("mkdirat and unlinkat: files and directories are removed each their own way", () => {
  with_directory((dirfd) => {
    assertEquals(path.mkdirat(dirfd, c_string("d"), 0o755), 0);
    assertEquals(path.mkdirat(dirfd, c_string("d"), 0o755), -errno.EEXIST);
    assertEquals(create(dirfd, c_string("d/f")), 0);
    assertEquals(path.unlinkat(dirfd, c_string("d"), 0), -errno.EISDIR);
    assertEquals(path.unlinkat(dirfd, c_string("d"), path.AT_REMOVEDIR), -errno.ENOTEMPTY);
    assertEquals(path.unlinkat(dirfd, c_string("d/f"), path.AT_REMOVEDIR), -errno.ENOTDIR);
    assertEquals(path.unlinkat(dirfd, c_string("d/f"), 0), 0);
    assertEquals(path.unlinkat(dirfd, c_string("d"), path.AT_REMOVEDIR), 0);
    assertEquals(path.unlinkat(dirfd, c_string("d"), path.AT_REMOVEDIR), -errno.ENOENT);
  });
});

Deno.test("mknodat makes devices from the kernel's form of their number", { ignore: !is_root }, () => {
  with_directory((dirfd) => {
    const major = 0x123, minor = 0x45678;
    const device = (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12); // new_encode_dev
    assertEquals(path.mknodat(dirfd, c_string("device"), S_IFCHR | 0o600, device >>> 0), 0);
    const { words, mode } = lstat(dirfd, "device");
    assertEquals(mode & S_IFMT, S_IFCHR);
    assertEquals([words[STATX_RDEV_MAJOR_WORD], words[STATX_RDEV_MAJOR_WORD + 1]], [major, minor]);
  });
});

Deno.test("renameat2 replaces, refuses to, and exchanges", () => {
  with_directory((dirfd) => {
    for (const name of ["a", "b"]) assertEquals(create(dirfd, c_string(name)), 0);
    const [a, b] = [lstat(dirfd, "a"), lstat(dirfd, "b")];
    const rename = (flags: number) => path.renameat2(dirfd, c_string("a"), dirfd, c_string("b"), flags);
    assertEquals(rename(path.RENAME_NOREPLACE), -errno.EEXIST);
    assertEquals(rename(path.RENAME_EXCHANGE), 0);
    assertEquals([lstat(dirfd, "a").is_same_object(b), lstat(dirfd, "b").is_same_object(a)], [true, true]);
    assertEquals(rename(0), 0);
    assertEquals(lstat(dirfd, "b").is_same_object(b), true);
    assertEquals(rename(0), -errno.ENOENT);
  });
});

Deno.test("linkat links the object, or by AT_EMPTY_PATH style through /proc what has no name", () => {
  with_directory((dirfd, directory) => {
    assertEquals(create(dirfd, c_string("f")), 0);
    assertEquals(path.linkat(dirfd, c_string("f"), dirfd, c_string("g"), 0), 0);
    assertEquals([lstat(dirfd, "g").is_same_object(lstat(dirfd, "f")), lstat(dirfd, "g").nlink], [true, 2]);
    assertEquals(path.linkat(dirfd, c_string("f"), dirfd, c_string("g"), 0), -errno.EEXIST);
    assertEquals(path.linkat(AT_FDCWD, c_string(directory), dirfd, c_string("h"), 0), -errno.EPERM);
    const O_TMPFILE = 0o20000000 | O_DIRECTORY;
    const nameless = path.openat(AT_FDCWD, c_string(directory), O_TMPFILE | O_RDWR, 0o600);
    const by_number = c_string(`/proc/self/fd/${nameless}`);
    assertEquals(path.linkat(AT_FDCWD, by_number, dirfd, c_string("named"), path.AT_SYMLINK_FOLLOW), 0);
    assertEquals(lstat(dirfd, "named").nlink, 1);
    close(nameless);
  });
});

Deno.test("faccessat answers for files and for what is not there", () => {
  with_directory((dirfd) => {
    const X_OK = 1, F_OK = 0;
    assertEquals(create(dirfd, c_string("f")), 0);
    assertEquals(path.faccessat(dirfd, c_string("f"), F_OK, path.AT_EACCESS), 0);
    assertEquals(path.faccessat(dirfd, c_string("f"), X_OK, path.AT_EACCESS), -errno.EACCES);
    assertEquals(path.faccessat(dirfd, c_string("none"), F_OK, path.AT_EACCESS), -errno.ENOENT);
    assertEquals(path.faccessat(dirfd, c_string("f"), 0o100, 0), -errno.EINVAL);
  });
});

Deno.test("mode: by descriptor, and by /proc/self/fd of an O_PATH descriptor", () => {
  with_directory((dirfd) => {
    assertEquals(create(dirfd, c_string("f")), 0);
    const open = path.openat(dirfd, c_string("f"), O_RDWR, 0);
    const seen = path.openat(dirfd, c_string("f"), O_PATH | O_NOFOLLOW, 0);
    assertEquals([path.fchmod(open, 0o4711), lstat(dirfd, "f").mode & 0o7777], [0, 0o4711]);
    assertEquals([path.chmod(c_string(`/proc/self/fd/${seen}`), 0o640), lstat(dirfd, "f").mode & 0o7777], [0, 0o640]);
    assertEquals(path.fchmod(seen, 0o600), -errno.EBADF);
    close(open);
    close(seen);
  });
});

Deno.test("owner: by descriptor, and of a symlink itself", { ignore: !is_root }, () => {
  with_directory((dirfd) => {
    const NO_CHANGE = 0xffff_ffff;
    assertEquals(create(dirfd, c_string("f")), 0);
    assertEquals(path.symlinkat(c_string("f"), dirfd, c_string("link")), 0);
    const open = path.openat(dirfd, c_string("f"), O_RDWR, 0);
    const seen = path.openat(dirfd, c_string("link"), O_PATH | O_NOFOLLOW, 0);
    assertEquals([path.fchown(open, 1000, NO_CHANGE), path.fchown(open, NO_CHANGE, 0xffff_fffe)], [0, 0]);
    assertEquals(path.chown_object(seen, 7, 8), 0);
    const [f, link] = [lstat(dirfd, "f"), lstat(dirfd, "link")];
    assertEquals([f.uid, f.gid, link.uid, link.gid], [1000, 0xffff_fffe, 7, 8]);
    close(open);
    close(seen);
  });
});

Deno.test("times: set, left alone, before 1970", () => {
  with_directory((dirfd) => {
    assertEquals(create(dirfd, c_string("f")), 0);
    const open = path.openat(dirfd, c_string("f"), O_RDWR, 0);
    const omit = BigInt(path.UTIME_OMIT);
    assertEquals(path.futimens(open, new BigInt64Array([5n, 6n, -7n, 8n])), 0);
    assertEquals(lstat(dirfd, "f").mtime_s, -7);
    assertEquals(path.utimens(c_string(`/proc/self/fd/${open}`), new BigInt64Array([0n, omit, 9n, 0n])), 0);
    assertEquals([lstat(dirfd, "f").mtime_s, lstat(dirfd, "f").words[16]], [9, 5]);
    assertEquals(path.futimens(open, new BigInt64Array([0n, 1_000_000_000n, 0n, 0n])), -errno.EINVAL);
    close(open);
  });
});

Deno.test("truncate cuts and extends by path", () => {
  with_directory((dirfd, directory) => {
    assertEquals(create(dirfd, c_string("f")), 0);
    assertEquals(path.truncate(path_bytes(directory, "f"), 5 * 2 ** 32), 0);
    assertEquals(lstat(dirfd, "f").size_bytes, 5 * 2 ** 32);
    assertEquals(path.truncate(path_bytes(directory, "f"), 3n), 0);
    assertEquals(lstat(dirfd, "f").size_bytes, 3);
    assertEquals(path.truncate(c_string(directory), 0), -errno.EISDIR);
  });
});

Deno.test("realpath resolves symlinks, dots and slashes, of any bytes", () => {
  in_scratch_directory((directory) => {
    const root = Deno.realPathSync(directory);
    const real = path_bytes(root, LATIN1);
    assertEquals(path.mkdirat(AT_FDCWD, real, 0o755), 0);
    assertEquals(path.symlinkat(real, AT_FDCWD, path_bytes(root, "link")), 0);
    const out = new Uint8Array(4096);
    assertEquals(path.realpath(path_bytes(root, "./link/../link//"), out), real.length - 1);
    assertEquals(out.subarray(0, real.length), real);
    assertEquals(path.realpath(path_bytes(root, "none"), out), -errno.ENOENT);
    Deno.symlinkSync("loop", `${root}/loop`);
    assertEquals(path.realpath(path_bytes(root, "loop"), out), -errno.ELOOP);
  });
});
