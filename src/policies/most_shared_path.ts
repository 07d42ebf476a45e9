// MSP, most shared path: a create rule tried where the whole parent path exists, then where its parent exists, and so on
// up to the pool root, where every branch directory counts (msplfs, msplus, mspmfs, msppfrd). It always ends (config
// spec §10.1 item 1).

import { CREATE_EXISTING } from "./filters.ts";
import type { Policy } from "./policy.ts";
import { NO_CANDIDATE, type Rule } from "./rule.ts";

/** A create policy. It leaves the probe at the level where it stopped. */
export function most_shared_path(rule: Rule): Policy {
  return function choose_most_shared(branches, probe, out) {
    out.clear();
    for (;;) {
      const count = rule(branches, probe, out, CREATE_EXISTING);
      if (count > 0) return count;
      // Zero: there were candidates, but all are full; going up would not change that.
      if (count !== NO_CANDIDATE || !probe.up()) return -out.error;
    }
  };
}
