// What a policy sees of the branches: existence by lstat(2), room by statvfs(3). The last successful lstat is kept, so
// that the caller need not ask the same branch again for the data.
import { PathBuffer } from "../../base/path_buffer.ts";
import { StatxBuffer } from "../../base/statx.ts";
import { Branch } from "../../branches/branch.ts";
import { Probe } from "../../policies/policy.ts";
import { AT_FDCWD, lstat } from "../../sys/path.ts";
import { Place } from "./place.ts";
import { SpaceCache } from "./space_cache.ts";

/** The probe of one worker. `start` points it at a path. */
export class BranchProbe implements Probe {
  available_bytes = 0;
  used_bytes = 0;
  read_only = false;
  /** lstat of the branch with index `stat_index`, which is -1 when nothing was found. */
  readonly stat = new StatxBuffer();
  stat_index = -1;

  private readonly level = new PathBuffer();
  private readonly place = new Place();

  constructor(private readonly cache: SpaceCache) {}

  start(path: PathBuffer): void {
    this.level.set(path);
    this.stat_index = -1;
    this.cache.start();
  }

  exists(branch: Branch, index: number): boolean {
    const reached = this.place.at(branch, this.level);
    const found = reached === 0 && lstat(this.place.dirfd, this.place.path, this.stat) === 0;
    if (this.place.dirfd !== AT_FDCWD) this.place.done();
    if (found) this.stat_index = index;
    return found;
  }

  mtime_s(): number {
    return this.stat.mtime_s;
  }

  space(branch: Branch, index: number): boolean {
    const space = this.cache.of(branch, index);
    if (space === undefined) return false;
    this.available_bytes = space.available_bytes;
    this.used_bytes = space.used_bytes;
    this.read_only = space.read_only;
    return true;
  }

  up(): boolean {
    this.stat_index = -1;
    return this.level.up();
  }
}
