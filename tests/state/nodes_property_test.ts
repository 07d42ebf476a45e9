// The node table against a plain model, over random sequences of everything that changes it: names, look-ups, opens,
// hard links, and path locks that outlast what they lock.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ESTALE } from "../../src/base/errno.ts";
import { broken_invariants } from "../support/invariants.ts";
import { type ModelNode, NodeModel } from "../support/node_model.ts";
import { Table } from "../support/table.ts";

const NAMES = ["a", "b", "ccccccc", "dddddddd", "eeeeeeeee", "f".repeat(255)];
const LOCKERS = 3;

const KINDS = [
  "remember",
  "remember",
  "remember",
  "nameless",
  "again",
  "forget",
  "forget",
  "detach",
  "detach_named",
  "move",
  "move",
  "exchange",
  "open",
  "release",
  "hard_link",
  "hard_link",
  "take_links",
  "put_link_back",
  "lock",
  "unlock",
] as const;

/** A kind, two numbers that choose nodes among those that live, and a name. */
type Command = readonly [kind: typeof KINDS[number], first: number, second: number, name: string];

// The arena serves all runs, so that numbers never repeat over all of them and every run must leave it empty; a run that
// failed leaves a broken one, which is replaced.
class Bench {
  readonly table = Table.create();
  readonly lockers = Array.from({ length: LOCKERS }, (_, i) => new Table(this.table.arena, i + 1));
  readonly seen = new Set<string>();
}

class Run {
  private readonly model: NodeModel;
  private readonly table: Table;
  private readonly open: { readonly node: ModelNode; readonly handle: number }[] = [];
  private readonly locked: (ModelNode[] | undefined)[] = new Array(LOCKERS).fill(undefined);

  constructor(private readonly bench: Bench, never_forget: boolean) {
    this.table = bench.table;
    this.model = new NodeModel(bench.seen, never_forget);
    this.table.nodes.never_forget = never_forget;
  }

  private pick(number: number): ModelNode {
    const all = this.model.all();
    return all[number % all.length]!;
  }

  apply([kind, first, second, name]: Command): void {
    const a = this.pick(first);
    const b = this.pick(second);
    if (kind === "remember") this.remember(a, name);
    else if (kind === "nameless") this.nameless();
    else if (kind === "again") this.again(a);
    else if (kind === "forget") this.forget(a, 1 + (second % 3));
    else if (kind === "detach") this.detach(a);
    else if (kind === "detach_named") this.detach_named(a, name);
    else if (kind === "move") this.move(a, b, name);
    else if (kind === "exchange") this.exchange(a, b);
    else if (kind === "open") this.add_open(a);
    else if (kind === "release") this.release(first);
    else if (kind === "hard_link") this.hard_link(a, 1 + (second % 3));
    else if (kind === "take_links") this.take_links(a);
    else if (kind === "put_link_back") this.put_link_back(a);
    else if (kind === "lock") this.lock(a, second % LOCKERS);
    else this.unlock(second % LOCKERS);
  }

  private remember(parent: ModelNode, name: string): void {
    const slot = this.table.remember(parent.slot, name);
    const known = this.model.find(parent, name);
    if (known === undefined) this.model.add(this.table.id(slot), slot, parent, name);
    else {
      assertEquals(this.table.id(slot), known.id);
      known.lookups++;
    }
  }

  private nameless(): void {
    const slot = this.table.nodes.remember_nameless();
    this.model.add(this.table.id(slot), slot, undefined, "");
  }

  private again(node: ModelNode): void {
    if (node === this.model.root) return;
    this.table.nodes.remember_again(node.slot);
    node.lookups++;
  }

  private forget(node: ModelNode, count: number): void {
    const [low, high] = node.id.split(".").map(Number);
    this.table.nodes.forget(low!, high!, count, 0);
    this.model.forget(node, count);
    this.table.nodes.forget(low!, high! + 1, count, 0);
  }

  private detach(node: ModelNode): void {
    this.table.nodes.detach(node.slot);
    this.model.detach(node);
  }

  private detach_named(parent: ModelNode, name: string): void {
    const bytes = new TextEncoder().encode(name);
    this.table.nodes.detach_named(parent.slot, bytes, 0, bytes.length);
    const node = this.model.find(parent, name);
    if (node !== undefined) this.model.detach(node);
  }

  private move(node: ModelNode, parent: ModelNode, name: string): void {
    if (node === this.model.root || this.model.is_below(parent, node)) return;
    this.table.move(node.slot, [parent.slot, name]);
    this.model.move(node, parent, name);
  }

  private exchange(a: ModelNode, b: ModelNode): void {
    if (a.parent === undefined || b.parent === undefined) return;
    if (this.model.is_below(a, b) || this.model.is_below(b, a)) return;
    this.table.nodes.exchange(a.slot, b.slot);
    this.model.exchange(a, b);
  }

  private add_open(node: ModelNode): void {
    if (node === this.model.root) return;
    const pinned = node.opens > 0;
    if (pinned) this.table.handles.pin(node.slot);
    this.open.push({ node, handle: this.table.handles.add_file(node.slot, 1000, 1, 0, 0, pinned) });
    node.opens++;
  }

  private release(number: number): void {
    if (this.open.length === 0) return;
    const [{ node, handle }] = this.open.splice(number % this.open.length, 1) as [typeof this.open[number]];
    this.table.handles.release_file(handle);
    node.opens--;
    this.model.drop_unused();
  }

  private hard_link(node: ModelNode, key: number): void {
    if (node === this.model.root) return;
    this.table.nodes.note_hard_link(node.slot, key);
    node.link_key = key;
    node.is_to_be_told = true;
  }

  private take_links(changed: ModelNode): void {
    if (changed.link_key === 0) return;
    const taken = this.model.take_links(changed.link_key, changed).map(({ slot }) => slot);
    assertEquals(this.table.take_links(changed.link_key, changed.slot), taken.sort((a, b) => a - b));
  }

  private put_link_back(node: ModelNode): void {
    this.table.nodes.put_link_back(node.slot, this.table.nodes.reuse_of(node.slot));
    node.is_to_be_told = node.link_key !== 0;
  }

  private lock(node: ModelNode, locker: number): void {
    if (this.locked[locker] !== undefined) return;
    const path = this.bench.lockers[locker]!.lock_path(node.slot);
    assertEquals(path, this.model.path_of(node) ?? -ESTALE);
    if (path === -ESTALE) return;
    this.locked[locker] = this.model.chain(node);
    for (const locked of this.locked[locker]) locked.locks++;
  }

  private unlock(locker: number): void {
    this.bench.lockers[locker]!.locks.release();
    for (const node of this.locked[locker] ?? []) node.locks--;
    this.locked[locker] = undefined;
    this.model.drop_unused();
  }

  compare(): void {
    assertEquals(this.table.nodes.count, this.model.nodes.size);
    for (const node of this.model.all()) {
      const [low, high] = node.id.split(".").map(Number);
      assertEquals(this.table.nodes.slot_of(low!, high!), node.slot);
      assertEquals(this.table.path_of(node.slot), this.model.path_of(node) ?? -ESTALE);
      if (node.parent !== undefined) assertEquals(this.table.find(node.parent.slot, node.name), node.slot);
      assertEquals(this.table.nodes.link_key_of(node.slot), node.link_key);
      assertEquals(this.table.nodes.links.is_to_be_told(node.slot, node.link_key || -1), node.is_to_be_told);
    }
  }

  end(): void {
    for (let locker = 0; locker < LOCKERS; locker++) this.unlock(locker);
    this.compare();
    assertEquals(broken_invariants(this.table.arena), []);
    while (this.open.length > 0) this.release(0);
    for (const node of this.model.all()) if (node.sticky) this.detach(node);
    for (const node of this.model.all()) this.forget(node, 1000);
    assertEquals([this.table.nodes.count, this.model.nodes.size], [1, 1]);
    assertEquals(broken_invariants(this.table.arena), []);
  }
}

Deno.test("the node table does what the model does, and ends empty", () => {
  let bench = new Bench();
  const command = fc.tuple(fc.constantFrom(...KINDS), fc.nat(40), fc.nat(40), fc.constantFrom(...NAMES));
  fc.assert(
    fc.property(fc.array(command, { maxLength: 80, size: "max" }), fc.boolean(), (commands, never_forget) => {
      try {
        const run = new Run(bench, never_forget);
        for (const command of commands) {
          run.apply(command);
          run.compare();
        }
        run.end();
      } catch (error) {
        bench = new Bench();
        throw error;
      }
    }),
    { numRuns: 500 },
  );
});
