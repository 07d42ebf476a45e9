// statvfs(3) against what coreutils prints about the same filesystem.

import { assertEquals } from "@std/assert";
import { c_string } from "../../src/base/bytes.ts";
import { EBADF, ENOENT } from "../../src/base/errno.ts";
import { close, O_RDONLY } from "../../src/sys/file.ts";
import { AT_FDCWD, openat } from "../../src/sys/path.ts";
import { fstatfs, fstatvfs, StatfsBuffer, statvfs, StatvfsBuffer } from "../../src/sys/space.ts";

// Read-only and without blocks on every Linux: two filesystems whose numbers do not change while a test runs.
function stat_f(path: string): number[] {
  const { stdout } = new Deno.Command("stat", { args: ["-f", "-c", "%s %S %b %f %a %c %d %l", path] }).outputSync();
  return new TextDecoder().decode(stdout).trim().split(" ").map(Number);
}

function numbers(out: StatvfsBuffer): number[] {
  return [out.bsize, out.frsize, out.blocks, out.bfree, out.bavail, out.files, out.ffree, out.namemax];
}

Deno.test("statvfs and fstatvfs fill every field", () => {
  for (const path of ["/proc", "/sys"]) {
    const out = new StatvfsBuffer();
    assertEquals([statvfs(c_string(path), out), numbers(out)], [0, stat_f(path)]);
    const fd = openat(AT_FDCWD, c_string(path), O_RDONLY, 0);
    out.bytes.fill(0xff);
    assertEquals([fstatvfs(fd, out), numbers(out)], [0, stat_f(path)]);
    close(fd);
  }
});

Deno.test("a filesystem with room: total, free for root, free for others", () => {
  const out = new StatvfsBuffer();
  assertEquals(statvfs(c_string("/"), out), 0);
  const [bsize, frsize, blocks] = stat_f("/");
  assertEquals([out.bsize, out.frsize, out.blocks], [bsize!, frsize!, blocks!]);
  const { blocks: b, bfree, bavail, files, ffree } = out.counts();
  const counts = [b, bfree, bavail, files, ffree].map(Number);
  assertEquals(counts, [out.blocks, out.bfree, out.bavail, out.files, out.ffree]);
  assertEquals([out.blocks >= out.bfree, out.bfree >= out.bavail, out.is_read_only], [true, true, false]);
});

Deno.test("is_read_only is ST_RDONLY", () => {
  const out = new StatvfsBuffer();
  out.words[18] = 1 | 4096;
  assertEquals(out.is_read_only, true);
  out.words[18] = 4096;
  assertEquals(out.is_read_only, false);
});

Deno.test("counts beyond 32 bits are exact", () => {
  const out = new StatvfsBuffer();
  new DataView(out.bytes.buffer).setBigUint64(16, 0x1f_ffff_ffff_fffen, true);
  assertEquals([out.blocks, out.counts().blocks], [0x1f_ffff_ffff_fffe, 0x1f_ffff_ffff_fffen]);
  new DataView(out.bytes.buffer).setBigUint64(16, 2n ** 64n - 1n, true);
  assertEquals(out.counts().blocks, 2n ** 64n - 1n);
});

Deno.test("statvfs of nothing", () => {
  const out = new StatvfsBuffer();
  assertEquals([statvfs(c_string("/none"), out), fstatvfs(1 << 20, out)], [-ENOENT, -EBADF]);
});

Deno.test("fstatfs tells the kind, and the same room as statvfs", () => {
  const [room, same] = [new StatfsBuffer(), new StatvfsBuffer()];
  for (const [path, type] of [["/proc", 0x9fa0], ["/sys", 0x62656572]] as const) {
    const fd = openat(AT_FDCWD, c_string(path), O_RDONLY, 0);
    assertEquals([fstatfs(fd, room), room.type, room.total_bytes, room.available_bytes], [0, type, 0, 0], path);
    close(fd);
  }
  const fd = openat(AT_FDCWD, c_string("/"), O_RDONLY, 0);
  assertEquals([fstatfs(fd, room), fstatvfs(fd, same)], [0, 0]);
  assertEquals(room.total_bytes, same.blocks * same.frsize);
  close(fd);
  assertEquals(fstatfs(1 << 20, room), -EBADF);
});
