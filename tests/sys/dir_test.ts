// getdents64(2) and the layout of its records.

import { assertEquals } from "@std/assert";
import { c_length, c_string } from "../../src/base/bytes.ts";
import { EINVAL, ENOTDIR } from "../../src/base/errno.ts";
import { STATX_INO_WORD, StatxBuffer } from "../../src/base/statx.ts";
import {
  DIRENT_INO,
  DIRENT_NAME,
  DIRENT_RECORD_LENGTH,
  DIRENT_TYPE,
  getdents64,
  list_directory,
} from "../../src/sys/dir.ts";
import { close, O_CREAT, O_RDONLY } from "../../src/sys/file.ts";
import { AT_FDCWD, lstat, openat } from "../../src/sys/path.ts";
import { in_scratch_directory, path_bytes } from "../support/scratch.ts";

const DT_DIR = 4;
const DT_REG = 8;

function records(fd: number, size_bytes: number): Map<string, { type: number; ino: bigint }> {
  const found = new Map<string, { type: number; ino: bigint }>();
  const bytes = new Uint8Array(size_bytes);
  const view = new DataView(bytes.buffer);
  for (let length = getdents64(fd, bytes, size_bytes); length > 0; length = getdents64(fd, bytes, size_bytes)) {
    for (let at = 0; at < length; at += view.getUint16(at + DIRENT_RECORD_LENGTH, true)) {
      const name = bytes.subarray(at + DIRENT_NAME, at + DIRENT_NAME + c_length(bytes, at + DIRENT_NAME, length));

      const key = [...name].join();
      found.set(key, { type: bytes[at + DIRENT_TYPE]!, ino: view.getBigUint64(at + DIRENT_INO, true) });
    }
  }
  return found;
}

Deno.test("getdents64 gives every entry with type and inode number, in buffers of any size", () => {
  in_scratch_directory((directory) => {
    const names = [[0x61], [0xff, 0xfe], Array.from({ length: 255 }, () => 0x7a)];
    for (const name of names) close(openat(AT_FDCWD, path_bytes(directory, name), O_CREAT, 0o600));
    for (const size_bytes of [300, 65536]) {
      const fd = openat(AT_FDCWD, c_string(directory), O_RDONLY, 0);
      const found = records(fd, size_bytes);
      close(fd);
      assertEquals([...found.keys()].sort(), [[0x2e], [0x2e, 0x2e], ...names].map((name) => name.join()).sort());
      assertEquals(found.get("46")!.type, DT_DIR);
      for (const name of names) {
        const stat = new StatxBuffer();
        assertEquals(lstat(AT_FDCWD, path_bytes(directory, name), stat), 0);
        const ino = new DataView(stat.bytes.buffer).getBigUint64(STATX_INO_WORD * 4, true);
        assertEquals(found.get(name.join()), { type: DT_REG, ino });
      }
    }
  });
});

Deno.test("getdents64 of a file, and into a buffer too small for one record", () => {
  in_scratch_directory((directory) => {
    const file = openat(AT_FDCWD, path_bytes(directory, "f"), O_CREAT, 0o600);
    const folder = openat(AT_FDCWD, c_string(directory), O_RDONLY, 0);
    assertEquals(getdents64(file, new Uint8Array(300), 300), -ENOTDIR);
    assertEquals(getdents64(folder, new Uint8Array(8), 8), -EINVAL);
    close(file);
    close(folder);
  });
});

Deno.test("list_directory gives every name once, whatever its bytes, and nothing of what cannot be read", () => {
  in_scratch_directory((directory) => {
    const names = Array.from({ length: 2000 }, (_, at) => `name ${at}`);
    for (const name of names) Deno.mkdirSync(`${directory}/${name}`);
    Deno.writeTextFileSync(`${directory}/...`, "");
    close(openat(AT_FDCWD, path_bytes(directory, [0xff]), O_CREAT, 0o644));
    const listed = list_directory(c_string(directory));
    const text = (type: number) =>
      listed.filter((each) => each.type === type).map(({ name }) => [...name].join()).sort();
    assertEquals(text(DT_DIR), names.map((name) => [...c_string(name).subarray(0, -1)].join()).sort());
    assertEquals(text(DT_REG), ["255", "46,46,46"]);
    assertEquals(list_directory(path_bytes(directory, "...")), []);
    assertEquals(list_directory(path_bytes(directory, "none")), []);
  });
});
