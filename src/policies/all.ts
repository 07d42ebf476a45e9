// ALL: every branch that comes through, in order (all, epall).

import type { BranchList } from "../branches/branch.ts";
import { type Filter, rejection } from "./filters.ts";
import type { Probe, Selection } from "./policy.ts";
import { NO_CANDIDATE } from "./rule.ts";

/** A Rule. */
export function all(branches: BranchList, probe: Probe, out: Selection, filter: Filter): number {
  for (let index = 0; index < branches.length; index++) {
    const errno = rejection(filter, branches[index]!, index, probe);
    if (errno === 0) out.add(index);
    else out.reject(errno);
  }
  return out.count > 0 ? out.count : NO_CANDIDATE;
}
