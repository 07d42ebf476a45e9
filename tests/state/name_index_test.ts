// The index of names grows bucket by bucket; a million nodes cost what the layout says, and no more probes than a thousand.

import { assert, assertEquals } from "@std/assert";
import { to_bytes } from "../../src/base/bytes.ts";
import { Arena } from "../../src/state/arena.ts";
import * as at from "../../src/state/layout.ts";
import { Nodes } from "../../src/state/nodes.ts";

const encoder = new TextEncoder();
const name_bytes = new Uint8Array(64);
const FILES_PER_DIRECTORY = 100;

// Like a media collection: directories of a hundred files, names that differ little.
function remember_file(nodes: Nodes, directory: number, number: number): number {
  const { written } = encoder.encodeInto(`episode ${number}.mkv`, name_bytes);
  return nodes.remember(directory, name_bytes, 0, written);
}

function fill(nodes: Nodes, count: number): void {
  let directory: number = at.ROOT_SLOT;
  for (let number = nodes.count; number < count; number++) {
    const is_directory = number % FILES_PER_DIRECTORY === 1;
    const slot = remember_file(nodes, is_directory ? at.ROOT_SLOT : directory, number);
    if (is_directory) directory = slot;
  }
}

/** How many nodes a look-up of a name that is there looks at: on average, and at most. */
function probes(arena: Arena): { mean: number; longest: number } {
  let sum = 0, longest = 0, count = 0;
  for (let bucket = 0; bucket < arena.header[at.H_BUCKET_COUNT]!; bucket++) {
    let length = 0;
    for (let slot = arena.node_buckets[bucket]!; slot !== 0; slot = arena.nodes[slot * at.NODE_WORDS + at.N_NEXT]!) {
      sum += ++length;
    }
    count += length;
    longest = Math.max(longest, length);
  }
  assertEquals(count, arena.header[at.H_NAMED_COUNT]!);
  return { mean: sum / count, longest };
}

function allocated_bytes(arena: Arena): number {
  return Deno.statSync(`/proc/self/fd/${arena.fd}`).blocks! * 512;
}

function look_up_us(nodes: Nodes, arena: Arena, rounds: number): number {
  const top = arena.header[at.H_NODE_TOP]!;
  const started_ms = performance.now();
  for (let i = 0, slot = 2; i < rounds; i++, slot = 2 + (slot * 7919 + i) % (top - 2)) {
    const node = slot * at.NODE_WORDS;
    const length = arena.nodes[node + at.N_NAME_LENGTH]!;
    nodes.names.copy_to(arena.nodes[node + at.N_NAME]!, length, name_bytes, 0);
    assert(nodes.find(arena.nodes[node + at.N_PARENT]!, name_bytes, 0, length) === slot);
  }
  return (performance.now() - started_ms) * 1000 / rounds;
}

Deno.test("after every step of growth each node is found, and one that is not there is not", () => {
  const arena = Arena.create();
  const nodes = new Nodes(arena, 0);
  const slots: number[] = [];
  for (let number = 0; number < 300; number++) {
    slots.push(remember_file(nodes, at.ROOT_SLOT, number));
    assertEquals(arena.header[at.H_BUCKET_COUNT], slots.length);
    slots.forEach((slot, i) => {
      const bytes = to_bytes(`episode ${i}.mkv`);
      assert(nodes.find(at.ROOT_SLOT, bytes, 0, bytes.length) === slot);
    });
    const bytes = to_bytes(`episode ${number + 1}.mkv`);
    assertEquals(nodes.find(at.ROOT_SLOT, bytes, 0, bytes.length), 0);
  }
  for (const slot of slots) nodes.forget(slot, 0, 1, 0);
  assertEquals([nodes.count, arena.header[at.H_NAMED_COUNT]], [1, 0]);
});

/** Names that a hash with this key puts into one and the same place of a table of `size`. */
function colliding_names(hash: (bytes: Uint8Array) => number, size: number, wanted: number): Uint8Array[] {
  const found = [];
  for (let i = 0; found.length < wanted; i++) {
    const bytes = to_bytes(`chosen ${i}`);
    if ((hash(bytes) & (size - 1)) === 0) found.push(bytes);
  }
  return found;
}

Deno.test("names that collide on one mount do not on another", () => {
  const COUNT = 256;
  const [one, other] = [Arena.create(), Arena.create()];
  const index = new Nodes(one, 0).index;
  const chosen = colliding_names((bytes) => index.hash(at.ROOT_SLOT, bytes, 0, bytes.length), COUNT, COUNT);
  const longest = [one, other].map((arena) => {
    const nodes = new Nodes(arena, 0);
    for (const bytes of chosen) nodes.remember(at.ROOT_SLOT, bytes, 0, bytes.length);
    return probes(arena).longest;
  });
  assertEquals([longest[0], longest[1]! < 20], [COUNT, true]);
});

Deno.test("a thread that joins finds by the same hash", () => {
  const arena = Arena.create();
  const slot = remember_file(new Nodes(arena, 0), at.ROOT_SLOT, 1);
  assertEquals(remember_file(new Nodes(Arena.attach(arena.address()), 1), at.ROOT_SLOT, 1), slot);
});

Deno.test("a million nodes: 100 bytes each and the name, and as few probes as with a thousand", () => {
  const MILLION = 1_000_000;
  const arena = Arena.create();
  const nodes = new Nodes(arena, 0);
  fill(nodes, 1000);
  const few = probes(arena);
  const few_us = look_up_us(nodes, arena, 100_000);
  fill(nodes, MILLION);
  const many = probes(arena);
  const many_us = look_up_us(nodes, arena, 100_000);
  const name_region_bytes = arena.header[at.H_NAME_TOP]! * at.NAME_UNIT_BYTES;
  const per_node = (allocated_bytes(arena) - name_region_bytes) / MILLION;
  console.log(
    `      ${per_node.toFixed(1)} bytes a node and ${(name_region_bytes / MILLION).toFixed(1)} of name; ` +
      `probes ${few.mean.toFixed(2)} → ${many.mean.toFixed(2)}, longest ${many.longest}; ` +
      `look-up ${few_us.toFixed(2)} → ${many_us.toFixed(2)} µs`,
  );
  assertEquals(nodes.count, MILLION);
  assert(per_node <= 100, `${per_node} bytes per node`);
  assert(many.mean <= 2 * few.mean, `${many.mean} probes, with a thousand nodes ${few.mean}`);
  assert(many.longest <= 20, `a chain of ${many.longest}`);
});
