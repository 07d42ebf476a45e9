// statvfs of branch roots for policies, kept for `cache.statfs` seconds (config spec §6.2). A user's statfs does not
// come here.
import { copy_bytes } from "../../base/bytes.ts";
import { PATH_MAX_BYTES } from "../../base/limits.ts";
import { Branch } from "../../branches/branch.ts";
import { statvfs, StatvfsBuffer } from "../../sys/space.ts";

/** One worker's cache; results of failed calls are not kept. */
export class SpaceCache {
  /** Whole seconds a result stays good; 0 asks every time. */
  lifetime_s = 0;
  private readonly known = new Map<string, { taken_s: number; result: StatvfsBuffer }>();
  private readonly path = new Uint8Array(PATH_MAX_BYTES + 1);

  /** Fills `out`; returns 0 or -errno. */
  statvfs(branch: Branch, out: StatvfsBuffer): number {
    if (this.lifetime_s === 0) return this.ask(branch, out);
    const now_s = Math.floor(Date.now() / 1000);
    const kept = this.known.get(branch.text);
    if (kept !== undefined && now_s - kept.taken_s <= this.lifetime_s) {
      out.bytes.set(kept.result.bytes);
      return 0;
    }
    const fresh = kept ?? { taken_s: 0, result: new StatvfsBuffer() };
    const asked = this.ask(branch, fresh.result);
    if (asked < 0) return asked;
    fresh.taken_s = now_s;
    this.known.set(branch.text, fresh);
    out.bytes.set(fresh.result.bytes);
    return 0;
  }

  private ask(branch: Branch, out: StatvfsBuffer): number {
    copy_bytes(branch.path, 0, this.path, 0, branch.path.length);
    this.path[branch.path.length] = 0;
    return statvfs(this.path, out);
  }
}
