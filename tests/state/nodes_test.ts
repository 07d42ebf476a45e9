// The node table (operations §7, departures D7, D8), method by method.

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { ENFILE, ESTALE } from "../../src/base/errno.ts";
import { broken_invariants } from "../support/invariants.ts";
import type { Arena } from "../../src/state/arena.ts";
import { HardLinks } from "../../src/state/hard_links.ts";
import * as at from "../../src/state/layout.ts";
import { Table } from "../support/table.ts";

const ROOT = at.ROOT_SLOT;

function check(table: Table, expected_count: number): void {
  assertEquals(broken_invariants(table.arena), []);
  assertEquals(table.nodes.count, expected_count);
}

Deno.test("the root is always there, and numbers that no node has are unknown", () => {
  const table = Table.create();
  const { nodes } = table;
  assertEquals([nodes.slot_of(1, 0), table.path_of(ROOT)], [ROOT, ""]);
  assertEquals([nodes.is_named(ROOT), nodes.parent_of(ROOT)], [true, 0]);
  for (const [low, high] of [[0, 0], [2, 0], [1, 1], [0xffff_ffff, 0], [0x7fff_ffff, 0]] as const) {
    assertEquals(nodes.slot_of(low, high), 0);
    nodes.forget(low, high, 1, 0);
  }
  nodes.forget(1, 0, 0xffff_ffff, 0xffff_ffff);
  nodes.detach(ROOT);
  assertEquals(nodes.slot_of(1, 0), ROOT);
  check(table, 1);
});

Deno.test("the generation is one number that is never zero", () => {
  const { nodes } = Table.create();
  assertEquals([nodes.generation_low & 1, nodes.generation_low > 0], [1, true]);
  assertEquals([nodes.generation_low, nodes.generation_high], [nodes.generation_low, nodes.generation_high]);
  assertNotEquals(Table.create().nodes.generation_low, nodes.generation_low);
});

Deno.test("remember makes a node once per parent and name, and counts", () => {
  const table = Table.create();
  const a = table.remember(ROOT, "a");
  assertEquals([table.id(a), table.remember(ROOT, "a"), table.find(ROOT, "a")], ["2.0", a, a]);
  const inner = table.remember(a, "a");
  assertNotEquals(inner, a);
  assertEquals([table.find(a, "a"), table.find(inner, "a"), table.find(ROOT, "b")], [inner, 0, 0]);
  assertEquals([table.nodes.parent_of(inner), table.path_of(inner)], [a, "a/a"]);
  check(table, 3);
  table.forget(inner);
  table.forget(a);
  assertEquals(table.find(ROOT, "a"), a);
  table.forget(a);
  assertEquals(table.find(ROOT, "a"), 0);
  check(table, 1);
});

Deno.test("after a drop the same name gets a new number, and the old one means nothing", () => {
  const table = Table.create();
  const seen = new Set<string>();
  for (let round = 0; round < 5; round++) {
    const slot = table.remember(ROOT, "a");
    assert(!seen.has(table.id(slot)));
    seen.add(table.id(slot));
    table.forget(slot);
    assertEquals(table.nodes.slot_of(slot, round), 0);
    table.nodes.forget(slot, round, 1, 0);
  }
  const slot = table.remember(ROOT, "a");
  table.nodes.forget(slot, 0, 1, 0);
  assertEquals(table.nodes.slot_of(slot, 5), slot);
  assertEquals(table.lock_path(slot, 4), -ESTALE);
  check(table, 2);
});

Deno.test("a slot whose numbers are used up is not given out again", () => {
  const table = Table.create();
  const slot = table.remember(ROOT, "a");
  table.arena.nodes[slot * at.NODE_WORDS + at.N_REUSE] = -1;
  assertEquals(table.id(slot), `${slot}.4294967295`);
  table.nodes.forget(slot, 0xffff_ffff, 1, 0);
  assertEquals(table.nodes.slot_of(slot, 0), 0);
  assertNotEquals(table.remember(ROOT, "a"), slot);
  check(table, 2);
});

Deno.test("forget takes counts of 64 bits, and never more than there are", () => {
  const table = Table.create();
  const slot = table.remember(ROOT, "a");
  const node = slot * at.NODE_WORDS;
  table.arena.nodes.set([-1, 1], node + at.N_LOOKUPS_LOW); // 2^33 - 1
  table.nodes.remember_again(slot);
  assertEquals([...table.arena.nodes.subarray(node + at.N_LOOKUPS_LOW, node + at.N_LOOKUPS_HIGH + 1)], [0, 2]);
  table.nodes.forget(slot, 0, 0xffff_ffff, 1);
  assertEquals([table.word(slot, at.N_LOOKUPS_LOW), table.word(slot, at.N_LOOKUPS_HIGH)], [1, 0]);
  table.nodes.forget(slot, 0, 1, 1);
  assertEquals(table.find(ROOT, "a"), 0);
  check(table, 1);
});

Deno.test("children keep their ancestors alive", () => {
  const table = Table.create();
  const leaf = table.remember_path("a/b/c");
  for (const slot of [table.find(ROOT, "a"), table.nodes.parent_of(leaf)]) table.forget(slot);
  check(table, 4);
  assertEquals(table.path_of(leaf), "a/b/c");
  table.forget(leaf);
  check(table, 1);
});

Deno.test("a tree of any depth is dropped at once", () => {
  const table = Table.create();
  let leaf = ROOT;
  for (let depth = 0; depth < 50_000; depth++) {
    const parent = leaf;
    leaf = table.remember(parent, "d");
    if (parent !== ROOT) table.forget(parent);
  }
  table.forget(leaf);
  check(table, 1);
});

Deno.test("detach takes the name at once, the number lives on", () => {
  const table = Table.create();
  const directory = table.remember(ROOT, "d");
  const inner = table.remember(directory, "f");
  table.nodes.detach(directory);
  table.nodes.detach(directory);
  assertEquals([table.find(ROOT, "d"), table.nodes.is_named(directory)], [0, false]);
  assertEquals([table.path_of(directory), table.path_of(inner)], [-ESTALE, -ESTALE]);
  assertEquals([table.nodes.slot_of(directory, 0), table.nodes.is_named(inner)], [directory, true]);
  assertNotEquals(table.remember(ROOT, "d"), directory);
  table.forget(directory);
  check(table, 4);
  table.forget(inner);
  check(table, 2);
});

Deno.test("detach_named takes the name from whoever has it", () => {
  const table = Table.create();
  const slot = table.remember(ROOT, "a");
  const name = new TextEncoder().encode("?a?");
  table.nodes.detach_named(ROOT, name, 1, 1);
  table.nodes.detach_named(ROOT, name, 1, 1);
  assertEquals([table.find(ROOT, "a"), table.nodes.is_named(slot)], [0, false]);
  check(table, 2);
});

Deno.test("a parent that only the removed name kept goes with it", () => {
  const table = Table.create();
  const leaf = table.remember_path("a/b");
  table.forget(table.nodes.parent_of(leaf));
  table.nodes.detach(leaf);
  check(table, 2);
});

Deno.test("move keeps the number, takes descendants along, and replaces", () => {
  const table = Table.create();
  const file = table.remember_path("a/b/file");
  const b = table.nodes.parent_of(file);
  const former = table.remember_path("c/d");
  table.move(b, [table.nodes.parent_of(former), "d"]);
  assertEquals([table.path_of(file), table.path_of(former)], ["c/d/file", -ESTALE]);
  assertEquals([table.find(table.find(ROOT, "a"), "b"), table.nodes.is_named(former)], [0, false]);
  table.move(b, [ROOT, "e"]);
  table.move(b, [ROOT, "e"]);
  assertEquals(table.path_of(file), "e/file");
  check(table, 6);
});

Deno.test("move out of a directory that nothing else keeps, and into one", () => {
  const table = Table.create();
  const file = table.remember_path("a/b/file");
  table.forget(table.nodes.parent_of(file));
  table.forget(table.find(ROOT, "a"));
  table.move(file, [ROOT, "file"]);
  check(table, 2);
  const former = table.remember_path("a/b");
  const a = table.nodes.parent_of(former);
  table.forget(a);
  table.forget(former, 1);
  const held = table.remember_path("a/b");
  table.forget(table.nodes.parent_of(held));
  table.move(file, [table.nodes.parent_of(held), "b"]);
  table.forget(held);
  assertEquals(table.path_of(file), "a/b");
  check(table, 3);
});

Deno.test("exchange swaps two places and leaves everything else", () => {
  const table = Table.create();
  const [x, y] = [table.remember_path("a/x"), table.remember_path("y")];
  const below = table.remember(y, "below");
  table.nodes.exchange(x, y);
  assertEquals([table.path_of(x), table.path_of(y), table.path_of(below)], ["y", "a/x", "a/x/below"]);
  check(table, 5);
});

Deno.test("a nameless node has no path until it gets its first name", () => {
  const table = Table.create();
  const slot = table.nodes.remember_nameless();
  assertEquals([table.path_of(slot), table.nodes.is_named(slot)], [-ESTALE, false]);
  table.move(slot, [ROOT, "named"]);
  assertEquals([table.path_of(slot), table.find(ROOT, "named")], ["named", slot]);
  check(table, 2);
  table.forget(slot);
  table.forget(table.nodes.remember_nameless());
  check(table, 1);
});

Deno.test("never_forget: only removal and replacement drop a node", () => {
  const table = Table.create();
  table.nodes.never_forget = true;
  const slots = ["a", "b", "c"].map((name) => table.remember(ROOT, name));
  for (const slot of slots) table.forget(slot, 100);
  const [a, b, c] = slots as [number, number, number];
  check(table, 4);
  table.move(a, [ROOT, "a2"]);
  table.move(a, [ROOT, "b"]);
  assertEquals([table.path_of(a), table.nodes.slot_of(b, 0)], ["b", 0]);
  table.forget(a, 100);
  table.nodes.detach(c);
  check(table, 2);
  table.remember(ROOT, "b");
  table.nodes.detach(a);
  assertEquals(table.nodes.slot_of(a, 0), a);
  table.forget(a);
  check(table, 1);
});

Deno.test("never_forget keeps a nameless node from its first name on", () => {
  const table = Table.create();
  table.nodes.never_forget = true;
  const slot = table.nodes.remember_nameless();
  table.move(slot, [ROOT, "a"]);
  table.forget(slot);
  assertEquals(table.find(ROOT, "a"), slot);
  const gone = table.nodes.remember_nameless();
  table.forget(gone);
  check(table, 2);
});

Deno.test("names are bytes: any but UTF-8, up to 255 of them", () => {
  const { nodes, arena } = Table.create();
  const names = [[0xff], [0xff, 0xfe], [0xc3], [0x80, 0x2e], Array.from({ length: 255 }, (_, i) => 255 - (i % 200))];
  const slots = names.map((name) => nodes.remember(ROOT, Uint8Array.from([1, ...name]), 1, name.length));
  assertEquals(new Set(slots).size, names.length);
  names.forEach((name, i) => assertEquals(nodes.remember(ROOT, Uint8Array.from(name), 0, name.length), slots[i]!));
  assertEquals(nodes.remember(ROOT, new Uint8Array(300).fill(0x61), 0, 256), -ENFILE);
  assertEquals(broken_invariants(arena), []);
});

Deno.test("a full table answers ENFILE and takes nothing", () => {
  const table = Table.create();
  const kept = table.remember(ROOT, "kept");
  const { header } = table.arena;
  const top = header[at.H_NODE_TOP]!;
  header[at.H_NODE_TOP] = at.NODES_MAX;
  assertEquals([table.remember(ROOT, "a"), table.nodes.remember_nameless()], [-ENFILE, -ENFILE]);
  assertEquals(table.remember(ROOT, "kept"), kept);
  header[at.H_NODE_TOP] = top;
  const name_top = header[at.H_NAME_TOP]!;
  header[at.H_NAME_TOP] = at.NAME_UNITS;
  assertEquals(table.remember(ROOT, "a"), -ENFILE);
  header[at.H_NAME_TOP] = name_top;
  assertEquals(table.id(table.remember(ROOT, "a")), "3.1");
  check(table, 3);
});

function four_nodes(table: Table): [number, number, number, number] {
  return ["a", "b", "c", "other"].map((name) => table.remember(ROOT, name)) as [number, number, number, number];
}

Deno.test("take_links takes the listed names of an object, all but one, while their nodes live", () => {
  const table = Table.create();
  const { nodes } = table;
  const [a, b, c, other] = four_nodes(table);
  for (const slot of [a, b, c]) nodes.note_hard_link(slot, 77);
  nodes.note_hard_link(other, 77 + at.LINK_BUCKETS); // same bucket, another object
  assertEquals([table.take_links(77, a), table.take_links(77, a)], [[b, c], []]);
  assertEquals([nodes.link_key_of(b), table.take_links(77, b)], [77, [a]]);
  assertEquals(table.take_links(77 + at.LINK_BUCKETS, 0), [other]);
  nodes.note_hard_link(c, 78);
  nodes.note_hard_link(b, 77);
  table.forget(b);
  assertEquals([table.take_links(77, 0), table.take_links(78, 0)], [[], [c]]);
  const again = table.remember(ROOT, "again");
  assertEquals([again, nodes.link_key_of(again)], [b, 0]);
  check(table, 5);
});

Deno.test("a node that was taken is put back if it is still the same one", () => {
  const table = Table.create();
  const { nodes } = table;
  const [a, b] = four_nodes(table);
  for (const slot of [a, b]) nodes.note_hard_link(slot, 77);
  assertEquals(table.take_links(77, a), [b]);
  nodes.put_link_back(b, 1);
  assertEquals(table.take_links(77, a), []);
  nodes.put_link_back(b, 0);
  nodes.put_link_back(b, 0);
  assertEquals(table.take_links(77, a), [b]);
  nodes.forget_hard_link(b);
  nodes.put_link_back(b, 0);
  assertEquals(table.take_links(77, a), []);
  check(table, 5);
});

Deno.test("some_link looks at all nodes of an object, told or not", () => {
  const table = Table.create();
  const { nodes } = table;
  const [a, b, c, other] = four_nodes(table);
  for (const slot of [a, b, c]) nodes.note_hard_link(slot, 77);
  nodes.note_hard_link(other, 77 + at.LINK_BUCKETS);
  assertEquals(table.take_links(77, a), [b, c]);
  nodes.note_hard_link(c, 77);
  const seen: number[] = [];
  const note = (slot: number) => (seen.push(slot), false);
  assertEquals([nodes.some_link(a, note), [...new Set(seen)].sort()], [false, [a, b, c]]);
  assertEquals([b, other, 0].map((wanted) => nodes.some_link(a, (slot) => slot === wanted)), [true, false, false]);
  check(table, 5);
});

Deno.test("a file with 60,000 names: each leaves the list in the same time, wherever it stands", () => {
  const NAMES = 60_000;
  const table = Table.create();
  const slots = Array.from({ length: NAMES }, (_, i) => table.remember(ROOT, `name ${i}`));
  for (const slot of slots) table.nodes.note_hard_link(slot, 77);
  let steps = 0;
  const { nodes } = table.arena;
  const counted = new Proxy(nodes, {
    get: (target, word) => (steps++, Reflect.get(target, word)),
  });
  const links = new HardLinks({ link_lists: table.arena.link_lists, nodes: counted } as Arena);
  for (const slot of [slots[0]!, slots[NAMES / 2]!, slots.at(-1)!]) {
    steps = 0;
    links.remove(slot);
    assert(steps < 10, `${steps} words were looked at`);
  }
  for (const slot of slots) table.forget(slot);
  check(table, 1);
});
