// A second worker of the daemon, as far as src/state goes: blocking calls on the arena of the test that started it.

import type { ArenaAddress } from "../../src/state/arena.ts";
import { ConfigCell } from "../../src/state/config_cell.ts";
import { SleepLock, SpinLock } from "../../src/state/lock.ts";
import { Pool } from "../../src/state/pool.ts";
import { ReadJobs } from "../../src/state/read_jobs.ts";
import { stress_locks } from "./lock_stress.ts";
import { type Place, Table } from "./table.ts";
import { answer_calls } from "./threads.ts";

const ALONE = 1000;

let table: Table;
let index: number;

function attach(address: ArenaAddress, thread_index: number, patience_ms: number): void {
  table = Table.attach(address, thread_index);
  table.locks.patience_ms = patience_ms;
  index = thread_index;
}

/** `rounds` times one read, one write of a word that nothing else protects, under a lock. */
function count_under_lock(kind: "spin" | "sleep", word: number, counter: number, rounds: number): void {
  const { header } = table.arena;
  const lock = kind === "spin" ? new SpinLock(header, word, index + 1) : new SleepLock(table.arena, word);
  for (let round = 0; round < rounds; round++) {
    lock.lock();
    header[counter] = header[counter]! + 1;
    lock.unlock();
  }
}

/** Adds one line to the configuration, `rounds` times. */
function edit_config(rounds: number): void {
  const cell = new ConfigCell(table.arena);
  for (let round = 0; round < rounds; round++) cell.edit((text) => `${text}${index}.${round}\n`);
}

/** The same, once, by a change that does not end before `word` of the header is not 0 any more. */
function edit_config_slowly(word: number): number {
  const { header } = table.arena;
  let calls = 0;
  new ConfigCell(table.arena).edit((text) => {
    calls++;
    Atomics.add(header, word + 1, 1);
    while (Atomics.load(header, word) === 0);
    return `${text}slow\n`;
  });
  return calls;
}

/** Reads until the text has `lines` lines; returns how many readings made no sense. */
function read_config(lines: number): number {
  const cell = new ConfigCell(table.arena);
  let torn = 0;
  for (let seen = 0, version = 0; seen < lines;) {
    const read = cell.read();
    const now = read.text.split("\n").length - 1;
    if (!/^(\d+\.\d+\n)*$/.test(read.text) || now < seen || read.version < version) torn++;
    [seen, version] = [now, read.version];
  }
  return torn;
}

/** Begins and ends requests; returns how often this thread was the one to tell the main thread of a stall. */
function serve(rounds: number): number {
  const pool = new Pool(table.arena);
  let told = 0;
  for (let round = 0; round < rounds; round++) {
    if (pool.begin(index)) told++;
    pool.end(index);
  }
  return told;
}

function park(): number {
  const pool = new Pool(table.arena);
  pool.park(index);
  return pool.state_of(index);
}

/** Pins the node again and again; returns how often it was open, with the descriptors that were to be closed. */
function pin_rounds(node: number, rounds: number): number[] {
  const closed: number[] = [];
  let pinned = 0;
  for (let round = 0; round < rounds; round++) {
    if (table.handles.pin(node) < 0) continue;
    pinned++;
    table.handles.unpin(node);
    closed.push(...table.handles.closing.subarray(0, table.handles.closing_count));
  }
  return [pinned, ...closed];
}

/**
 * `rounds` times: a shared lock most of the time, a lock alone now and then, each checking a word that counts who has
 * what. Returns how often somebody else had what this thread had.
 */
function stress_data_lock(slot: number, rounds: number, held: Int32Array): number {
  let broken = 0;
  for (let round = 0; round < rounds; round++) {
    const is_alone = (round + index) % 7 === 0;
    table.data_locks.share(slot);
    if (is_alone) table.data_locks.take_alone(slot, false);
    const weight = is_alone ? ALONE : 1;
    const before = Atomics.add(held, 0, weight);
    if (is_alone ? before !== 0 : before >= ALONE) broken++;
    Atomics.sub(held, 0, weight);
    table.data_locks.release();
  }
  return broken;
}

answer_calls({
  attach,
  count_under_lock,
  edit_config,
  edit_config_slowly,
  read_config,
  serve,
  park,
  pin_rounds,
  take_job: (reader: number) => new ReadJobs(table.arena).take(reader),
  wait_for_job: () => new ReadJobs(table.arena).wait(new ReadJobs(table.arena).completions()),
  lock_path: (slot: number) => table.lock_path(slot),
  lock_two: (first: number, second: number) => table.lock_two(first, second),
  lock_victim: (place: Place) => [table.lock_victim(place), table.locks.victim],
  lock_rename: (from: Place, to: Place) => [table.lock_rename(from, to), table.locks.old_node, table.locks.new_node],
  detach: (slot: number) => table.nodes.detach(slot),
  move: (slot: number, to: Place) => table.move(slot, to),
  release: () => table.locks.release(),
  waits: () => table.locks.waits,
  lock_alone: (slot: number) => table.lock_alone(slot),
  share_data: (slot: number) => table.data_locks.share(slot),
  take_data_alone: (slot: number) => table.data_locks.take_alone(slot, false),
  release_data: () => table.data_locks.release(),
  release_file: (handle: number) => {
    table.handles.release_file(handle);
    return table.handles.closing_count;
  },
  stress_data_lock,
  lock_directory: (low: number, high: number) => table.handles.lock_directory(low, high),
  unlock_directory: (slot: number) => table.handles.unlock_directory(slot),
  stress_locks: (seed: number, rounds: number, held: Int32Array) => stress_locks(table, seed, rounds, held),
});
