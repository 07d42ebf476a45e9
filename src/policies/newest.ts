// NEWEST: the branch where the path was modified last, in whole seconds, the last of equals (newest).

import type { BranchList } from "../branches/branch.ts";
import type { Filter } from "./filters.ts";
import type { Probe, Selection } from "./policy.ts";
import { NO_CANDIDATE } from "./rule.ts";

/** A Rule. An older branch is passed over before its space is looked at, and contributes no error (config spec §6.5). */
export function newest(branches: BranchList, probe: Probe, out: Selection, filter: Filter): number {
  let chosen = -1, newest_s = -Infinity;
  for (let index = 0; index < branches.length; index++) {
    const branch = branches[index]!;
    const refused = filter.admit(branch, index, probe);
    if (refused !== 0) {
      out.reject(refused);
      continue;
    }
    const mtime_s = probe.mtime_s();
    if (mtime_s < newest_s) continue;
    const errno = filter.space(branch, index, probe);
    if (errno !== 0) {
      out.reject(errno);
      continue;
    }
    chosen = index;
    newest_s = mtime_s;
  }
  return chosen < 0 ? NO_CANDIDATE : out.only(chosen);
}
