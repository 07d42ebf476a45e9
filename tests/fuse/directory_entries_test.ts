// Directory entries: sizes, padding, and a walk that finds what was written.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import * as entries from "../../src/fuse/directory_entries.ts";

const any_name = fc.uint8Array({ minLength: 1, maxLength: 255 });
const any_entry = fc.record({
  name: any_name,
  ino: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  offset: fc.maxSafeNat(),
  type: fc.nat({ max: 15 }),
});

interface Entry {
  readonly name: Uint8Array;
  readonly ino: bigint;
  readonly offset: number;
  readonly type: number;
}

function encode(memory: Uint8Array, at: number, entry: Entry): number {
  const low = Number(entry.ino & 0xffff_ffffn);
  const high = Number(entry.ino >> 32n);
  const { offset, type, name } = entry;
  return entries.encode_dirent(memory, at, low, high, offset, type, name, 0, name.length);
}

function read(memory: Uint8Array, at: number): Entry {
  const view = new DataView(memory.buffer, memory.byteOffset);
  return {
    ino: view.getBigUint64(at, true),
    offset: Number(view.getBigUint64(at + 8, true)),
    type: view.getUint32(at + 20, true),
    name: memory.slice(at + 24, at + 24 + view.getUint32(at + 16, true)),
  };
}

Deno.test("a walk over the records finds every entry as it was written", () => {
  fc.assert(fc.property(fc.array(any_entry, { maxLength: 12 }), (list) => {
    const memory = new Uint8Array(4096).fill(0xaa);
    let end = 0;
    for (const entry of list) end += encode(memory, end, entry);
    const found: Entry[] = [];
    for (let at = 0; at < end; at += entries.dirent_record_length(memory, at)) found.push(read(memory, at));
    assertEquals(found.map(comparable), list.map(comparable));
  }));
});

function comparable(entry: Entry): unknown[] {
  return [Array.from(entry.name), entry.ino, entry.offset, entry.type];
}

Deno.test("records are multiples of 8 bytes, and their padding is zero", () => {
  fc.assert(fc.property(any_entry, (entry) => {
    const memory = new Uint8Array(512).fill(0xaa);
    const size = encode(memory, 0, entry);
    assertEquals(size, entries.dirent_size(entry.name.length));
    assertEquals(size % 8, 0);
    assertEquals(memory.slice(24 + entry.name.length, size), new Uint8Array(size - 24 - entry.name.length));
    assertEquals(memory[size], 0xaa);
  }));
});

Deno.test("sizes by name length", () => {
  assertEquals([1, 7, 8, 9, 255].map(entries.dirent_size), [32, 32, 32, 40, 280]);
  assertEquals([1, 8, 9, 255].map(entries.direntplus_size), [160, 160, 168, 408]);
});

Deno.test("a record with attributes knows its length", () => {
  const memory = new Uint8Array(1024);
  const name = new Uint8Array(9).fill(0x61);
  const size = 128 + entries.encode_dirent(memory, 128, 1, 0, 1, 8, name, 0, 9);
  assertEquals(entries.direntplus_record_length(memory, 0), size);
});
