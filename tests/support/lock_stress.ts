// Random requests on a small tree, as several workers send them at once, each checking that it really has what it locked.

import { to_bytes } from "../../src/base/bytes.ts";
import { ROOT_SLOT } from "../../src/state/layout.ts";
import type { Table } from "./table.ts";

const DIRECTORIES = ["a", "b"];
const FILES = ["x", "y"];
/** What an exclusive holder adds to the count of those who hold a node. */
const EXCLUSIVE = 1000;

/** A plain generator of numbers: the same sequence for the same seed (Numerical Recipes' constants). */
class Random {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return (this.state >>> 8) % limit;
  }
}

class Stress {
  private broken = 0;
  private readonly mine: number[] = [];

  constructor(
    private readonly table: Table,
    private readonly random: Random,
    private readonly held: Int32Array,
  ) {}

  run(rounds: number): number {
    for (let round = 0; round < rounds; round++) {
      const kind = this.random.below(8);
      if (kind < 4) this.look_up();
      else if (kind < 6) this.remove();
      else this.rename();
    }
    return this.broken;
  }

  private a_name(): string {
    return FILES[this.random.below(FILES.length)]!;
  }

  // A directory that is there now, with one look-up more, which keeps its number true while we use it.
  private a_directory(): number {
    const name = DIRECTORIES[this.random.below(DIRECTORIES.length)]!;
    return this.table.remember(ROOT_SLOT, name);
  }

  private look_up(): void {
    const directory = this.a_directory();
    const file = this.table.remember(directory, this.a_name());
    if (typeof this.table.lock_path(file) === "string") {
      this.enter_shared(file);
      this.leave();
    }
    this.table.locks.release();
    this.table.forget(file);
    this.table.forget(directory);
  }

  private remove(): void {
    const directory = this.a_directory();
    const result = this.table.lock_victim([directory, this.a_name()]);
    const { victim } = this.table.locks;
    if (result > 0) {
      this.enter_shared(directory);
      this.enter_exclusive(victim);
      if (victim !== 0) this.table.nodes.detach(victim);
      this.leave();
    }
    this.table.locks.release();
    this.table.forget(directory);
  }

  // Of a file, or of a whole directory over the other one.
  private rename(): void {
    if (this.random.below(4) === 0) {
      const [from, to] = this.random.below(2) === 0 ? ["a", "b"] as const : ["b", "a"] as const;
      return this.rename_locked(ROOT_SLOT, from, ROOT_SLOT, to);
    }
    const [from, to] = [this.a_directory(), this.a_directory()];
    this.rename_locked(from, this.a_name(), to, this.a_name());
    this.table.forget(from);
    this.table.forget(to);
  }

  private rename_locked(from: number, old_name: string, to: number, new_name: string): void {
    const result = this.table.lock_rename([from, old_name], [to, new_name]);
    const { old_node, new_node } = this.table.locks;
    if (result === 0) {
      for (const slot of [from, to]) this.enter_shared(slot);
      for (const slot of [old_node, new_node]) this.enter_exclusive(slot);
      if (old_node !== 0) this.table.move(old_node, [to, new_name]);
      else this.table.nodes.detach_named(to, to_bytes(new_name), 0, new_name.length);
      this.leave();
    }
    this.table.locks.release();
  }

  private enter_shared(slot: number): void {
    for (let at = slot; at > ROOT_SLOT; at = this.table.nodes.parent_of(at)) {
      if (Atomics.add(this.held, at, 1) >= EXCLUSIVE) this.broken++;
      this.mine.push(at);
    }
  }

  private enter_exclusive(slot: number): void {
    if (slot === 0) return;
    if (Atomics.add(this.held, slot, EXCLUSIVE) !== 0) this.broken++;
    this.mine.push(-slot);
  }

  private leave(): void {
    for (const slot of this.mine) Atomics.sub(this.held, Math.abs(slot), slot > 0 ? 1 : EXCLUSIVE);
    this.mine.length = 0;
  }
}

/**
 * That many random requests. `held` is shared by all threads: a word per node slot that counts who has it. Returns how
 * often somebody else had what this thread had locked.
 */
export function stress_locks(table: Table, seed: number, rounds: number, held: Int32Array): number {
  return new Stress(table, new Random(seed), held).run(rounds);
}
