// struct statx read as typed arrays, against offsets of the kernel's header and against what Deno says of real objects.

import { assertEquals } from "@std/assert";
import { c_string } from "../../src/base/bytes.ts";
import * as statx from "../../src/base/statx.ts";
import { AT_FDCWD, lstat } from "../../src/sys/path.ts";
import { in_scratch_directory, path_bytes } from "../support/scratch.ts";

const { StatxBuffer } = statx;

Deno.test("the offsets are those of include/uapi/linux/stat.h", () => {
  // Byte offsets as the header comments them.
  const bytes = {
    STATX_MASK_WORD: 0x00,
    STATX_BLKSIZE_WORD: 0x04,
    STATX_ATTRIBUTES_WORD: 0x08,
    STATX_NLINK_WORD: 0x10,
    STATX_UID_WORD: 0x14,
    STATX_GID_WORD: 0x18,
    STATX_INO_WORD: 0x20,
    STATX_SIZE_WORD: 0x28,
    STATX_BLOCKS_WORD: 0x30,
    STATX_ATIME_WORD: 0x40,
    STATX_BTIME_WORD: 0x50,
    STATX_CTIME_WORD: 0x60,
    STATX_MTIME_WORD: 0x70,
    STATX_RDEV_MAJOR_WORD: 0x80,
    STATX_RDEV_MINOR_WORD: 0x84,
    STATX_DEV_MAJOR_WORD: 0x88,
    STATX_DEV_MINOR_WORD: 0x8c,
  } as const;
  for (const [name, offset] of Object.entries(bytes)) {
    assertEquals(statx[name as keyof typeof bytes] * 4, offset, name);
  }
  assertEquals([statx.STATX_MODE_HALF * 2, statx.STATX_BYTES], [0x1c, 0x100]);
});

Deno.test("a real file says what Deno says of it", () => {
  in_scratch_directory((directory) => {
    Deno.writeTextFileSync(`${directory}/f`, "12345");
    Deno.linkSync(`${directory}/f`, `${directory}/g`);
    Deno.chmodSync(`${directory}/f`, 0o4750);
    Deno.utimeSync(`${directory}/f`, 1_000, 5_000_000_000);
    const [stat, link, other] = [new StatxBuffer(), new StatxBuffer(), new StatxBuffer()];
    assertEquals(lstat(AT_FDCWD, path_bytes(directory, "f"), stat), 0);
    assertEquals(lstat(AT_FDCWD, path_bytes(directory, "g"), link), 0);
    assertEquals(lstat(AT_FDCWD, c_string(directory), other), 0);
    const known = Deno.lstatSync(`${directory}/f`);
    assertEquals([stat.mode, stat.nlink, stat.uid, stat.gid], [known.mode!, 2, known.uid!, known.gid!]);
    assertEquals([stat.size_bytes, stat.mtime_s], [5, 5_000_000_000]);
    assertEquals(Math.abs(stat.ctime_s * 1000 - Date.now()) < 60_000, true);
    assertEquals([stat.is_regular, stat.is_directory, stat.is_symlink], [true, false, false]);
    assertEquals([other.is_regular, other.is_directory, other.is_symlink], [false, true, false]);
    assertEquals([stat.is_same_object(link), stat.is_same_object(other)], [true, false]);
  });
});

Deno.test("64-bit fields, times before 1970, mode", () => {
  const stat = new StatxBuffer();
  stat.words.set([5, 3], statx.STATX_SIZE_WORD);
  stat.words.set([0xffff_fff9, 0xffff_ffff], statx.STATX_MTIME_WORD);
  stat.words.set([0xffff_fffe, 0xffff_ffff], statx.STATX_CTIME_WORD);
  stat.words[statx.STATX_NLINK_WORD] = 0xffff_ffff;
  assertEquals([stat.size_bytes, stat.mtime_s, stat.ctime_s, stat.nlink], [3 * 2 ** 32 + 5, -7, -2, 0xffff_ffff]);
  stat.mode = statx.S_IFLNK | 0o777;
  assertEquals([stat.mode, stat.is_symlink, stat.is_directory], [0o120777, true, false]);
  stat.mode = statx.S_IFSOCK;
  assertEquals([stat.is_symlink, stat.is_directory, stat.is_regular], [false, false, false]);
});

Deno.test("is_same_object compares device and inode number, all four words of them", () => {
  const { STATX_INO_WORD, STATX_DEV_MAJOR_WORD, STATX_DEV_MINOR_WORD } = statx;
  for (const word of [STATX_INO_WORD, STATX_INO_WORD + 1, STATX_DEV_MAJOR_WORD, STATX_DEV_MINOR_WORD]) {
    const [a, b] = [new StatxBuffer(), new StatxBuffer()];
    assertEquals(a.is_same_object(b), true);
    b.words[word] = 1;
    assertEquals(a.is_same_object(b), false);
  }
});
