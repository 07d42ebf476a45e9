// MINAVAIL: the branch with the least available space, the last of equals (lfs, eplfs, msplfs).

import type { BranchList } from "../branches/branch.ts";
import { type Filter, rejection } from "./filters.ts";
import type { Probe, Selection } from "./policy.ts";
import { NO_CANDIDATE } from "./rule.ts";

/** A Rule. */
export function least_available(branches: BranchList, probe: Probe, out: Selection, filter: Filter): number {
  let chosen = -1, least_bytes = Infinity;
  for (let index = 0; index < branches.length; index++) {
    const errno = rejection(filter, branches[index]!, index, probe);
    if (errno !== 0) out.reject(errno);
    else if (probe.available_bytes <= least_bytes) {
      chosen = index;
      least_bytes = probe.available_bytes;
    }
  }
  return chosen < 0 ? NO_CANDIDATE : out.only(chosen);
}
