// The decoder on messages that are right in an unusual way, and on messages that are wrong.

import { assertEquals } from "@std/assert";
import { to_bytes, to_text } from "../../src/base/bytes.ts";
import { EINVAL, EIO, ENOSYS } from "../../src/base/errno.ts";
import * as abi from "../../src/fuse/abi.ts";
import { describe_request } from "../../src/fuse/describe.ts";
import { Request } from "../../src/fuse/request.ts";
import { FIXED_BYTES } from "../../src/fuse/request_table.ts";
import * as wire from "../support/wire.ts";

const UNIQUE = 0x102;
const NODE = 7;

interface Decoded {
  readonly result: number;
  readonly request: Request;
}

/** Decodes a message that lies between bytes that are not part of it. */
function decode(bytes: Uint8Array, header = 64): Decoded {
  const memory = new Uint8Array((header + bytes.length + 128) & ~7).fill(0x41);
  memory.set(bytes, header);
  const request = new Request(memory);
  return { request, result: request.decode_device(header, bytes.length) };
}

function first_name(request: Request): string {
  return to_text(request.u8.subarray(request.name, request.name + request.name_length));
}

function second_name(request: Request): string {
  return to_text(request.u8.subarray(request.name2, request.name2 + request.name2_length));
}

/** The same message with another length in its header. */
function with_length(bytes: Uint8Array, length: number): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(0, length, true);
  return copy;
}

/** One valid message per opcode. */
function all_messages(): Uint8Array[] {
  return [
    wire.lookup(UNIQUE, NODE, "a.txt"),
    wire.forget(UNIQUE, NODE, 3),
    wire.getattr(UNIQUE, NODE, 9),
    wire.setattr(UNIQUE, NODE, { mode: 0o644, atime: "now" }),
    wire.readlink(UNIQUE, NODE),
    wire.symlink(UNIQUE, NODE, "link", "../to"),
    wire.mknod(UNIQUE, NODE, "fifo", 0o10644),
    wire.mkdir(UNIQUE, NODE, "dir", 0o755),
    wire.unlink(UNIQUE, NODE, "old"),
    wire.rmdir(UNIQUE, NODE, "old"),
    wire.rename(UNIQUE, NODE, "from", 9, "to"),
    wire.link(UNIQUE, NODE, "hard", 9),
    wire.open(UNIQUE, NODE, 2),
    wire.read(UNIQUE, NODE, 9, 0, 4096),
    wire.write(UNIQUE, NODE, 9, 0, to_bytes("hello world")),
    wire.statfs(UNIQUE, NODE),
    wire.release(UNIQUE, NODE, 9),
    wire.fsync(UNIQUE, NODE, 9),
    wire.setxattr(UNIQUE, NODE, "user.a", "value"),
    wire.getxattr(UNIQUE, NODE, "user.a", 64),
    wire.listxattr(UNIQUE, NODE, 64),
    wire.removexattr(UNIQUE, NODE, "user.a"),
    wire.flush(UNIQUE, NODE, 9),
    wire.init(UNIQUE),
    wire.opendir(UNIQUE, NODE),
    wire.readdir(UNIQUE, NODE, 9, 0, 4096),
    wire.releasedir(UNIQUE, NODE, 9),
    wire.fsyncdir(UNIQUE, NODE, 9),
    wire.getlk(UNIQUE, NODE, 9),
    wire.setlk(UNIQUE, NODE, 9),
    wire.setlkw(UNIQUE, NODE, 9),
    wire.access(UNIQUE, NODE, 4),
    wire.create(UNIQUE, NODE, "new", 0o102, 0o644),
    wire.interrupt(UNIQUE, 4),
    wire.bmap(UNIQUE, NODE, 1, 512),
    wire.destroy(UNIQUE),
    wire.ioctl(UNIQUE, NODE, 9, 0x8008_6601, 0, to_bytes("12345678"), 8),
    wire.poll(UNIQUE, NODE, 9, 1),
    wire.notify_reply(UNIQUE, NODE, 0, to_bytes("abc")),
    wire.batch_forget(UNIQUE, [[7, 1], [8, 2]]),
    wire.fallocate(UNIQUE, NODE, 9, 0, 0, 10),
    wire.readdirplus(UNIQUE, NODE, 9, 0, 4096),
    wire.rename2(UNIQUE, NODE, "from", 9, "to", 1),
    wire.lseek(UNIQUE, NODE, 9, 0, 3),
    wire.copy_file_range(UNIQUE, NODE, 9, 0, 8, 10, 0, 100),
    wire.setupmapping(UNIQUE, NODE, 9, 0, 4096, 1, 0),
    wire.removemapping(UNIQUE, NODE, [[0, 4096]]),
    wire.syncfs(UNIQUE, NODE),
    wire.tmpfile(UNIQUE, NODE, 2, 0o600),
    wire.statx(UNIQUE, NODE, 0, 0xfff),
    wire.copy_file_range_64(UNIQUE, NODE, 9, 0, 8, 10, 0, 100),
  ];
}

function opcode_of(bytes: Uint8Array): number {
  return new DataView(bytes.buffer).getUint32(4, true);
}

Deno.test("the messages of this file cover every opcode", () => {
  const opcodes = all_messages().map(opcode_of);
  assertEquals(opcodes, abi.OPCODE_NAMES.flatMap((name, opcode) => name === "" ? [] : [opcode]));
});

Deno.test("every message cut off at every length is refused", () => {
  for (const whole of all_messages()) {
    for (let length = 0; length < whole.length; length++) {
      const name = `${abi.opcode_name(opcode_of(whole))} cut off at ${length}`;
      const cut = whole.slice(0, length);
      const { result, request } = decode(length < 40 ? cut : with_length(cut, length));
      assertEquals(result, expected_of_cut(opcode_of(whole), length), name);
      assertEquals(request.unique_low, length < 40 ? 0 : UNIQUE, name);
    }
  }
});

/** INIT has a second, shorter form; NOTIFY_REPLY is accepted and ignored, whatever its data. */
function expected_of_cut(opcode: number, length: number): number {
  if (length < 40) return -EIO;
  if (opcode === abi.FUSE_INIT && length === 40 + 16) return 0;
  if (opcode === abi.FUSE_NOTIFY_REPLY && length >= 40 + 40) return 0;
  return -EINVAL;
}

Deno.test("a message whose header tells another length than was read is refused, with its id", () => {
  for (const wrong of [0, 39, 45, 47, 0xffff_ffff]) {
    const { result, request } = decode(with_length(wire.lookup(0x8000_0000_0000_0102n, NODE, "a.txt"), wrong));
    assertEquals(result, -EINVAL);
    assertEquals([request.unique_low, request.unique_high], [0x102, 0x8000_0000]);
  }
});

Deno.test("what is left of an earlier request is not seen in a refused one", () => {
  const memory = new Uint8Array(256);
  const request = new Request(memory);
  const names = wire.rename(2n ** 64n - 1n, 2n ** 64n - 1n, "from", 9, "to");
  const good = wire.from({ uid: 1, gid: 2, pid: 3 }, names);
  memory.set(good);
  assertEquals(request.decode_device(0, good.length), 0);
  assertEquals(request.decode_device(0, 12), -EIO);
  const { opcode, unique_low, unique_high, node_low, node_high, uid, gid, pid } = request;
  assertEquals([opcode, unique_low, unique_high, node_low, node_high, uid, gid, pid], [0, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals([request.name_length, request.name2_length, request.args_bytes], [0, 0, 0]);
});

Deno.test("unknown opcodes are refused with their id and node", () => {
  for (const opcode of [0, 7, 19, 54, 55, 4096, 0x0100_0000, 0xffff_ffff]) {
    const { result, request } = decode(wire.message(opcode, UNIQUE, NODE, new Uint8Array(64)));
    assertEquals(result, -ENOSYS);
    assertEquals([request.opcode, request.unique_low, request.node_low], [opcode, UNIQUE, NODE]);
  }
});

Deno.test("a caller without identity has uid and gid 4294967295", () => {
  const bytes = wire.from({ uid: 0xffff_ffff, gid: 0xffff_ffff, pid: 5 }, wire.statfs(UNIQUE, NODE));
  const { request } = decode(bytes);
  assertEquals([request.uid, request.gid, request.pid], [4294967295, 4294967295, 5]);
});

Deno.test("a node id keeps both halves", () => {
  const { request } = decode(wire.statfs(UNIQUE, 0xffff_fffe_ffff_ffffn));
  assertEquals([request.node_low, request.node_high], [0xffff_ffff, 0xffff_fffe]);
});

Deno.test("file names that cannot be are refused", () => {
  const bad = ["", "a/b", "/", "a/"];
  for (const name of bad) {
    assertEquals(decode(wire.lookup(UNIQUE, NODE, name)).result, -EINVAL, name);
    assertEquals(decode(wire.create(UNIQUE, NODE, name, 0, 0)).result, -EINVAL, name);
    assertEquals(decode(wire.symlink(UNIQUE, NODE, name, "to")).result, -EINVAL, name);
    assertEquals(decode(wire.rename(UNIQUE, NODE, name, 9, "to")).result, -EINVAL, name);
    assertEquals(decode(wire.rename(UNIQUE, NODE, "from", 9, name)).result, -EINVAL, name);
  }
});

Deno.test("file names that are only unusual are taken as they are", () => {
  for (const name of [".", "..", "a b", "\n", "ä", "x".repeat(300)]) {
    const { result, request } = decode(wire.lookup(UNIQUE, NODE, name));
    assertEquals(result, 0);
    assertEquals(first_name(request), name);
  }
  const { result, request } = decode(wire.lookup(UNIQUE, NODE, Uint8Array.of(0xff, 0xfe, 0x80)));
  assertEquals(result, 0);
  assertEquals(request.u8.slice(request.name, request.name + request.name_length), Uint8Array.of(0xff, 0xfe, 0x80));
});

Deno.test("a symlink's target may have slashes and be long, but not be empty", () => {
  const target = "../" + "long/".repeat(800) + "end";
  const { result, request } = decode(wire.symlink(UNIQUE, NODE, "link", target));
  assertEquals(result, 0);
  assertEquals([first_name(request), second_name(request)], ["link", target]);
  assertEquals(decode(wire.symlink(UNIQUE, NODE, "link", "")).result, -EINVAL);
});

Deno.test("an xattr's name may have slashes, but not be empty", () => {
  const { result, request } = decode(wire.getxattr(UNIQUE, NODE, "user.a/b", 10));
  assertEquals(result, 0);
  assertEquals(first_name(request), "user.a/b");
  assertEquals(decode(wire.getxattr(UNIQUE, NODE, "", 10)).result, -EINVAL);
  assertEquals(decode(wire.removexattr(UNIQUE, NODE, "")).result, -EINVAL);
  assertEquals(decode(wire.setxattr(UNIQUE, NODE, "", "value")).result, -EINVAL);
});

Deno.test("SETXATTR is longer where INIT agreed on SETXATTR_EXT", () => {
  const message = wire.setxattr_ext(UNIQUE, NODE, "user.a", "value", abi.FUSE_SETXATTR_ACL_KILL_SGID);
  const request = new Request(new Uint8Array(256));
  request.u8.set(message, 64);
  request.expect_setxattr_flags();
  assertEquals([request.decode_device(64, message.length), request.args_bytes], [0, 16]);
  assertEquals([first_name(request), second_name(request)], ["user.a", "value"]);
  assertEquals(describe_request(request, 1n).includes('setxattr_flags=0x1 setxattr_flags_str="ACL_KILL_SGID"'), true);
});

Deno.test("an xattr's value may hold any bytes, and be empty", () => {
  const value = Uint8Array.of(0, 1, 0, 255);
  const { result, request } = decode(wire.setxattr(UNIQUE, NODE, "user.a", value));
  assertEquals(result, 0);
  assertEquals(request.u8.slice(request.name2, request.name2 + request.name2_length), value);
  const empty = decode(wire.setxattr(UNIQUE, NODE, "user.a", ""));
  assertEquals(empty.result, 0);
  assertEquals(empty.request.name2_length, 0);
});

Deno.test("TMPFILE is accepted with the name that the kernel gives it", () => {
  assertEquals(decode(wire.tmpfile(UNIQUE, NODE, 2, 0o600)).result, 0);
});

Deno.test("WRITE carries exactly as many bytes as it says", () => {
  const bytes = wire.write(UNIQUE, NODE, 9, 0, to_bytes("hello"));
  const { result, request } = decode(bytes);
  assertEquals(result, 0);
  assertEquals(to_text(request.u8.subarray(request.data, request.data_end)), "hello");
  const size_at = 40 + 16;
  for (const wrong of [0, 4, 6, 0xffff_ffff]) {
    const lying = bytes.slice();
    new DataView(lying.buffer).setUint32(size_at, wrong, true);
    assertEquals(decode(lying).result, -EINVAL);
  }
  assertEquals(decode(wire.write(UNIQUE, NODE, 9, 0, new Uint8Array(0))).result, 0);
});

Deno.test("counts that promise more than there is are refused", () => {
  const lies: [Uint8Array, number][] = [
    [wire.batch_forget(UNIQUE, [[7, 1]]), 40],
    [wire.removemapping(UNIQUE, NODE, [[0, 1]]), 40],
    [wire.setxattr(UNIQUE, NODE, "user.a", "value"), 40],
    [wire.ioctl(UNIQUE, NODE, 9, 1, 0, to_bytes("1234"), 4), 40 + 24],
  ];
  for (const [bytes, count_at] of lies) {
    const view = new DataView(bytes.buffer);
    const count = view.getUint32(count_at, true);
    for (const wrong of [count + 1, 0x1000_0000, 0xffff_ffff]) {
      view.setUint32(count_at, wrong, true);
      assertEquals(decode(bytes).result, -EINVAL);
    }
  }
});

Deno.test("extensions at the end are cut off, and refused when they do not fit", () => {
  const bytes = wire.join(wire.mkdir(UNIQUE, NODE, "dir", 0o755), new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(36, 2, true);
  const { result, request } = decode(bytes);
  assertEquals(result, 0);
  assertEquals(request.data_end - request.data, 4);
  view.setUint16(36, 3, true);
  assertEquals(decode(bytes).result, -EINVAL);
});

Deno.test("the three regions may lie apart, as with io_uring", () => {
  for (const bytes of all_messages()) {
    const opcode = opcode_of(bytes);
    if (opcode === abi.FUSE_INIT) continue;
    const fixed_bytes = FIXED_BYTES[opcode]!;
    const memory = new Uint8Array(2048).fill(0x41);
    memory.set(bytes.subarray(0, 40), 1024);
    memory.set(bytes.subarray(40, 40 + fixed_bytes), 256);
    memory.set(bytes.subarray(40 + fixed_bytes), 513);
    const apart = new Request(memory);
    const together = decode(bytes).request;
    const name = abi.opcode_name(opcode);
    assertEquals(apart.decode(1024, 256, 513, 513 + bytes.length - 40 - fixed_bytes), 0, name);
    assertEquals([apart.unique_low, apart.node_low, apart.pid], [UNIQUE, together.node_low, 1], name);
    for (let word = 0; word < fixed_bytes / 4; word++) assertEquals(apart.arg(word), together.arg(word), name);
    assertEquals([first_name(apart), second_name(apart)], [first_name(together), second_name(together)], name);
    assertEquals(apart.data_end - apart.data, together.data_end - together.data, name);
  }
});

Deno.test("regions outside of the memory are refused", () => {
  const memory = new Uint8Array(128);
  memory.set(wire.forget(UNIQUE, NODE, 1));
  const request = new Request(memory);
  assertEquals(request.decode(0, 40, 48, 48), 0);
  assertEquals(request.decode(96, 40, 48, 48), -EIO);
  assertEquals(request.decode(-8, 40, 48, 48), -EIO);
  assertEquals(request.decode(0, 124, 48, 48), -EINVAL);
  assertEquals(request.decode(0, 40, 48, 129), -EINVAL);
  assertEquals(request.decode(0, 40, 48, 47), -EINVAL);
  assertEquals(request.decode_device(0, 4096), -EINVAL);
});

Deno.test("INIT comes in two sizes", () => {
  const long = decode(wire.init(UNIQUE, { flags2: 0x123 }));
  assertEquals([long.result, long.request.args_bytes, long.request.arg(4)], [0, 64, 0x123]);
  const short = decode(wire.init(UNIQUE, { short: true }));
  assertEquals([short.result, short.request.args_bytes], [0, 16]);
});

Deno.test("64-bit arguments are numbers as long as these are exact", () => {
  const values: [wire.U64, number | bigint][] = [
    [0, 0],
    [0xffff_ffff, 0xffff_ffff],
    [2 ** 53 - 1, 2 ** 53 - 1],
    [2n ** 53n, 2n ** 53n],
    [2n ** 53n + 1n, 2n ** 53n + 1n],
    [2n ** 63n - 1n, 2n ** 63n - 1n],
    [-1, -1n],
    [-(2n ** 63n), -(2n ** 63n)],
  ];
  for (const [value, expected] of values) {
    const { request } = decode(wire.lseek(UNIQUE, NODE, 9, value, 3));
    assertEquals(request.arg64_exact(2), expected);
    assertEquals(request.arg64(2), Number(BigInt.asUintN(64, BigInt(value))));
  }
});

Deno.test("the memory may be a part of a larger one", () => {
  const bytes = wire.lookup(UNIQUE, NODE, "a.txt");
  const large = new Uint8Array(4096);
  large.set(bytes, 1024 + 8);
  const request = new Request(large.subarray(1024, 2048));
  assertEquals(request.decode_device(8, bytes.length), 0);
  assertEquals(first_name(request), "a.txt");
  for (const view of [request.u32, request.i32]) assertEquals([view.byteOffset, view.byteLength], [1024, 1024]);
});
