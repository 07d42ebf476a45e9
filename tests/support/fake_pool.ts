// A pool of branches without any file system, for tests and benchmarks of policies.

import { type Branch, type BranchList, make_branches, MODE_RW } from "../../src/branches/branch.ts";
import type { Probe } from "../../src/policies/policy.ts";

/** One branch: what its probe answers. */
export interface FakeBranch {
  readonly mode?: number;
  readonly minfreespace?: number;
  /** How many levels up the path exists: 0 the path itself, 1 its parent and above …, Infinity nowhere. */
  readonly exists_from?: number;
  readonly mtime_s?: number;
  /** undefined: statvfs fails. */
  readonly available?: number | undefined;
  readonly used?: number;
  readonly read_only?: boolean;
}

/** Branches "/b0", "/b1" …, in order. */
export function fake_branches(pool: readonly FakeBranch[]): BranchList {
  return make_branches(
    pool.map((branch, index) => ({
      text: `/b${index}`,
      mode: branch.mode ?? MODE_RW,
      own_minfreespace: BigInt(branch.minfreespace ?? 0),
      canonical: true,
    })),
    0n,
  );
}

/** Answers from a pool, and counts the questions. */
export class FakeProbe implements Probe {
  available_bytes = 0;
  used_bytes = 0;
  read_only = false;
  level = 0;
  /** Every question in its order: "e0" existence on branch 0, "s0" its space, "up". */
  readonly calls: string[] = [];
  #mtime_s = 0;

  constructor(readonly pool: readonly FakeBranch[], readonly levels = 0) {}

  exists(_branch: Branch, index: number): boolean {
    this.calls.push(`e${index}`);
    const branch = this.pool[index]!;
    this.#mtime_s = branch.mtime_s ?? 0;
    return this.level >= (branch.exists_from ?? 0);
  }

  mtime_s(): number {
    return this.#mtime_s;
  }

  space(_branch: Branch, index: number): boolean {
    this.calls.push(`s${index}`);
    const branch = this.pool[index]!;
    if ("available" in branch && branch.available === undefined) return false;
    this.available_bytes = branch.available ?? 100;
    this.used_bytes = branch.used ?? 0;
    this.read_only = branch.read_only ?? false;
    return true;
  }

  up(): boolean {
    if (this.level === this.levels) return false;
    this.level++;
    this.calls.push("up");
    return true;
  }
}

/** A small seeded generator of numbers from 0 up to 1 (mulberry32), for tests that draw. */
export function seeded_random(seed: number): () => number {
  let state = seed;
  return function next() {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
