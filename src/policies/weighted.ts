// WEIGHTED: a random branch, as likely as its share of the available space (pfrd, eppfrd, msppfrd).

import { ENOSPC } from "../base/errno.ts";
import type { BranchList } from "../branches/branch.ts";
import { type Filter, rejection } from "./filters.ts";
import type { Probe, Selection } from "./policy.ts";
import { NO_CANDIDATE } from "./rule.ts";
import { random_below } from "./random_numbers.ts";

/** Available bytes of the candidates of the current call. */
let weights = new Float64Array(64);

function remember_weight(at: number, bytes: number): void {
  if (at === weights.length) {
    const larger = new Float64Array(weights.length * 2);
    larger.set(weights);
    weights = larger;
  }
  weights[at] = bytes;
}

/**
 * A Rule. Returns 0 when there are candidates but not a byte of space among them (config spec §6.5). What is to be made then
 * fails for want of space, not because something is missing.
 */
export function weighted(branches: BranchList, probe: Probe, out: Selection, filter: Filter): number {
  let sum_bytes = 0;
  for (let index = 0; index < branches.length; index++) {
    const errno = rejection(filter, branches[index]!, index, probe);
    if (errno !== 0) {
      out.reject(errno);
      continue;
    }
    remember_weight(out.count, probe.available_bytes);
    out.add(index);
    sum_bytes += probe.available_bytes;
  }
  if (out.count === 0) return NO_CANDIDATE;
  if (sum_bytes === 0) {
    out.count = 0;
    out.reject(ENOSPC);
    return 0;
  }
  return out.only(draw(out, random_below(sum_bytes)));
}

/** The first candidate up to which the weights add up to the drawn number or more. */
function draw(out: Selection, drawn: number): number {
  let up_to_bytes = 0;
  for (let at = 0; at < out.count; at++) {
    up_to_bytes += weights[at]!;
    if (up_to_bytes >= drawn) return out.indexes[at]!;
  }
  return out.indexes[out.count - 1]!;
}
