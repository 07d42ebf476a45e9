// A change through one name of a file shows through its other names at once: the kernel is told to drop the attributes
// that it holds for them (departures D8). What is collected here the worker's loop sends before the reply.
import { ENOENT } from "../../base/errno.ts";
import { STATX_DEV_MAJOR_WORD, STATX_DEV_MINOR_WORD, STATX_INO_WORD, StatxBuffer } from "../../base/statx.ts";
import { link_key } from "../../state/hard_links.ts";
import { Nodes } from "../../state/nodes.ts";

/** How many names are taken at once, under the table lock. */
const BATCH = 64;
/** No request changes more files than this. */
const CHANGES_MAX = 8;

const slots = new Int32Array(BATCH);
const reuses = new Int32Array(BATCH);

/** Makes the kernel drop the attributes of one node; returns what the device answers, -ENOENT for an unknown node. */
export type Tell = (node_low: number, node_high: number) => number;

/** Nodes whose attributes the kernel is to drop. */
export class HardLinkNotices {
  /** The command `invalidate-all-nodes` (config §7.3.1): all names are looked up again; Linux before 6.16 ignores it. */
  all_names = false;
  // Files by their keys, and the node through which each was changed.
  private readonly keys = new Int32Array(CHANGES_MAX);
  private readonly changed_nodes = new Int32Array(CHANGES_MAX);
  private changes = 0;
  private readonly stale_slots = new Int32Array(CHANGES_MAX);
  private readonly stale_reuses = new Int32Array(CHANGES_MAX);
  private stale_count = 0;

  constructor(private readonly nodes: Nodes) {}

  clear(): void {
    this.changes = 0;
    this.stale_count = 0;
    this.all_names = false;
  }

  /** No node's attributes are to be dropped. */
  get is_empty(): boolean {
    return this.changes === 0 && this.stale_count === 0;
  }

  /**
   * The kernel gets attributes of a node: remembers it when its object has several names, or had: what was opened under a name
   * that is gone can still be changed.
   */
  note(slot: number, stat: StatxBuffer): void {
    if (slot === 0 || stat.is_directory || (stat.nlink < 2 && this.nodes.link_key_of(slot) === 0)) return;
    const words = stat.words;
    this.nodes.note_hard_link(
      slot,
      link_key(
        words[STATX_DEV_MAJOR_WORD]!,
        words[STATX_DEV_MINOR_WORD]!,
        words[STATX_INO_WORD]!,
        words[STATX_INO_WORD + 1]!,
      ),
    );
  }

  /** The object behind the node was changed by us: its other names' attributes are stale. */
  changed(slot: number): void {
    const key = slot === 0 ? 0 : this.nodes.link_key_of(slot);
    if (key === 0 || this.changes === CHANGES_MAX) return;
    for (let i = 0; i < this.changes; i++) if (this.changed_nodes[i] === slot) return;
    this.keys[this.changes] = key;
    this.changed_nodes[this.changes++] = slot;
  }

  /** What the kernel holds of this node is stale, and the reply will not refresh it. */
  add(slot: number, reuse: number): void {
    if (this.stale_count === CHANGES_MAX) return;
    this.stale_slots[this.stale_count] = slot;
    this.stale_reuses[this.stale_count++] = reuse;
  }

  /** Tells the kernel. A node it does not know yet may be one whose first attributes are on their way. */
  send(tell: Tell): void {
    for (let i = 0; i < this.stale_count; i++) tell(this.stale_slots[i]!, this.stale_reuses[i]! >>> 0);
    for (let i = 0; i < this.changes; i++) this.send_of(this.keys[i]!, this.changed_nodes[i]!, tell);
  }

  private send_of(key: number, changed: number, tell: Tell): void {
    const unknown: number[] = [];
    for (;;) {
      const count = this.nodes.take_links(key, changed, slots, reuses);
      for (let i = 0; i < count; i++) {
        if (tell(slots[i]!, reuses[i]! >>> 0) === -ENOENT) unknown.push(slots[i]!, reuses[i]!);
      }
      if (count < BATCH) break;
    }
    for (let i = 0; i < unknown.length; i += 2) this.nodes.put_link_back(unknown[i]!, unknown[i + 1]!);
  }
}
