// What tests with golden bytes share.

import { pack } from "./wire.ts";

/** Bytes as hex, two digits each, without blanks. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Golden hex without the blanks that make it readable. */
export function plain(spaced: string): string {
  return spaced.replaceAll(" ", "");
}

/** struct statx of a block device that has a value of its own in every field (the inode number is replaced anyway). */
export function block_device_statx(): Uint32Array {
  const format = "IIQIIIHHQQQQ" + "qII".repeat(4) + "IIII" + "Q".repeat(14);
  const basic = [0xfff, 4096, 0, 3, 1000, 0xffff_fffe, 0o60640, 0, 99, 0x1_0000_0005, 24, 0];
  const atime = [1700000001, 11, 0];
  const btime = [1600000000, 33, 0];
  const ctime = [1700000003, 999999999, 0];
  const mtime = [-2, 22, 0];
  const devices = [0x123, 0x67845, 8, 1];
  const spare = new Array<number>(14).fill(0);
  const bytes = pack(format, ...basic, ...atime, ...btime, ...ctime, ...mtime, ...devices, ...spare);
  return new Uint32Array(bytes.buffer);
}
