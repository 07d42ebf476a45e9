// A change through one name of a file shows through its other names at once: the kernel is told to drop the attributes
// that it holds for them (departures D8). The worker's loop sends what is collected here before the reply.
import { STATX_DEV_MAJOR_WORD, STATX_DEV_MINOR_WORD, STATX_INO_WORD, StatxBuffer } from "../../base/statx.ts";
import { link_key } from "../../state/hard_links.ts";
import { Nodes } from "../../state/nodes.ts";

/** More names than this are told of the change by their attribute timeout. */
export const NOTICES_MAX = 1024;

/** Nodes whose attributes the kernel is to drop. */
export class HardLinkNotices {
  readonly slots = new Int32Array(NOTICES_MAX);
  readonly reuses = new Int32Array(NOTICES_MAX);
  count = 0;
  /** The command `invalidate-all-nodes` (config §7.3.1): all names are looked up again; Linux before 6.16 ignores it. */
  all_names = false;
  private readonly found_slots = new Int32Array(NOTICES_MAX);
  private readonly found_reuses = new Int32Array(NOTICES_MAX);

  constructor(private readonly nodes: Nodes) {}

  clear(): void {
    this.count = 0;
    this.all_names = false;
  }

  /** Attributes of a node pass by: remembers it when its object has several names. */
  note(slot: number, stat: StatxBuffer): void {
    if (slot === 0 || stat.nlink < 2 || stat.is_directory) return;
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
    if (slot === 0 || !this.nodes.has_hard_links(slot)) return;
    const found = this.nodes.other_links(slot, this.found_slots, this.found_reuses);
    for (let i = 0; i < found; i++) this.add(this.found_slots[i]!, this.found_reuses[i]!);
  }

  /** What the kernel holds of this node is stale, and the reply will not refresh it. */
  add(slot: number, reuse: number): void {
    if (this.count >= NOTICES_MAX) return;
    this.slots[this.count] = slot;
    this.reuses[this.count++] = reuse;
  }
}
