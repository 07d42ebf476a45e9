// A rule chooses among the branches that a filter lets through (config spec §6.5); rule, filter and category together
// make a policy.

import type { BranchList } from "../branches/branch.ts";
import type { Filter } from "./filters.ts";
import type { Policy, Probe, Selection } from "./policy.ts";

/** No branch came through the filter. Zero means: some did, but the rule chose none (all weights are 0). */
export const NO_CANDIDATE = -1;

/** Fills `out` and returns the count, or NO_CANDIDATE; reasons of rejected branches are left in `out`. */
export type Rule = (branches: BranchList, probe: Probe, out: Selection, filter: Filter) => number;

/** A create or action policy: choosing nothing is an error. */
export function changing_policy(rule: Rule, filter: Filter): Policy {
  return function choose_for_change(branches, probe, out) {
    out.clear();
    const count = rule(branches, probe, out, filter);
    return count > 0 ? count : -out.error;
  };
}

/** A search policy: candidates of which none is chosen are success with an empty list. */
export function search_policy(rule: Rule, filter: Filter): Policy {
  return function choose_for_search(branches, probe, out) {
    out.clear();
    const count = rule(branches, probe, out, filter);
    return count >= 0 ? count : -out.error;
  };
}
