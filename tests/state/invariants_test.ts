// Each invariant of the arena is seen to break.

import { assertEquals, assertMatch } from "@std/assert";
import type { Arena } from "../../src/state/arena.ts";
import { broken_invariants } from "../support/invariants.ts";
import * as at from "../../src/state/layout.ts";
import { Table } from "../support/table.ts";

/** Changes one word of a sound arena: node "a" is slot 2, "a/b" slot 3, open as handle 1; handle 2 is a directory. */
type Damage = (arena: Arena & { node: (slot: number, word: number, value: number) => void }) => void;

function break_with(damage: Damage): string[] {
  const table = Table.create();
  const file = table.remember_path("a/b");
  table.handles.add_file(file, 100, 1, 0, 0, false);
  table.handles.add_directory(at.ROOT_SLOT);
  assertEquals(broken_invariants(table.arena), []);
  const node = (slot: number, word: number, value: number) => table.arena.nodes[slot * at.NODE_WORDS + word] = value;
  damage(Object.assign(table.arena, { node }));
  return broken_invariants(table.arena);
}

const DAMAGES: readonly (readonly [RegExp, Damage])[] = [
  [/table lock is held by thread 3/, ({ header }) => header[at.H_TABLE_LOCK] = 4],
  [/2 waiters/, ({ header }) => header[at.H_RELEASE_WAITERS] = 2],
  [/node 3 has lock word/, ({ node }) => node(3, at.N_SHARED_LOCKS, 1)],
  [/node 2 has lock word/, ({ node }) => node(2, at.N_EXCLUSIVE, 1)],
  [/node 2 has lock word/, ({ node }) => node(2, at.N_WANTED, 1)],
  [/freed parent 9/, ({ node }) => node(3, at.N_PARENT, 9)],
  [/node 2 counts 5 children, has 1/, ({ node }) => node(2, at.N_CHILDREN, 5)],
  [/node count 7, found 3/, ({ header }) => header[at.H_NODE_COUNT] = 7],
  [/node 3 is in bucket/, ({ nodes }) => nodes[3 * at.NODE_WORDS + at.N_HASH]! ^= 1],
  [/node 3 is in the index twice/, ({ node }) => node(3, at.N_NEXT, 3)],
  [/2 named nodes, 0 in the index/, ({ node_buckets }) => node_buckets.fill(0, 0, 2)],
  [/named count 9, found 2/, ({ header }) => header[at.H_NAMED_COUNT] = 9],
  [/nameless node 2 is in the index/, ({ node }) => node(2, at.N_STATE, at.NODE_IN_USE)],
  [/nodes 2 and 3 share name unit/, ({ node }) => node(3, at.N_NAME, 1)],
  [/node 3 has one name and stands on a list of names/, ({ node }) => node(3, at.N_LINK_NEXT, 2)],
  [/node 3 is not where the list of names has it/, ({ node }) => node(3, at.N_LINK_KEY, 77)],
  [/node 2 is not behind 3 on the list of names/, (arena) => {
    arena.node(3, at.N_LINK_KEY, 77);
    arena.node(3, at.N_LINK_NEXT, 2);
  }],
  [/node 3 counts 2 opens, has 1/, ({ node }) => node(3, at.N_OPENS, 2)],
  [/node 3 has no canonical one/, ({ node }) => node(3, at.N_CANONICAL, 0)],
  [/handle 1 is on no list/, ({ node }) => node(3, at.N_CANONICAL, 2)],
  [/handle 2 is no open file/, ({ handles }) => handles[1 * at.HANDLE_WORDS + at.F_NEXT] = 2],
  [/handle 1 is on two lists/, ({ handles }) => handles[1 * at.HANDLE_WORDS + at.F_NEXT] = 1],
  [/read job 1 has state 2/, ({ header }) => header[at.H_READ_STATES + 1] = 2],
  [/3 read jobs are counted as pending/, ({ header }) => header[at.H_READ_PENDING] = 3],
  [/handle count 5, found 2/, ({ header }) => header[at.H_HANDLE_COUNT] = 5],
];

for (const [expected, damage] of DAMAGES) {
  Deno.test(`an arena is known to be broken: ${expected.source}`, () => {
    assertMatch(break_with(damage).join("\n"), expected);
  });
}

Deno.test("an arena is known to be broken: a node that nothing keeps, a busy handle", () => {
  const table = Table.create();
  const slot = table.remember_path("a");
  const handle = table.handles.add_directory(at.ROOT_SLOT);
  table.arena.nodes[slot * at.NODE_WORDS + at.N_LOOKUPS_LOW] = 0;
  table.arena.handles[handle * at.HANDLE_WORDS + at.F_BUSY] = 1;
  assertEquals(broken_invariants(table.arena), [`node ${slot} is kept by nothing`, `handle ${handle} is busy`]);
});
