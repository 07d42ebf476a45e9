// The node table: which object a node id of the kernel means (operations §7). A node is a (parent, name) pair with
// counts; ids are slot | reuse count << 32 and never come twice in the life of a mount (departures D7).
import { ENFILE } from "../base/errno.ts";
import { Arena } from "./arena.ts";
import { HardLinks } from "./hard_links.ts";
import {
  H_GENERATION_HIGH,
  H_GENERATION_LOW,
  H_NODE_COUNT,
  H_NODE_FREE,
  H_NODE_TOP,
  H_TABLE_LOCK,
  N_CHILDREN,
  N_EXCLUSIVE,
  N_FINGERPRINT_HIGH,
  N_FINGERPRINT_LOW,
  N_HASH,
  N_LINK_KEY,
  N_LOOKUPS_HIGH,
  N_LOOKUPS_LOW,
  N_NAME,
  N_NAME_LENGTH,
  N_NEXT,
  N_OPENS,
  N_PARENT,
  N_REUSE,
  N_SHARED_LOCKS,
  N_STATE,
  NODE_IN_USE,
  NODE_NAMED,
  NODE_STICKY,
  NODE_SUPERSEDED,
  NODE_TYPE,
  NODE_TYPE_SHIFT,
  NODE_WORDS,
  NODES_MAX,
  ROOT_SLOT,
} from "./layout.ts";
import { SpinLock } from "./lock.ts";
import { NameIndex } from "./name_index.ts";
import { Names } from "./names.ts";

function type_bits(mode: number): number {
  return ((mode >>> 12) << NODE_TYPE_SHIFT) & NODE_TYPE;
}

/** The node table as one thread sees it. Methods take the table lock themselves unless they say otherwise. */
export class Nodes {
  readonly table: SpinLock;
  readonly names: Names;
  readonly index: NameIndex;
  readonly links: HardLinks;
  private readonly header: Int32Array<ArrayBuffer>;
  private readonly words: Int32Array<ArrayBuffer>;
  /** Option never-forget-nodes: new nodes get one lookup that FORGET cannot take away (operations §7.4). */
  never_forget = false;

  constructor(readonly arena: Arena, thread_index: number) {
    this.header = arena.header;
    this.words = arena.nodes;
    this.table = new SpinLock(arena.header, H_TABLE_LOCK, thread_index + 1);
    this.names = new Names(arena);
    this.index = new NameIndex(arena, this.names);
    this.links = new HardLinks(arena);
  }

  get generation_low(): number {
    return this.header[H_GENERATION_LOW]! >>> 0;
  }

  get generation_high(): number {
    return this.header[H_GENERATION_HIGH]! >>> 0;
  }

  /** How many nodes there are, the root included. */
  get count(): number {
    return this.header[H_NODE_COUNT]!;
  }

  /** The slot that a node id means now, or 0 when the id is unknown. Table lock held, or the kernel holds the node. */
  slot_of(low: number, high: number): number {
    if (low <= 0 || low >= this.header[H_NODE_TOP]!) return 0;
    const node = low * NODE_WORDS;
    if ((this.words[node + N_STATE]! & NODE_IN_USE) === 0 || this.words[node + N_REUSE] !== (high | 0)) return 0;
    return low;
  }

  /** The upper word of the node's id; the slot is the lower one. */
  reuse_of(slot: number): number {
    return this.words[slot * NODE_WORDS + N_REUSE]! >>> 0;
  }

  parent_of(slot: number): number {
    return this.words[slot * NODE_WORDS + N_PARENT]!;
  }

  is_named(slot: number): boolean {
    return slot === ROOT_SLOT || (this.words[slot * NODE_WORDS + N_STATE]! & NODE_NAMED) !== 0;
  }

  /**
   * Counts one look-up that the kernel is told of, making the node when there is none yet. A node never changes its type,
   * for the kernel would answer EIO: when `mode` (st_mode, 0 if unknown) is of another one, the name goes to a new node.
   * Returns the slot, or -ENFILE when the table is full.
   */
  remember(parent: number, name: Uint8Array, name_at: number, name_length: number, mode = 0): number {
    const hash = this.index.hash(parent, name, name_at, name_length);
    this.table.lock();
    let slot = this.index.find(hash, parent, name, name_at, name_length);
    if (slot !== 0 && !this.has_type(slot, mode)) {
      this.leave_name(slot);
      slot = 0;
    }
    if (slot === 0) {
      slot = this.allocate();
      if (slot > 0 && !this.give_name(slot, parent, hash, name, name_at, name_length)) {
        this.free(slot);
        slot = -ENFILE;
      } else if (slot > 0) this.add_sticky(slot);
    }
    if (slot > 0) {
      this.words[slot * NODE_WORDS + N_STATE]! |= type_bits(mode);
      this.add_lookups(slot, 1);
    }
    this.table.unlock();
    return slot;
  }

  /** Whether an object of that st_mode can be the node's. Read without the lock. */
  has_type(slot: number, mode: number): boolean {
    const known = this.words[slot * NODE_WORDS + N_STATE]! & NODE_TYPE;
    return known === 0 || type_bits(mode) === 0 || known === type_bits(mode);
  }

  /** A node without a name, for O_TMPFILE: one look-up counted. Returns the slot or -ENFILE. */
  remember_nameless(): number {
    this.table.lock();
    const slot = this.allocate();
    if (slot > 0) this.add_lookups(slot, 1);
    this.table.unlock();
    return slot;
  }

  /** Counts one look-up more of a node that is there (operations §7.5). */
  remember_again(slot: number): void {
    this.table.lock();
    this.add_lookups(slot, 1);
    this.table.unlock();
  }

  /** Takes look-ups away; unknown ids and the root are ignored (operations §7.2). Never waits (departures D6). */
  forget(low: number, high: number, count_low: number, count_high: number): void {
    this.table.lock();
    const slot = this.slot_of(low, high);
    if (slot > ROOT_SLOT) {
      const node = slot * NODE_WORDS;
      const left = this.lookups(slot) - (count_low + count_high * 0x1_0000_0000);
      const floor = (this.words[node + N_STATE]! & NODE_STICKY) !== 0 ? 1 : 0;
      this.set_lookups(slot, Math.max(left, floor));
      this.free_if_unused(slot);
    }
    this.table.unlock();
  }

  /** The node of that name in the parent, or 0. Table lock held. */
  find(parent: number, name: Uint8Array, name_at: number, name_length: number): number {
    return this.index.find(this.index.hash(parent, name, name_at, name_length), parent, name, name_at, name_length);
  }

  /** Takes the name away: the object was removed or replaced, the id lives on (operations §7.3). */
  detach(slot: number): void {
    this.table.lock();
    this.remove_name(slot);
    this.table.unlock();
  }

  /** The same for a node whose name, in the kernel's eyes, goes on to be its: `is_superseded` tells that it is not. */
  supersede(slot: number): void {
    this.table.lock();
    this.leave_name(slot);
    this.table.unlock();
  }

  is_superseded(slot: number): boolean {
    return (this.words[slot * NODE_WORDS + N_STATE]! & NODE_SUPERSEDED) !== 0;
  }

  /** The name is taken from whatever node has it now, if any. */
  detach_named(parent: number, name: Uint8Array, name_at: number, name_length: number): void {
    this.table.lock();
    const slot = this.find(parent, name, name_at, name_length);
    if (slot !== 0) this.remove_name(slot);
    this.table.unlock();
  }

  /** The node gets another place, or its first one; a node that has that name already loses it (operations §7.3). */
  move(slot: number, parent: number, name: Uint8Array, name_at: number, name_length: number): void {
    const hash = this.index.hash(parent, name, name_at, name_length);
    this.table.lock();
    const former = this.index.find(hash, parent, name, name_at, name_length);
    if (former !== slot) {
      const left = this.take_name(slot);
      if (former !== 0) {
        this.take_name(former);
        this.drop_sticky(former);
      }
      if (this.give_name(slot, parent, hash, name, name_at, name_length) && left === 0) this.add_sticky(slot);
      if (former !== 0) this.free_if_unused(former);
      this.free_if_unused(left);
    }
    this.table.unlock();
  }

  /** Two nodes change places (RENAME_EXCHANGE). */
  exchange(a: number, b: number): void {
    this.table.lock();
    for (const slot of [a, b]) this.index.remove(slot);
    for (const word of [N_PARENT, N_NAME, N_NAME_LENGTH, N_HASH]) {
      const kept = this.words[a * NODE_WORDS + word]!;
      this.words[a * NODE_WORDS + word] = this.words[b * NODE_WORDS + word]!;
      this.words[b * NODE_WORDS + word] = kept;
    }
    for (const slot of [a, b]) this.index.insert(slot);
    this.table.unlock();
  }

  /**
   * The kernel gets attributes of an object that has several names; key from `link_key`. Without the lock when the node is to
   * be told anyway: who tells the kernel meanwhile makes it ignore attributes that it has asked for before.
   */
  note_hard_link(slot: number, key: number): void {
    if (this.links.is_to_be_told(slot, key)) return;
    this.table.lock();
    this.links.add(slot, key);
    this.table.unlock();
  }

  /** The node's file has become another one, with one name. */
  forget_hard_link(slot: number): void {
    this.table.lock();
    this.links.remove(slot);
    this.table.unlock();
  }

  /** The key of the node's object when that has several names, else 0; read without the lock, for the write path. */
  link_key_of(slot: number): number {
    return this.words[slot * NODE_WORDS + N_LINK_KEY]!;
  }

  /**
   * Whether that is the fingerprint which the last open of the node left (operations §16.6); 0, 0 stands for none. It and
   * its setter take no lock: two halves of different fingerprints only look like a changed file.
   */
  has_fingerprint(slot: number, low: number, high: number): boolean {
    const node = slot * NODE_WORDS;
    return this.words[node + N_FINGERPRINT_LOW] === (low | 0) && this.words[node + N_FINGERPRINT_HIGH] === (high | 0);
  }

  set_fingerprint(slot: number, low: number, high: number): void {
    this.words[slot * NODE_WORDS + N_FINGERPRINT_LOW] = low;
    this.words[slot * NODE_WORDS + N_FINGERPRINT_HIGH] = high;
  }

  /**
   * Slots and upper id words of nodes of one object, but for the node `changed`, whose attributes the kernel may hold: it is
   * told now that they are stale. Returns how many; fewer than there is room for when there are no more.
   */
  take_links(key: number, changed: number, slots: Int32Array, reuses: Int32Array): number {
    this.table.lock();
    const count = this.links.take(key, changed, slots);
    for (let i = 0; i < count; i++) reuses[i] = this.words[slots[i]! * NODE_WORDS + N_REUSE]!;
    this.table.unlock();
    return count;
  }

  /** A node that `take_links` gave is to be told again, if it is still there. */
  put_link_back(slot: number, reuse: number): void {
    this.table.lock();
    const key = this.slot_of(slot, reuse) === 0 ? 0 : this.link_key_of(slot);
    if (key !== 0) this.links.add(slot, key);
    this.table.unlock();
  }

  /** Whether `is_so` holds for the node or another one of the same object. It runs under the table lock. */
  some_link(slot: number, is_so: (slot: number) => boolean): boolean {
    this.table.lock();
    const key = this.link_key_of(slot);
    const result = is_so(slot) || (key !== 0 && this.links.some(key, is_so));
    this.table.unlock();
    return result;
  }

  /** Frees the node, and then its ancestors, if nothing refers to it any more. Table lock held. */
  free_if_unused(slot: number): void {
    let at = slot;
    while (at > ROOT_SLOT && this.is_unused(at)) {
      const parent = this.take_name(at);
      this.free(at);
      at = parent;
    }
  }

  private is_unused(slot: number): boolean {
    const node = slot * NODE_WORDS;
    const words = this.words;
    return (words[node + N_STATE]! & NODE_IN_USE) !== 0 && words[node + N_LOOKUPS_LOW] === 0 &&
      words[node + N_LOOKUPS_HIGH] === 0 && words[node + N_OPENS] === 0 && words[node + N_CHILDREN] === 0 &&
      words[node + N_SHARED_LOCKS] === 0 && words[node + N_EXCLUSIVE] === 0;
  }

  private allocate(): number {
    let slot = this.header[H_NODE_FREE]!;
    if (slot !== 0) {
      this.header[H_NODE_FREE] = this.words[slot * NODE_WORDS + N_NEXT]!;
    } else {
      slot = this.header[H_NODE_TOP]!;
      if (slot >= NODES_MAX) return -ENFILE;
      this.header[H_NODE_TOP] = slot + 1;
    }
    const node = slot * NODE_WORDS;
    this.words.fill(0, node + N_STATE, node + NODE_WORDS);
    this.words[node + N_STATE] = NODE_IN_USE;
    this.header[H_NODE_COUNT]!++;
    return slot;
  }

  private free(slot: number): void {
    const node = slot * NODE_WORDS;
    this.links.remove(slot);
    this.words[node + N_STATE] = 0;
    this.header[H_NODE_COUNT]!--;
    const reuse = (this.words[node + N_REUSE]! + 1) | 0;
    this.words[node + N_REUSE] = reuse;
    if (reuse === 0) return; // this slot has given out all its ids
    this.words[node + N_NEXT] = this.header[H_NODE_FREE]!;
    this.header[H_NODE_FREE] = slot;
  }

  private give_name(
    slot: number,
    parent: number,
    hash: number,
    name: Uint8Array,
    name_at: number,
    name_length: number,
  ): boolean {
    const block = this.names.store(name, name_at, name_length);
    if (block === 0) return false;
    const node = slot * NODE_WORDS;
    this.words[node + N_PARENT] = parent;
    this.words[node + N_NAME] = block;
    this.words[node + N_NAME_LENGTH] = name_length;
    this.words[node + N_HASH] = hash;
    this.words[node + N_STATE]! |= NODE_NAMED;
    this.words[parent * NODE_WORDS + N_CHILDREN]!++;
    this.index.insert(slot);
    return true;
  }

  // The node loses its name for good, and what only that name kept is freed.
  private remove_name(slot: number): void {
    const parent = this.take_name(slot);
    this.drop_sticky(slot);
    this.free_if_unused(slot);
    this.free_if_unused(parent);
  }

  // The same for a node whose name the kernel still takes for its.
  private leave_name(slot: number): void {
    this.words[slot * NODE_WORDS + N_STATE]! |= NODE_SUPERSEDED;
    this.remove_name(slot);
  }

  // Takes the name out of the index and returns the parent it had, or 0 when the node has no name.
  private take_name(slot: number): number {
    const node = slot * NODE_WORDS;
    if ((this.words[node + N_STATE]! & NODE_NAMED) === 0) return 0;
    this.index.remove(slot);
    this.names.free(this.words[node + N_NAME]!, this.words[node + N_NAME_LENGTH]!);
    const parent = this.words[node + N_PARENT]!;
    this.words[node + N_PARENT] = 0;
    this.words[node + N_NAME] = 0;
    this.words[node + N_STATE]! &= ~NODE_NAMED;
    this.words[parent * NODE_WORDS + N_CHILDREN]!--;
    return parent;
  }

  // A node with its first name under never-forget-nodes.
  private add_sticky(slot: number): void {
    if (!this.never_forget) return;
    this.words[slot * NODE_WORDS + N_STATE]! |= NODE_STICKY;
    this.add_lookups(slot, 1);
  }

  private drop_sticky(slot: number): void {
    const node = slot * NODE_WORDS;
    if ((this.words[node + N_STATE]! & NODE_STICKY) === 0) return;
    this.words[node + N_STATE]! &= ~NODE_STICKY;
    this.set_lookups(slot, Math.max(0, this.lookups(slot) - 1));
  }

  private lookups(slot: number): number {
    const node = slot * NODE_WORDS;
    return (this.words[node + N_LOOKUPS_LOW]! >>> 0) + (this.words[node + N_LOOKUPS_HIGH]! >>> 0) * 0x1_0000_0000;
  }

  private set_lookups(slot: number, count: number): void {
    const node = slot * NODE_WORDS;
    this.words[node + N_LOOKUPS_LOW] = count | 0;
    this.words[node + N_LOOKUPS_HIGH] = (count / 0x1_0000_0000) | 0;
  }

  private add_lookups(slot: number, count: number): void {
    this.set_lookups(slot, this.lookups(slot) + count);
  }
}
