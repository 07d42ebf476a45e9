// Finds a node by (parent, name): linear hashing, so that the table grows by one bucket at a time, nothing ever stops to
// rehash, and a million nodes take 4 MB of buckets. Used under the table lock.
import { keyed_hash } from "../base/keyed_hash.ts";
import { Arena } from "./arena.ts";
import {
  H_BUCKET_COUNT,
  H_HASH_KEY_HIGH,
  H_HASH_KEY_LOW,
  H_NAMED_COUNT,
  N_HASH,
  N_NAME,
  N_NAME_LENGTH,
  N_NEXT,
  N_PARENT,
  NODE_WORDS,
  NODES_MAX,
} from "./layout.ts";
import { Names } from "./names.ts";

/** The index of named nodes. */
export class NameIndex {
  private readonly header: Int32Array<ArrayBuffer>;
  private readonly buckets: Int32Array<ArrayBuffer>;
  private readonly nodes: Int32Array<ArrayBuffer>;
  private readonly key_low: number;
  private readonly key_high: number;

  constructor(arena: Arena, private readonly names: Names) {
    this.header = arena.header;
    this.key_low = arena.header[H_HASH_KEY_LOW]!;
    this.key_high = arena.header[H_HASH_KEY_HIGH]!;
    this.buckets = arena.node_buckets;
    this.nodes = arena.nodes;
  }

  /** A 32-bit hash over the parent's slot and the name; another one on every mount. Needs no lock. */
  hash(parent: number, name: Uint8Array, name_at: number, length: number): number {
    return keyed_hash(this.key_low, this.key_high, parent, name, name_at, length);
  }

  /** Bucket of a hash: buckets below the split point already have one more bit than the others. */
  bucket_of(hash: number): number {
    const count = this.header[H_BUCKET_COUNT]!;
    const low_mask = (1 << (31 - Math.clz32(count))) - 1;
    const wide = hash & (low_mask * 2 + 1);
    return wide < count ? wide : hash & low_mask;
  }

  /** The node named so in that parent, or 0. */
  find(hash: number, parent: number, name: Uint8Array, name_at: number, length: number): number {
    const nodes = this.nodes;
    let slot = this.buckets[this.bucket_of(hash)]!;
    while (slot !== 0) {
      const node = slot * NODE_WORDS;
      if (
        nodes[node + N_HASH] === hash && nodes[node + N_PARENT] === parent && nodes[node + N_NAME_LENGTH] === length &&
        this.names.equals(nodes[node + N_NAME]!, length, name, name_at)
      ) return slot;
      slot = nodes[node + N_NEXT]!;
    }
    return 0;
  }

  insert(slot: number): void {
    if (++this.header[H_NAMED_COUNT]! > this.header[H_BUCKET_COUNT]!) this.grow();
    const node = slot * NODE_WORDS;
    const bucket = this.bucket_of(this.nodes[node + N_HASH]!);
    this.nodes[node + N_NEXT] = this.buckets[bucket]!;
    this.buckets[bucket] = slot;
  }

  remove(slot: number): void {
    this.header[H_NAMED_COUNT]!--;
    const nodes = this.nodes;
    const bucket = this.bucket_of(nodes[slot * NODE_WORDS + N_HASH]!);
    const next = nodes[slot * NODE_WORDS + N_NEXT]!;
    let at = this.buckets[bucket]!;
    if (at === slot) {
      this.buckets[bucket] = next;
      return;
    }
    while (nodes[at * NODE_WORDS + N_NEXT] !== slot) at = nodes[at * NODE_WORDS + N_NEXT]!;
    nodes[at * NODE_WORDS + N_NEXT] = next;
  }

  // One more bucket: the nodes of the bucket at the split point are dealt out over it and the new one.
  private grow(): void {
    const count = this.header[H_BUCKET_COUNT]!;
    if (count >= NODES_MAX) return;
    const split = count & ~(1 << (31 - Math.clz32(count)));
    let slot = this.buckets[split]!;
    this.buckets[split] = 0;
    this.buckets[count] = 0;
    this.header[H_BUCKET_COUNT] = count + 1;
    while (slot !== 0) {
      const node = slot * NODE_WORDS;
      const next = this.nodes[node + N_NEXT]!;
      const bucket = this.bucket_of(this.nodes[node + N_HASH]!);
      this.nodes[node + N_NEXT] = this.buckets[bucket]!;
      this.buckets[bucket] = slot;
      slot = next;
    }
  }
}
