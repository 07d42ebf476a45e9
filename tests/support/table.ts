// The node table, path locks and handles of one thread, with names as text: what tests of src/state share.

import { assertEquals } from "@std/assert";
import { to_bytes, to_text } from "../../src/base/bytes.ts";
import { PathBuffer } from "../../src/base/path_buffer.ts";
import { Arena, type ArenaAddress } from "../../src/state/arena.ts";
import { DataLocks } from "../../src/state/data_locks.ts";
import { Handles } from "../../src/state/handles.ts";
import { NODE_WORDS, ROOT_SLOT } from "../../src/state/layout.ts";
import { Nodes } from "../../src/state/nodes.ts";
import { PathLocks } from "../../src/state/path_locks.ts";

/** A place in the pool: the slot of the parent, and a name in it. */
export type Place = readonly [parent: number, name: string];

/** What a worker of the daemon has of the arena. */
export class Table {
  readonly nodes: Nodes;
  readonly locks: PathLocks;
  readonly data_locks: DataLocks;
  readonly handles: Handles;
  readonly path = new PathBuffer();
  readonly path2 = new PathBuffer();

  constructor(readonly arena: Arena, thread_index: number) {
    this.nodes = new Nodes(arena, thread_index);
    this.locks = new PathLocks(this.nodes, thread_index);
    this.data_locks = new DataLocks(this.nodes, thread_index);
    this.handles = new Handles(arena, this.nodes, this.locks, this.data_locks);
  }

  static create(): Table {
    return new Table(Arena.create(), 0);
  }

  static attach(address: ArenaAddress, thread_index: number): Table {
    return new Table(Arena.attach(address), thread_index);
  }

  remember(parent: number, name: string): number {
    const bytes = to_bytes(name);
    return this.nodes.remember(parent, bytes, 0, bytes.length);
  }

  /** Makes the nodes of a path below the root, each with one look-up more, and returns the last one. */
  remember_path(path: string): number {
    return path.split("/").reduce((parent, name) => this.remember(parent, name), ROOT_SLOT);
  }

  find(parent: number, name: string): number {
    const bytes = to_bytes(name);
    this.nodes.table.lock();
    const slot = this.nodes.find(parent, bytes, 0, bytes.length);
    this.nodes.table.unlock();
    return slot;
  }

  forget(slot: number, count = 1): void {
    this.nodes.forget(slot, this.nodes.reuse_of(slot), count, 0);
  }

  move(slot: number, [parent, name]: Place): void {
    const bytes = to_bytes(name);
    this.nodes.move(slot, parent, bytes, 0, bytes.length);
  }

  /** What `Nodes.take_links` takes, sorted. */
  take_links(key: number, changed: number): number[] {
    const [slots, reuses] = [new Int32Array(100), new Int32Array(100)];
    const count = this.nodes.take_links(key, changed, slots, reuses);
    for (let i = 0; i < count; i++) assertEquals(reuses[i]! >>> 0, this.nodes.reuse_of(slots[i]!));
    return [...slots.subarray(0, count)].sort((a, b) => a - b);
  }

  /** The number that the kernel has for a node. */
  id(slot: number): string {
    return `${slot}.${this.nodes.reuse_of(slot)}`;
  }

  /** One word of a node. */
  word(slot: number, word: number): number {
    return this.arena.nodes[slot * NODE_WORDS + word]!;
  }

  /** Locks the path of a node; its text, or the errno. */
  lock_path(slot: number, reuse = this.nodes.reuse_of(slot)): string | number {
    const result = this.locks.lock_path(slot, reuse, this.path);
    return result < 0 ? result : to_text(this.path.bytes.subarray(0, this.path.length));
  }

  /** The path of a node, or the errno, with nothing locked afterwards. */
  path_of(slot: number): string | number {
    const path = this.lock_path(slot);
    this.locks.release();
    return path;
  }

  /** Locks a node alone; its path, or the errno. */
  lock_alone(slot: number): string | number {
    const result = this.locks.lock_alone(slot, this.nodes.reuse_of(slot), this.path);
    return result < 0 ? result : to_text(this.path.bytes.subarray(0, this.path.length));
  }

  lock_two(first: number, second: number): number {
    const reuse = (slot: number) => this.nodes.reuse_of(slot);
    return this.locks.lock_two(first, reuse(first), this.path, second, reuse(second), this.path2);
  }

  lock_victim([parent, name]: Place): number {
    const bytes = to_bytes(name);
    return this.locks.lock_victim(parent, this.nodes.reuse_of(parent), bytes, 0, bytes.length, this.path);
  }

  lock_rename([old_parent, old_name]: Place, [new_parent, new_name]: Place): number {
    const [old_bytes, new_bytes] = [to_bytes(old_name), to_bytes(new_name)];
    const bytes = new Uint8Array(old_bytes.length + new_bytes.length);
    bytes.set(old_bytes);
    bytes.set(new_bytes, old_bytes.length);
    return this.locks.lock_rename(
      old_parent,
      this.nodes.reuse_of(old_parent),
      this.path,
      new_parent,
      this.nodes.reuse_of(new_parent),
      this.path2,
      bytes,
      0,
      old_bytes.length,
      old_bytes.length,
      new_bytes.length,
    );
  }
}
