// The lasting numbers of branches (state/branch_texts.ts) beside the list in force, and the branch behind a number.
import { hash_result, rapidhash } from "../../base/rapidhash.ts";
import { BranchList } from "../../branches/branch.ts";
import { BranchTexts } from "../../state/branch_texts.ts";

/** What a handle's branch number stands for. */
export interface KnownBranch {
  readonly path: Uint8Array<ArrayBuffer>;
  readonly seed_low: number;
  readonly seed_high: number;
}

/** One worker's knowledge of branch numbers. */
export class BranchIds {
  private ids: number[] = [];
  private readonly known = new Map<number, KnownBranch>();

  constructor(private readonly texts: BranchTexts) {}

  set_branches(branches: BranchList): void {
    this.ids = branches.map((branch) => this.texts.intern(branch.path));
  }

  /** The lasting number of the branch at that index of the present list. */
  id_of(index: number): number {
    return this.ids[index]!;
  }

  branch_of(id: number): KnownBranch {
    const kept = this.known.get(id);
    if (kept !== undefined) return kept;
    const path = this.texts.path_of(id);
    rapidhash(path, 0, path.length, 0, 0);
    const branch = { path, seed_low: hash_result[0]!, seed_high: hash_result[1]! };
    this.known.set(id, branch);
    return branch;
  }
}
