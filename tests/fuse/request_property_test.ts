// Properties of the decoder: what the encoder of the tests builds comes back, and no bytes at all make it throw or look
// outside of the message.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { EINVAL, EIO, ENOSYS } from "../../src/base/errno.ts";
import { Request } from "../../src/fuse/request.ts";
import { REQUEST_ROWS } from "../../src/fuse/request_table.ts";
import * as wire from "../support/wire.ts";

const any_u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const any_u32 = fc.nat({ max: 0xffff_ffff });
const any_bytes = fc.uint8Array({ maxLength: 300 });
/** What a file name can be: no NUL, no slash, not empty. */
const any_name = fc.array(fc.nat({ max: 255 }).filter((byte) => byte !== 0 && byte !== 0x2f), {
  minLength: 1,
  maxLength: 255,
}).map((bytes) => Uint8Array.from(bytes));
const any_opcode = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...REQUEST_ROWS.map(([opcode]) => opcode)) },
  { weight: 1, arbitrary: fc.nat({ max: 5000 }) },
);

function decode(bytes: Uint8Array, around = 0): Request {
  const request = load(bytes, around);
  assertEquals(request.decode_device(8, bytes.length), 0);
  return request;
}

/** A request whose memory holds the message, and the byte `around` everywhere else. */
function load(bytes: Uint8Array, around: number): Request {
  const memory = new Uint8Array(1024).fill(around);
  memory.set(bytes, 8);
  return new Request(memory);
}

function name_of(request: Request): number[] {
  return Array.from(request.u8.subarray(request.name, request.name + request.name_length));
}

function second_of(request: Request): number[] {
  return Array.from(request.u8.subarray(request.name2, request.name2 + request.name2_length));
}

function u64(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

Deno.test("decode(encode(header)) is the same header", () => {
  fc.assert(fc.property(any_u64, any_u64, any_u32, any_u32, any_u32, (unique, node, uid, gid, pid) => {
    const request = decode(wire.from({ uid, gid, pid }, wire.getattr(unique, node)));
    assertEquals(u64(request.unique_low, request.unique_high), unique);
    assertEquals(u64(request.node_low, request.node_high), node);
    assertEquals([request.uid, request.gid, request.pid], [uid, gid, pid]);
  }));
});

Deno.test("decode(encode(names)) is the same names", () => {
  fc.assert(fc.property(any_name, any_name, any_u64, any_u32, (from, to, node, flags) => {
    const request = decode(wire.rename2(2, 7, from, node, to, flags));
    assertEquals(name_of(request), Array.from(from));
    assertEquals(second_of(request), Array.from(to));
    assertEquals(BigInt.asUintN(64, BigInt(request.arg64_exact(0))), node);
    assertEquals(request.arg(2), flags);
  }));
});

Deno.test("decode(encode(xattr)) is the same name and value", () => {
  fc.assert(fc.property(any_name, any_bytes, any_u32, (name, value, flags) => {
    const request = decode(wire.setxattr(2, 7, name, value, flags));
    assertEquals(name_of(request), Array.from(name));
    assertEquals(second_of(request), Array.from(value));
    assertEquals([request.arg(0), request.arg(1)], [value.length, flags]);
  }));
});

Deno.test("decode(encode(write)) is the same data and place", () => {
  fc.assert(fc.property(any_u64, fc.maxSafeNat(), any_bytes, any_u32, (fh, offset, data, flags) => {
    const request = decode(wire.write(2, 7, fh, offset, data, flags));
    assertEquals(Array.from(request.u8.subarray(request.data, request.data_end)), Array.from(data));
    assertEquals(BigInt.asUintN(64, BigInt(request.arg64_exact(0))), fh);
    assertEquals([request.arg64(2), request.arg64_exact(2), request.arg(5)], [offset, offset, flags]);
  }));
});

Deno.test("decode(encode(forgets)) is the same list", () => {
  const any_list = fc.array(fc.tuple(any_u64, any_u64), { maxLength: 20 });
  fc.assert(fc.property(any_list, (list) => {
    const request = decode(wire.batch_forget(2, list));
    assertEquals(request.arg(0), list.length);
    const records = new DataView(request.u8.buffer, request.data, request.data_end - request.data);
    const found = list.map((_, i) => [records.getBigUint64(i * 16, true), records.getBigUint64(i * 16 + 8, true)]);
    assertEquals(found, list.map(([node, count]) => [node, count]));
  }));
});

/** Everything that a decoded request says. */
function summary(request: Request, result: number): unknown[] {
  const { opcode, unique_low, unique_high, node_low, node_high, uid, gid, pid } = request;
  const { args, args_bytes, data, data_end, name, name_length, name2, name2_length } = request;
  const header = [opcode, unique_low, unique_high, node_low, node_high, uid, gid, pid];
  return [result, ...header, args, args_bytes, data, data_end, name, name_length, name2, name2_length];
}

Deno.test("any bytes behind a header are decoded or refused, never more than there are", () => {
  fc.assert(
    fc.property(any_opcode, any_bytes, fc.nat({ max: 2 }), (opcode, rest, extensions) => {
      const bytes = wire.message(opcode, 2, 7, rest);
      bytes[36] = extensions;
      const request = load(bytes, 0);
      const result = request.decode_device(8, bytes.length);
      assert([0, -EINVAL, -ENOSYS].includes(result));
      const end = 8 + bytes.length;
      assert(request.args + request.args_bytes <= end && request.data <= request.data_end);
      assert(request.data_end <= end);
      assert(request.name + request.name_length < end && request.name2 + request.name2_length <= end);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("what lies around a message has no part in the result", () => {
  const sometimes_valid = fc.oneof(any_bytes, any_name.map((name) => wire.join(name, Uint8Array.of(0))));
  fc.assert(
    fc.property(any_opcode, sometimes_valid, (opcode, rest) => {
      const bytes = wire.message(opcode, 2, 7, rest);
      const results = [0, 0x41, 0x2f, 0xff].map((around) => {
        const request = load(bytes, around);
        return summary(request, request.decode_device(8, bytes.length));
      });
      for (const other of results) assertEquals(other, results[0]);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("random memory and random regions never make the decoder throw", () => {
  const any_place = fc.integer({ min: -64, max: 400 });
  const any_memory = fc.uint8Array({ minLength: 320, maxLength: 320 });
  fc.assert(
    fc.property(any_memory, any_opcode, any_place, any_place, any_place, (memory, opcode, args, payload, end) => {
      new DataView(memory.buffer, memory.byteOffset).setUint32(4, opcode, true);
      const request = new Request(memory.slice());
      const result = request.decode(0, args & ~3, payload, end);
      assert([0, -EINVAL, -ENOSYS, -EIO].includes(result));
      assert([0, -EINVAL, -ENOSYS, -EIO].includes(request.decode_device(args & ~3, end)));
    }),
    { numRuns: 2000 },
  );
});
