// RANDOM: any of the branches that come through, all equally likely (rand, eprand).

import type { BranchList } from "../branches/branch.ts";
import { all } from "./all.ts";
import type { Filter } from "./filters.ts";
import type { Probe, Selection } from "./policy.ts";
import { random_below } from "./random_numbers.ts";
import { NO_CANDIDATE } from "./rule.ts";

/** A Rule. */
export function random(branches: BranchList, probe: Probe, out: Selection, filter: Filter): number {
  const count = all(branches, probe, out, filter);
  return count <= 0 ? NO_CANDIDATE : out.only(out.indexes[random_below(count)]!);
}
