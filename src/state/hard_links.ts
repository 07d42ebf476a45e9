// Nodes of files with more than one name, by (device, inode): a change through one name must make the kernel drop the
// attributes it holds for the others (departures D8). Those whose attributes the kernel may hold are on one list; who is
// told goes over to another one until the kernel gets attributes again. So no name is told twice for nothing, and a file may
// have any number of names. Used under the table lock.
import { Arena } from "./arena.ts";
import { LINK_BUCKETS, N_LINK_KEY, N_LINK_NEXT, N_LINK_PREVIOUS, N_STATE, NODE_TOLD, NODE_WORDS } from "./layout.ts";

/** Key of an object on a branch, never 0. Two objects with one key cost a needless refresh, nothing else. */
export function link_key(device_major: number, device_minor: number, ino_low: number, ino_high: number): number {
  let key = Math.imul(ino_low ^ Math.imul(ino_high, 0x9e3779b1), 0x85ebca6b);
  key ^= Math.imul(device_major ^ Math.imul(device_minor, 0xc2b2ae35), 0x27d4eb2f);
  key = Math.imul(key ^ (key >>> 15), 0x2c1b3c6d);
  return (key ^ (key >>> 12)) || 1;
}

/** Where the list starts that has the nodes of a key, to be told or told (0 or NODE_TOLD). */
export function link_list(key: number, told: number): number {
  return (key & (LINK_BUCKETS - 1)) * 2 + (told === 0 ? 0 : 1);
}

/** The index: lists through the nodes themselves, linked both ways, for a file may have 65,000 names. */
export class HardLinks {
  private readonly lists: Int32Array<ArrayBuffer>;
  private readonly nodes: Int32Array<ArrayBuffer>;

  constructor(arena: Arena) {
    this.lists = arena.link_lists;
    this.nodes = arena.nodes;
  }

  /** Whether the node has that key and is to be told of changes. */
  is_to_be_told(slot: number, key: number): boolean {
    const node = slot * NODE_WORDS;
    return this.nodes[node + N_LINK_KEY] === key && (this.nodes[node + N_STATE]! & NODE_TOLD) === 0;
  }

  /** The kernel gets attributes of the node, whose object has that key. */
  add(slot: number, key: number): void {
    if (this.is_to_be_told(slot, key)) return;
    this.remove(slot);
    this.enter(slot, key, 0);
  }

  /** The node is gone, or its file is another one. */
  remove(slot: number): void {
    const node = slot * NODE_WORDS;
    const nodes = this.nodes;
    const key = nodes[node + N_LINK_KEY]!;
    if (key === 0) return;
    const previous = nodes[node + N_LINK_PREVIOUS]!;
    const next = nodes[node + N_LINK_NEXT]!;
    if (previous === 0) this.lists[link_list(key, nodes[node + N_STATE]! & NODE_TOLD)] = next;
    else nodes[previous * NODE_WORDS + N_LINK_NEXT] = next;
    if (next !== 0) nodes[next * NODE_WORDS + N_LINK_PREVIOUS] = previous;
    nodes[node + N_LINK_KEY] = 0;
    nodes[node + N_LINK_PREVIOUS] = 0;
    nodes[node + N_LINK_NEXT] = 0;
    nodes[node + N_STATE]! &= ~NODE_TOLD;
  }

  /** Nodes of that key that are to be told, but for `changed`, into `out`: they count as told. Returns how many. */
  take(key: number, changed: number, out: Int32Array): number {
    let count = 0;
    let at = this.lists[link_list(key, 0)]!;
    while (at !== 0 && count < out.length) {
      const next = this.nodes[at * NODE_WORDS + N_LINK_NEXT]!;
      if (at !== changed && this.nodes[at * NODE_WORDS + N_LINK_KEY] === key) {
        out[count++] = at;
        this.remove(at);
        this.enter(at, key, NODE_TOLD);
      }
      at = next;
    }
    return count;
  }

  /** Whether `is_so` holds for some node of that key. */
  some(key: number, is_so: (slot: number) => boolean): boolean {
    for (const told of [0, NODE_TOLD]) {
      for (let at = this.lists[link_list(key, told)]!; at !== 0; at = this.nodes[at * NODE_WORDS + N_LINK_NEXT]!) {
        if (this.nodes[at * NODE_WORDS + N_LINK_KEY] === key && is_so(at)) return true;
      }
    }
    return false;
  }

  private enter(slot: number, key: number, told: number): void {
    const nodes = this.nodes;
    const node = slot * NODE_WORDS;
    const list = link_list(key, told);
    const next = this.lists[list]!;
    nodes[node + N_STATE]! |= told;
    nodes[node + N_LINK_KEY] = key;
    nodes[node + N_LINK_PREVIOUS] = 0;
    nodes[node + N_LINK_NEXT] = next;
    if (next !== 0) nodes[next * NODE_WORDS + N_LINK_PREVIOUS] = slot;
    this.lists[list] = slot;
  }
}
