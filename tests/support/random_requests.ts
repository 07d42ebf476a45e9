// Requests made of dice, for property tests of the handler: noise, well-formed headers with noise behind them, and
// sequences that make sense. Devices and blocking opens are never among them: the handler works on the real system.

import fc from "fast-check";
import * as abi from "../../src/fuse/abi.ts";
import { FIXED_BYTES, PAYLOADS, REQUEST_ROWS } from "../../src/fuse/request_table.ts";
import * as table from "../../src/fuse/request_table.ts";
import { O_NONBLOCK } from "../../src/sys/file.ts";
import * as wire from "./wire.ts";

const S_IFREG = 0o100000;
const S_IFIFO = 0o010000;
const PERMISSIONS = 0o7777;
const OPCODES = REQUEST_ROWS.map(([opcode]) => opcode);
const HEADER_BYTES = 40;

/** Any bytes. */
export const noise: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 300 }).map(without_danger);

/** Numbers of a fixed part: small ones, that may be nodes, handles and sizes, and any. */
const word = fc.oneof(fc.nat(8), fc.constantFrom(0xffff_ffff, 0x8000_0000, 4096, 1 << 20), fc.nat(0xffff_ffff));

const name = fc.oneof(
  fc.constantFrom("f", "d", "g", ".mergerfs", ".", "..", "missing", "n".repeat(255), "n".repeat(256)),
  // Not "branches": dice must not choose directories of the machine.
  fc.constantFrom("user.a", "user.mergerfs.cache.attr", "user.mergerfs.allpaths", "security.capability"),
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => bytes.map((byte) => byte === 0 ? 1 : byte)),
);

/** A well-formed message of a known opcode with any numbers. */
export const well_formed: fc.Arbitrary<Uint8Array> = fc.record({
  opcode: fc.constantFrom(...OPCODES),
  node: fc.oneof(fc.nat(6), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  words: fc.array(word, { minLength: 22, maxLength: 22 }),
  names: fc.tuple(name, name),
  data: fc.uint8Array({ maxLength: 100 }),
  ids: fc.tuple(fc.constantFrom(0, 1000, 0xffff_ffff), fc.constantFrom(0, 1000, 0xffff_ffff)),
}).map(({ opcode, node, words, names, data, ids }) => {
  const fixed = new Uint8Array(Uint32Array.from(words).buffer, 0, FIXED_BYTES[opcode]!);
  const request = wire.message(opcode, 1n, node, fixed.slice(), payload(opcode, names, data));
  return without_danger(wire.from({ uid: ids[0], gid: ids[1] }, with_sizes(request, data.length)));
});

function payload(opcode: number, names: readonly [wire.Name, wire.Name], data: Uint8Array): Uint8Array {
  const first = wire.terminated(names[0]);
  switch (PAYLOADS[opcode]) {
    case table.PAYLOAD_NAME:
    case table.PAYLOAD_XATTR_NAME:
    case table.PAYLOAD_IGNORED_NAME:
      return first;
    case table.PAYLOAD_TWO_NAMES:
    case table.PAYLOAD_NAME_AND_TARGET:
      return wire.join(first, wire.terminated(names[1]));
    case table.PAYLOAD_XATTR_NAME_AND_VALUE:
      return wire.join(first, data);
    default:
      return data;
  }
}

/** The sizes inside a message fit its data. */
function with_sizes(request: Uint8Array, size: number): Uint8Array {
  const view = new DataView(request.buffer);
  const opcode = view.getUint32(4, true);
  if (opcode === abi.FUSE_WRITE) view.setUint32(HEADER_BYTES + 16, size, true);
  if (opcode === abi.FUSE_SETXATTR) view.setUint32(HEADER_BYTES, size, true);
  if (opcode === abi.FUSE_IOCTL) view.setUint32(HEADER_BYTES + 24, size, true);
  if (opcode === abi.FUSE_BATCH_FORGET) view.setUint32(HEADER_BYTES, size >> 4, true);
  return request;
}

/** No device is made, and no open waits for the other end of a pipe. */
function without_danger(request: Uint8Array): Uint8Array {
  if (request.length < HEADER_BYTES + 8) return request;
  const view = new DataView(request.buffer);
  const opcode = view.getUint32(4, true);
  const first = view.getUint32(HEADER_BYTES, true);
  if (opcode === abi.FUSE_MKNOD) {
    view.setUint32(HEADER_BYTES, (first & PERMISSIONS) | ((first & S_IFIFO) !== 0 ? S_IFIFO : S_IFREG), true);
  }
  const opens: readonly number[] = [abi.FUSE_OPEN, abi.FUSE_CREATE, abi.FUSE_TMPFILE];
  if (opens.includes(opcode)) view.setUint32(HEADER_BYTES, (first | O_NONBLOCK) >>> 0, true);
  return request;
}

/** One step of a sequence: which request, and dice for what it is about. */
export interface Step {
  readonly kind: number;
  readonly dice: readonly number[];
}

/** Steps of a sequence; `kinds` is how many kinds there are. */
export function steps(kinds: number): fc.Arbitrary<Step[]> {
  const step = fc.record({ kind: fc.nat(kinds - 1), dice: fc.array(fc.nat(999), { minLength: 4, maxLength: 4 }) });
  return fc.array(step, { minLength: 1, maxLength: 60 });
}
