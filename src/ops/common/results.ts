// One result per branch that an operation acted on, and the rules that make one answer of them (operations §3.4).
// The order of adding is the order of the branches.
import { EEXIST, ENOENT, ENOTEMPTY, is_shortage } from "../../base/errno.ts";

/** Results of one operation; made once per worker. */
export class BranchResults {
  private indexes = new Int32Array(64);
  private results = new Int32Array(64);
  private count = 0;

  clear(): void {
    this.count = 0;
  }

  /** @param result 0 or more, or -errno */
  add(index: number, result: number): void {
    if (this.count === this.indexes.length) this.grow();
    this.indexes[this.count] = index;
    this.results[this.count++] = result;
  }

  get is_empty(): boolean {
    return this.count === 0;
  }

  /** Whether the branch has been acted on. */
  has(index: number): boolean {
    for (let i = 0; i < this.count; i++) if (this.indexes[i] === index) return true;
    return false;
  }

  /** Rule R1, first two cases: 0 when all succeeded, the first error when all failed, 1 for a mixed outcome. */
  all_or_nothing(): number {
    let failed = 0;
    let first_error = -ENOENT;
    for (let i = 0; i < this.count; i++) {
      if (this.results[i]! >= 0) continue;
      if (failed++ === 0) first_error = this.results[i]!;
    }
    if (this.count > 0 && failed === 0) return 0;
    return failed === this.count ? first_error : 1;
  }

  /** Rule R1, third case: the result of the branch that the companion policy chose; -ENOENT when it was not acted on. */
  of_branch(index: number): number {
    for (let i = 0; i < this.count; i++) if (this.indexes[i] === index) return Math.min(0, this.results[i]!);
    return -ENOENT;
  }

  /** Rule R2: any success, else the first error; -ENOENT when nothing was acted on. */
  any_success(): number {
    for (let i = 0; i < this.count; i++) if (this.results[i]! >= 0) return 0;
    return this.count === 0 ? -ENOENT : this.results[0]!;
  }

  /**
   * The same for what must not be taken for complete when it is not: a shortage of the daemon itself (is_shortage) is the
   * result. A listing without a branch that is there would show its files as removed.
   */
  complete_success(): number {
    for (let i = 0; i < this.count; i++) if (is_shortage(this.results[i]!)) return this.results[i]!;
    return this.any_success();
  }

  /** Rule R3, rmdir: "not empty" from any branch wins, else the last outcome. */
  last_but_not_empty(): number {
    let current = -ENOENT;
    for (let i = 0; i < this.count; i++) {
      const kept = current === -ENOTEMPTY || current === -EEXIST;
      const wins = this.results[i] === -ENOTEMPTY || this.results[i] === -EEXIST;
      if (i === 0 || wins || !kept) current = this.results[i]!;
    }
    return current;
  }

  /** Rule R4, link: the first success, else the last error. */
  success_or_last_error(): number {
    let value = -ENOENT;
    for (let i = 0; i < this.count && value < 0; i++) value = this.results[i]!;
    return value;
  }

  private grow(): void {
    const indexes = new Int32Array(this.count * 2);
    const results = new Int32Array(this.count * 2);
    indexes.set(this.indexes);
    results.set(this.results);
    this.indexes = indexes;
    this.results = results;
  }
}
