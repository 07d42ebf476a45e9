// FIRST: the first branch that comes through (ff, epff). Later branches are not probed.

import type { BranchList } from "../branches/branch.ts";
import { type Filter, rejection } from "./filters.ts";
import type { Probe, Selection } from "./policy.ts";
import { NO_CANDIDATE } from "./rule.ts";

/** A Rule. */
export function first(branches: BranchList, probe: Probe, out: Selection, filter: Filter): number {
  for (let index = 0; index < branches.length; index++) {
    const errno = rejection(filter, branches[index]!, index, probe);
    if (errno === 0) return out.only(index);
    out.reject(errno);
  }
  return NO_CANDIDATE;
}
