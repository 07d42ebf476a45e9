// EROFS: the pool answers as if it were read-only (erofs).

import { EROFS } from "../base/errno.ts";
import type { BranchList } from "../branches/branch.ts";
import type { Probe, Selection } from "./policy.ts";

/** A Policy, for every category. */
export function erofs(_branches: BranchList, _probe: Probe, out: Selection): number {
  out.clear();
  return -EROFS;
}
