// Space figures of branch roots for policies, kept for `cache.statfs` seconds (config spec §6.2). A user's statfs does not
// come here. The clock never jumps: set back, it would keep old figures for as long as it was set back.
import { copy_bytes } from "../../base/bytes.ts";
import { PATH_MAX_BYTES } from "../../base/limits.ts";
import { Branch } from "../../branches/branch.ts";
import { statvfs, StatvfsBuffer } from "../../sys/space.ts";

const TWO_TO_64 = 2 ** 64;
const NEVER = -Infinity;

/** What statvfs(3) says about a branch, in the figures of config spec §6.2. */
export class Space {
  available_bytes = 0;
  used_bytes = 0;
  read_only = false;
  /** When that was, in whole seconds of the cache's clock. */
  taken_s = NEVER;
}

/** One worker's cache; results of failed calls are not kept. */
export class SpaceCache {
  /** Whole seconds a result stays good; 0 asks every time. */
  lifetime_s = 0;
  private now_s = NEVER;
  private readonly known = new Map<string, Space>();
  /** The same by position in the list of branches, as found there last. */
  private readonly branches: Branch[] = [];
  private readonly spaces: Space[] = [];
  private readonly fresh = new Space();
  private readonly statvfs = new StatvfsBuffer();
  private readonly path = new Uint8Array(PATH_MAX_BYTES + 1);

  /** @param clock_ms milliseconds since some point in the past, never less than before */
  constructor(private readonly clock_ms: () => number = monotonic_ms) {}

  /** A decision begins; it sees one time. */
  start(): void {
    this.now_s = NEVER;
  }

  /** The figures of a branch that stands at `index` of the list; undefined when statvfs fails. Good until the next call. */
  of(branch: Branch, index: number): Space | undefined {
    if (this.lifetime_s === 0) return this.fill(branch, this.fresh) ? this.fresh : undefined;
    if (this.now_s === NEVER) this.now_s = Math.floor(this.clock_ms() / 1000);
    const kept = this.branches[index] === branch ? this.spaces[index]! : this.find(branch, index);
    if (this.now_s - kept.taken_s <= this.lifetime_s) return kept;
    if (!this.fill(branch, kept)) return undefined;
    kept.taken_s = this.now_s;
    return kept;
  }

  /** Something showed that the figures are out of date: all branches are asked again. */
  forget(): void {
    for (const space of this.known.values()) space.taken_s = NEVER;
  }

  private find(branch: Branch, index: number): Space {
    let kept = this.known.get(branch.text);
    if (kept === undefined) {
      kept = new Space();
      this.known.set(branch.text, kept);
    }
    this.branches[index] = branch;
    this.spaces[index] = kept;
    return kept;
  }

  private fill(branch: Branch, space: Space): boolean {
    copy_bytes(branch.path, 0, this.path, 0, branch.path.length);
    this.path[branch.path.length] = 0;
    const out = this.statvfs;
    if (statvfs(this.path, out) < 0) return false;
    const frsize = out.frsize, bavail = out.bavail;
    space.available_bytes = frsize * bavail;
    space.used_bytes = used_of(frsize, out.blocks, bavail);
    space.read_only = out.is_read_only;
    return true;
  }
}

/** Reserved blocks count as used. The figure is unsigned, also of a file system that claims more room than it is large. */
export function used_of(frsize: number, blocks: number, bavail: number): number {
  const used_bytes = frsize * (blocks - bavail);
  return used_bytes < 0 ? used_bytes + TWO_TO_64 : used_bytes;
}

function monotonic_ms(): number {
  return performance.now();
}
