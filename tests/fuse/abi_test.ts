// The tables that are indexed by opcode leave out no opcode of the protocol.

import { assertEquals } from "@std/assert";
import * as abi from "../../src/fuse/abi.ts";
import { REPLY_FIELDS, REQUEST_FIELDS } from "../../src/fuse/describe_fields.ts";
import { FIXED_BYTES, FIXED_BYTES_SETXATTR_EXT, NO_SUCH_OPCODE, REQUEST_ROWS } from "../../src/fuse/request_table.ts";

// include/uapi/linux/fuse.h, enum fuse_opcode: 1 to 53, with two holes.
const HOLES = [7, 19];
const OPCODES = Array.from({ length: 53 }, (_, index) => index + 1).filter((opcode) => !HOLES.includes(opcode));

Deno.test("every opcode has a constant under its name", () => {
  const constants = new Map<string, unknown>(Object.entries(abi));
  for (const opcode of OPCODES) assertEquals(constants.get(`FUSE_${abi.opcode_name(opcode)}`), opcode);
});

Deno.test("every opcode has exactly one decoder row", () => {
  assertEquals(REQUEST_ROWS.map(([opcode]) => opcode).sort((a, b) => a - b), OPCODES);
  for (const opcode of OPCODES) assertEquals(FIXED_BYTES[opcode] === NO_SUCH_OPCODE, false);
  for (const opcode of [0, ...HOLES]) assertEquals(FIXED_BYTES[opcode], NO_SUCH_OPCODE);
});

Deno.test("every opcode has a row in the trace", () => {
  assertEquals(Object.keys(REQUEST_FIELDS).map(Number), OPCODES);
});

Deno.test("no fixed part is longer than the place that io_uring has for it", () => {
  for (const [_opcode, fixed_bytes] of REQUEST_ROWS) assertEquals(fixed_bytes <= 128 && fixed_bytes % 4 === 0, true);
});

Deno.test("rows of the trace stay inside what is described", () => {
  for (const opcode of OPCODES) {
    for (const [, , word] of REQUEST_FIELDS[opcode]!) {
      assertEquals(word * 4 < FIXED_BYTES_SETXATTR_EXT[opcode]!, true);
    }
  }
  for (const fields of Object.values(REPLY_FIELDS)) {
    for (const [, , word] of fields) assertEquals(word * 4 < abi.STATX_OUT_BYTES, true);
  }
});

Deno.test("numbers that are not opcodes have no name", () => {
  for (const opcode of [0, 7, 19, 54, 4096, -1]) assertEquals(abi.opcode_name(opcode), "UNKNOWN");
});

Deno.test("the ioctl numbers of the device follow the kernel's rule", () => {
  const WRITE = 1;
  const READ = 2;
  function ioctl_number(direction: number, size_bytes: number, number: number): number {
    return ((direction << 30) | (size_bytes << 16) | (229 << 8) | number) >>> 0;
  }
  assertEquals(abi.FUSE_DEV_IOC_CLONE, ioctl_number(READ, 4, 0));
  assertEquals(abi.FUSE_DEV_IOC_BACKING_OPEN, ioctl_number(WRITE, abi.BACKING_MAP_BYTES, 1));
  assertEquals(abi.FUSE_DEV_IOC_BACKING_CLOSE, ioctl_number(WRITE, 4, 2));
});

Deno.test("flag constants are words without a sign", () => {
  for (const [name, value] of Object.entries(abi)) {
    if (typeof value === "number") assertEquals(value >= 0 && value <= 0xffff_ffff, true, name);
  }
});
