// The reply writer beyond what golden bytes show: ids, errors, the conversion of attributes.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { EIO, ENOENT } from "../../src/base/errno.ts";
import { StatxBuffer } from "../../src/base/statx.ts";
import * as put from "../../src/fuse/reply.ts";
import { Request } from "../../src/fuse/request.ts";
import * as wire from "../support/wire.ts";

function request(unique: wire.U64): Request {
  const memory = new Uint8Array(64);
  const bytes = wire.statfs(unique, 1);
  memory.set(bytes);
  const decoded = new Request(memory);
  assertEquals(decoded.decode_device(0, bytes.length), 0);
  return decoded;
}

function error_of(errno: number): number {
  const reply = new put.Reply(new Uint8Array(64), 0);
  reply.begin(request(2));
  reply.error(errno);
  assertEquals(reply.length, 16);
  return reply.i32[1]!;
}

Deno.test("errors may be given with either sign", () => {
  assertEquals(error_of(ENOENT), -ENOENT);
  assertEquals(error_of(-ENOENT), -ENOENT);
});

Deno.test("an error that the kernel would refuse becomes EIO", () => {
  assertEquals(error_of(511), -511);
  assertEquals(error_of(512), -EIO);
  assertEquals(error_of(-70000), -EIO);
  assertEquals(error_of(NaN), -EIO);
});

Deno.test("error 0 is a success without a body", () => {
  assertEquals(error_of(0), 0);
});

Deno.test("the id is copied with all its bits", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (unique) => {
    const reply = new put.Reply(new Uint8Array(64), 8);
    reply.begin(request(unique));
    reply.ok(0);
    assertEquals(new DataView(reply.u8.buffer).getBigUint64(16, true), unique);
  }));
});

Deno.test("nothing is to be sent before a reply is finished, nor for requests without one", () => {
  const reply = new put.Reply(new Uint8Array(64), 0);
  assertEquals(reply.length, 0);
  reply.begin(request(2));
  reply.ok(8);
  assertEquals(reply.length, 24);
  reply.begin(request(4));
  assertEquals(reply.length, 0);
  reply.ok(8);
  reply.none();
  assertEquals(reply.length, 0);
});

Deno.test("the body lies behind the header wherever that is", () => {
  const reply = new put.Reply(new Uint8Array(8192), 4096 - 16);
  assertEquals([reply.body, reply.body_word, reply.body_capacity], [4096, 1024, 4096]);
});

Deno.test("the id survives when the reply lies over its request", () => {
  const memory = new Uint8Array(64);
  const bytes = wire.statfs(0x1234_5678_9abc_def0n, 1);
  memory.set(bytes);
  const decoded = new Request(memory);
  assertEquals(decoded.decode_device(0, bytes.length), 0);
  const reply = new put.Reply(memory, 0);
  memory.fill(0);
  reply.begin(decoded);
  reply.ok(0);
  assertEquals(new DataView(memory.buffer).getBigUint64(8, true), 0x1234_5678_9abc_def0n);
});

Deno.test("device numbers decode to what was encoded", () => {
  const major = fc.nat({ max: 0xfff });
  const minor = fc.nat({ max: 0xf_ffff });
  fc.assert(fc.property(major, minor, (major, minor) => {
    const device = put.encode_device(major, minor);
    // include/linux/kdev_t.h, new_decode_dev
    assertEquals([(device & 0xfff00) >>> 8, (device & 0xff) | ((device >>> 12) & 0xfff00)], [major, minor]);
  }));
});

Deno.test("64-bit values are written exactly up to 2^53", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (value) => {
    const words = new Uint32Array(2);
    put.put_u64(words, 0, value);
    assertEquals(new BigUint64Array(words.buffer)[0], BigInt(value));
    put.put_u64_exact(words, 0, value);
    assertEquals(new BigUint64Array(words.buffer)[0], BigInt(value));
  }));
});

Deno.test("64-bit values of any size are written exactly as bigint", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
    const words = new Uint32Array(2);
    put.put_u64_exact(words, 0, value);
    assertEquals(new BigUint64Array(words.buffer)[0], BigInt.asUintN(64, value));
  }));
  const words = new Uint32Array(2);
  put.put_u64_exact(words, 0, -1);
  assertEquals(Array.from(words), [0xffff_ffff, 0xffff_ffff]);
});

Deno.test("every file type and permission bit comes through", () => {
  const statx = new StatxBuffer();
  const words = new Uint32Array(22);
  statx.halves.fill(0xffff);
  fc.assert(fc.property(fc.nat({ max: 0xffff }), (mode) => {
    statx.mode = mode;
    put.put_attr(words, 0, statx.words, 1, 0);
    assertEquals(words[15], mode);
  }));
});

Deno.test("statx is passed on whole, but for its inode number", () => {
  const statx = new StatxBuffer();
  statx.bytes.fill(0x5a);
  const reply = new put.Reply(new Uint8Array(512), 0);
  assertEquals(put.put_statx_out(reply, reply.body_word, 1, statx.words, 1, 2), 288);
  const copy = reply.u32.slice(reply.body_word + 8, reply.body_word + 8 + 64);
  assertEquals([copy[8], copy[9]], [1, 2]);
  copy[8] = copy[9] = 0x5a5a_5a5a;
  assertEquals(Array.from(copy), Array.from(statx.words));
});
