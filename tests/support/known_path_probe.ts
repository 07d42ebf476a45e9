// The probe of a worker for a path that is on every branch: no lstat is made, so that the time of decisions is left.

import { BranchProbe } from "../../src/ops/common/probe.ts";

/** Space figures come from the real cache. */
export class KnownPathProbe extends BranchProbe {
  override exists(): boolean {
    return true;
  }

  override mtime_s(): number {
    return 1_700_000_000;
  }
}
