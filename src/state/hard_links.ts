// Nodes of files with more than one name, by (device, inode): a change through one name must make the kernel drop the
// attributes it holds for the others (departures D8). Used under the table lock.
import { Arena } from "./arena.ts";
import { LINK_BUCKETS, N_LINK_KEY, N_LINK_NEXT, NODE_WORDS } from "./layout.ts";

/** Key of an object on a branch, never 0. Two objects with one key cost a needless refresh, nothing else. */
export function link_key(device_major: number, device_minor: number, ino_low: number, ino_high: number): number {
  let key = Math.imul(ino_low ^ Math.imul(ino_high, 0x9e3779b1), 0x85ebca6b);
  key ^= Math.imul(device_major ^ Math.imul(device_minor, 0xc2b2ae35), 0x27d4eb2f);
  key = Math.imul(key ^ (key >>> 15), 0x2c1b3c6d);
  return (key ^ (key >>> 12)) || 1;
}

/** The index: chains through the nodes themselves. */
export class HardLinks {
  private readonly buckets: Int32Array<ArrayBuffer>;
  private readonly nodes: Int32Array<ArrayBuffer>;

  constructor(arena: Arena) {
    this.buckets = arena.link_buckets;
    this.nodes = arena.nodes;
  }

  add(slot: number, key: number): void {
    const node = slot * NODE_WORDS;
    if (this.nodes[node + N_LINK_KEY] === key) return;
    this.remove(slot);
    const bucket = key & (LINK_BUCKETS - 1);
    this.nodes[node + N_LINK_KEY] = key;
    this.nodes[node + N_LINK_NEXT] = this.buckets[bucket]!;
    this.buckets[bucket] = slot;
  }

  remove(slot: number): void {
    const nodes = this.nodes;
    const key = nodes[slot * NODE_WORDS + N_LINK_KEY]!;
    if (key === 0) return;
    const bucket = key & (LINK_BUCKETS - 1);
    const next = nodes[slot * NODE_WORDS + N_LINK_NEXT]!;
    let at = this.buckets[bucket]!;
    if (at === slot) this.buckets[bucket] = next;
    else {
      while (nodes[at * NODE_WORDS + N_LINK_NEXT] !== slot) at = nodes[at * NODE_WORDS + N_LINK_NEXT]!;
      nodes[at * NODE_WORDS + N_LINK_NEXT] = next;
    }
    nodes[slot * NODE_WORDS + N_LINK_KEY] = 0;
    nodes[slot * NODE_WORDS + N_LINK_NEXT] = 0;
  }

  /** Slots of the other nodes of the same object, into `out`; returns how many (at most out.length). */
  others(slot: number, out: Int32Array): number {
    const key = this.nodes[slot * NODE_WORDS + N_LINK_KEY]!;
    if (key === 0) return 0;
    let count = 0;
    let at = this.buckets[key & (LINK_BUCKETS - 1)]!;
    while (at !== 0 && count < out.length) {
      if (at !== slot && this.nodes[at * NODE_WORDS + N_LINK_KEY] === key) out[count++] = at;
      at = this.nodes[at * NODE_WORDS + N_LINK_NEXT]!;
    }
    return count;
  }
}
