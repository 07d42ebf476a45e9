// What must be true of the arena while nobody works on it: the tables of src/state checked against each other.

import { Arena } from "../../src/state/arena.ts";
import * as at from "../../src/state/layout.ts";
import { link_list } from "../../src/state/hard_links.ts";
import { Names } from "../../src/state/names.ts";
import { NameIndex } from "../../src/state/name_index.ts";

/** Every broken rule, in words; empty when all hold. Requests must not be running. */
export function broken_invariants(arena: Arena): string[] {
  return [
    ...broken_locks(arena),
    ...broken_nodes(arena),
    ...broken_index(arena),
    ...broken_names(arena),
    ...broken_links(arena),
    ...broken_handles(arena),
    ...broken_handle_lists(arena),
    ...broken_read_jobs(arena),
  ];
}

function node_slots(arena: Arena): number[] {
  const slots = [];
  for (let slot = at.ROOT_SLOT; slot < arena.header[at.H_NODE_TOP]!; slot++) {
    if ((arena.nodes[slot * at.NODE_WORDS + at.N_STATE]! & at.NODE_IN_USE) !== 0) slots.push(slot);
  }
  return slots;
}

function node_word(arena: Arena, slot: number, word: number): number {
  return arena.nodes[slot * at.NODE_WORDS + word]!;
}

function handle_word(arena: Arena, handle: number, word: number): number {
  return arena.handles[handle * at.HANDLE_WORDS + word]!;
}

function is_named(arena: Arena, slot: number): boolean {
  return (node_word(arena, slot, at.N_STATE) & at.NODE_NAMED) !== 0;
}

function broken_locks(arena: Arena): string[] {
  const broken = [];
  const owner = arena.header[at.H_TABLE_LOCK]!;
  if (owner !== 0) broken.push(`the table lock is held by thread ${owner - 1}`);
  if (arena.header[at.H_RELEASE_WAITERS] !== 0) {
    broken.push(`${arena.header[at.H_RELEASE_WAITERS]} waiters for releases`);
  }
  if (arena.header[at.H_DATA_WAITERS] !== 0) broken.push(`${arena.header[at.H_DATA_WAITERS]} waiters for data locks`);
  if (arena.header[at.H_PARKED_COUNT] !== 0 || arena.header[at.H_PARKED_BYTES] !== 0) {
    broken.push(`${arena.header[at.H_PARKED_COUNT]} parked requests, ${arena.header[at.H_PARKED_BYTES]} bytes`);
  }
  for (const slot of node_slots(arena)) {
    for (const word of [at.N_SHARED_LOCKS, at.N_EXCLUSIVE, at.N_WANTED, at.N_DATA_LOCK]) {
      const value = node_word(arena, slot, word);
      if (value !== 0) broken.push(`node ${slot} has lock word ${word} at ${value}`);
    }
  }
  return broken;
}

function broken_nodes(arena: Arena): string[] {
  const broken = [];
  const slots = node_slots(arena);
  const children = new Map<number, number>();
  for (const slot of slots) {
    if (!is_named(arena, slot)) continue;
    const parent = node_word(arena, slot, at.N_PARENT);
    children.set(parent, (children.get(parent) ?? 0) + 1);
    if ((node_word(arena, parent, at.N_STATE) & at.NODE_IN_USE) === 0) {
      broken.push(`node ${slot} has freed parent ${parent}`);
    }
  }
  for (const slot of slots) {
    const counted = node_word(arena, slot, at.N_CHILDREN);
    if (counted !== (children.get(slot) ?? 0)) {
      broken.push(`node ${slot} counts ${counted} children, has ${children.get(slot) ?? 0}`);
    }
    const lookups = node_word(arena, slot, at.N_LOOKUPS_LOW) || node_word(arena, slot, at.N_LOOKUPS_HIGH);
    if (slot !== at.ROOT_SLOT && !lookups && node_word(arena, slot, at.N_OPENS) === 0 && counted === 0) {
      broken.push(`node ${slot} is kept by nothing`);
    }
  }
  if (slots.length !== arena.header[at.H_NODE_COUNT]) {
    broken.push(`node count ${arena.header[at.H_NODE_COUNT]}, found ${slots.length}`);
  }
  return broken;
}

function broken_index(arena: Arena): string[] {
  const broken = [];
  const index = new NameIndex(arena, new Names(arena));
  const seen = new Set<number>();
  for (let bucket = 0; bucket < arena.header[at.H_BUCKET_COUNT]!; bucket++) {
    for (let slot = arena.node_buckets[bucket]!; slot !== 0; slot = node_word(arena, slot, at.N_NEXT)) {
      if (seen.has(slot)) return [...broken, `node ${slot} is in the index twice`];
      seen.add(slot);
      if (index.bucket_of(node_word(arena, slot, at.N_HASH)) !== bucket) {
        broken.push(`node ${slot} is in bucket ${bucket}`);
      }
      if (!is_named(arena, slot)) broken.push(`nameless node ${slot} is in the index`);
    }
  }
  const named = node_slots(arena).filter((slot) => is_named(arena, slot));
  if (named.length !== seen.size) broken.push(`${named.length} named nodes, ${seen.size} in the index`);
  if (seen.size !== arena.header[at.H_NAMED_COUNT]) {
    broken.push(`named count ${arena.header[at.H_NAMED_COUNT]}, found ${seen.size}`);
  }
  return broken;
}

function broken_names(arena: Arena): string[] {
  const used = new Map<number, number>();
  const broken = [];
  for (const slot of node_slots(arena)) {
    if (!is_named(arena, slot)) continue;
    const block = node_word(arena, slot, at.N_NAME);
    const units = Math.max(1, Math.ceil(node_word(arena, slot, at.N_NAME_LENGTH) / at.NAME_UNIT_BYTES));
    for (let unit = block; unit < block + units; unit++) {
      if (used.has(unit)) broken.push(`nodes ${used.get(unit)} and ${slot} share name unit ${unit}`);
      used.set(unit, slot);
    }
  }
  return broken;
}

// A node of a file with several names stands where its neighbours, or the list of its key, say.
function broken_links(arena: Arena): string[] {
  const broken = [];
  for (const slot of node_slots(arena)) {
    const [previous, next] = [at.N_LINK_PREVIOUS, at.N_LINK_NEXT].map((word) => node_word(arena, slot, word)) as [
      number,
      number,
    ];
    const key = node_word(arena, slot, at.N_LINK_KEY);
    if (key === 0) {
      if (previous !== 0 || next !== 0) broken.push(`node ${slot} has one name and stands on a list of names`);
      continue;
    }
    const list = link_list(key, node_word(arena, slot, at.N_STATE) & at.NODE_TOLD);
    const before = previous === 0 ? arena.link_lists[list]! : node_word(arena, previous, at.N_LINK_NEXT);
    if (before !== slot) broken.push(`node ${slot} is not where the list of names has it`);
    if (next !== 0 && node_word(arena, next, at.N_LINK_PREVIOUS) !== slot) {
      broken.push(`node ${next} is not behind ${slot} on the list of names`);
    }
  }
  return broken;
}

function broken_handles(arena: Arena): string[] {
  const broken = [];
  const opens = new Map<number, number>();
  let count = 0;
  for (let handle = 1; handle < arena.header[at.H_HANDLE_TOP]!; handle++) {
    const kind = handle_word(arena, handle, at.F_KIND);
    if (kind === at.KIND_FREE) continue;
    count++;
    const node = handle_word(arena, handle, at.F_NODE);
    if (kind === at.KIND_FILE) opens.set(node, (opens.get(node) ?? 0) + 1);
    if (kind !== at.KIND_DIRECTORY && node_word(arena, node, at.N_CANONICAL) === 0) {
      broken.push(`handle ${handle}: node ${node} has no canonical one`);
    }
    if (handle_word(arena, handle, at.F_BUSY) !== 0) broken.push(`handle ${handle} is busy`);
  }
  if (count !== arena.header[at.H_HANDLE_COUNT]) {
    broken.push(`handle count ${arena.header[at.H_HANDLE_COUNT]}, found ${count}`);
  }
  for (const slot of node_slots(arena)) {
    const counted = node_word(arena, slot, at.N_OPENS);
    if (counted !== (opens.get(slot) ?? 0)) {
      broken.push(`node ${slot} counts ${counted} opens, has ${opens.get(slot) ?? 0}`);
    }
    if (node_word(arena, slot, at.N_BACKING) !== 0 && counted === 0) {
      broken.push(`node ${slot} has a backing id and is not open`);
    }
  }
  return broken;
}

function broken_handle_lists(arena: Arena): string[] {
  const broken = [];
  const listed = new Set<number>();
  for (const slot of node_slots(arena)) {
    const head = node_word(arena, slot, at.N_CANONICAL);
    for (let handle = head; handle !== 0; handle = handle_word(arena, handle, at.F_NEXT)) {
      if (listed.has(handle)) return [...broken, `handle ${handle} is on two lists`];
      listed.add(handle);
      if (handle_word(arena, handle, at.F_NODE) !== slot) {
        broken.push(`handle ${handle} is on the list of node ${slot}`);
      }
      if (handle !== head && handle_word(arena, handle, at.F_KIND) !== at.KIND_FILE) {
        broken.push(`handle ${handle} is no open file, and not canonical`);
      }
    }
  }
  for (let handle = 1; handle < arena.header[at.H_HANDLE_TOP]!; handle++) {
    const kind = handle_word(arena, handle, at.F_KIND);
    const has_list = kind === at.KIND_FILE || kind === at.KIND_KEPT;
    if (has_list && !listed.has(handle)) broken.push(`handle ${handle} is on no list`);
  }
  return broken;
}

function broken_read_jobs(arena: Arena): string[] {
  const broken = [];
  const states = arena.header.subarray(at.H_READ_STATES, at.H_READ_STATES + at.READ_JOBS_MAX);
  for (const [job, state] of states.entries()) if (state !== 0) broken.push(`read job ${job} has state ${state}`);
  const pending = arena.header[at.H_READ_PENDING]!;
  if (pending !== 0) broken.push(`${pending} read jobs are counted as pending`);
  return broken;
}
