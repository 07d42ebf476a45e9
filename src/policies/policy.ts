// What a policy is: a plain function that chooses branches for one path. It sees the file system through a Probe only,
// so that it can be tested without one and so that its caller owns every system call.

import { ENOENT } from "../base/errno.ts";
import type { Branch, BranchList } from "../branches/branch.ts";
import { worse_error } from "./errors.ts";

/** What a policy may ask about a branch. The path, and the level of it that msp* policies climb, belong to the caller. */
export interface Probe {
  /** lstat of the current level's path on that branch succeeds; remembers the result for mtime_s() and for the caller. */
  exists(branch: Branch, index: number): boolean;
  /** Modification time of the last successful exists(), whole seconds. */
  mtime_s(): number;
  /** statvfs of the branch root; false when it fails. After true, the three fields below hold. */
  space(branch: Branch, index: number): boolean;
  /** f_frsize * f_bavail (config spec §6.2). */
  available_bytes: number;
  /** f_frsize * (f_blocks - f_bavail): reserved blocks count as used. */
  used_bytes: number;
  read_only: boolean;
  /** One level up, for msp* policies; false when already at the pool root. The caller sets the level for each request. */
  up(): boolean;
}

/** The branches that a policy chose, as indexes into the branch list. Made once per worker and reused. */
export class Selection {
  indexes: Int32Array<ArrayBuffer> = new Int32Array(64);
  count = 0;
  /** The error that wins when nothing is chosen. */
  error: number = ENOENT;

  clear(): void {
    this.count = 0;
    this.error = ENOENT;
  }

  add(index: number): void {
    if (this.count === this.indexes.length) this.grow();
    this.indexes[this.count++] = index;
  }

  /** One branch instead of all so far; returns the new count. */
  only(index: number): number {
    this.indexes[0] = index;
    this.count = 1;
    return 1;
  }

  /** A branch was rejected for this reason. */
  reject(errno: number): void {
    this.error = worse_error(this.error, errno);
  }

  private grow(): void {
    const larger = new Int32Array(this.indexes.length * 2);
    larger.set(this.indexes);
    this.indexes = larger;
  }
}

/** Fills `out` and returns how many branches it chose (>= 0), or -errno. Zero is success with an empty list. */
export type Policy = (branches: BranchList, probe: Probe, out: Selection) => number;
