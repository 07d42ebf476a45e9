// The arena: one memory for every thread, sparse, and refused when another version wrote it.

import { assertEquals, assertThrows } from "@std/assert";
import { Arena } from "../../src/state/arena.ts";
import { broken_invariants } from "../support/invariants.ts";
import * as at from "../../src/state/layout.ts";

Deno.test("an attached arena is the same memory", () => {
  const arena = Arena.create();
  const other = Arena.attach(arena.address());
  arena.header[at.H_CONTROL_FILE_TIME] = 7;
  arena.nodes[at.NODES_MAX * at.NODE_WORDS - 1] = 8;
  arena.names[at.NAME_UNITS * at.NAME_UNIT_BYTES - 1] = 9;
  assertEquals(other.header[at.H_CONTROL_FILE_TIME], 7);
  assertEquals(other.nodes[at.NODES_MAX * at.NODE_WORDS - 1], 8);
  assertEquals(other.name_words[at.NAME_UNITS * at.NAME_UNIT_BYTES / 4 - 1]! >>> 24, 9);
  assertEquals([...other.word_bytes(at.H_CONTROL_FILE_TIME)], [7, 0, 0, 0]);
});

Deno.test("an arena of another layout is refused", () => {
  const arena = Arena.create();
  for (const word of [at.H_MAGIC, at.H_LAYOUT_VERSION]) {
    const value = arena.header[word]!;
    arena.header[word] = value + 1;
    assertThrows(() => Arena.attach(arena.address()), Error, "another version");
    arena.header[word] = value;
  }
  Arena.attach(arena.address());
});

Deno.test("the regions lie one behind the other, each at a page, and the header's words do not overlap", () => {
  const regions = [
    [at.CONFIG_AT, at.CONFIG_TEXT_BYTES],
    [at.BRANCH_TEXT_AT, at.BRANCH_TEXT_BYTES],
    [at.READ_JOBS_AT, at.READ_JOBS_MAX * at.READ_JOB_BYTES],
    [at.LINK_BUCKETS_AT, at.LINK_LISTS * 4],
    [at.HANDLES_AT, at.HANDLES_MAX * at.HANDLE_WORDS * 4],
    [at.NODE_BUCKETS_AT, at.NODES_MAX * 4],
    [at.NODES_AT, at.NODES_MAX * at.NODE_WORDS * 4],
    [at.NAMES_AT, at.NAME_UNITS * at.NAME_UNIT_BYTES],
  ] as const;
  assertEquals(at.H_PARKED, at.H_WORKERS + at.WORKERS_MAX * at.WORKER_WORDS);
  let end = (at.H_PARKED + at.PARKED_MAX * at.PARKED_WORDS) * 4;
  for (const [start, length] of regions) {
    assertEquals([start >= end, start % 4096], [true, 0]);
    end = start + length;
  }
  assertEquals(end, at.ARENA_BYTES);
  const words = Object.entries(at).filter(([name]) => name.startsWith("H_")).map(([, word]) => word as number);
  const taken = [
    ...words,
    ...Array.from({ length: 32 }, (_, i) => at.H_NAME_FREE + 1 + i),
    ...Array.from({ length: at.INIT_OUTCOME_WORDS - 1 }, (_, i) => at.H_INIT_OUTCOME + 1 + i),
    ...Array.from({ length: at.READ_JOBS_MAX - 1 }, (_, i) => at.H_READ_STATES + 1 + i),
    ...Array.from({ length: at.TIME_LOCKS - 1 }, (_, i) => at.H_TIME_LOCKS + 1 + i),
    at.H_CONTROL_FILE_TIME + 1,
  ];
  assertEquals(new Set(taken).size, taken.length);
  const single = taken.filter((word) => word !== at.H_WORKERS && word !== at.H_PARKED);
  assertEquals(Math.max(...single) < at.H_WORKERS, true);
});

Deno.test("a new arena is sound and takes little memory", () => {
  const arena = Arena.create();
  assertEquals(broken_invariants(arena), []);
  const { blocks } = Deno.statSync(`/proc/self/fd/${arena.fd}`);
  assertEquals(blocks! * 512 < 256 * 1024, true);
});
