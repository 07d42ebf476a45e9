// MINPCT: the branch with the smallest share of used space, the first of equals (lup).

import type { BranchList } from "../branches/branch.ts";
import { type Filter, rejection } from "./filters.ts";
import type { Probe, Selection } from "./policy.ts";
import { NO_CANDIDATE } from "./rule.ts";

/** 2^27 + 1: splits the 53 bits of a number into two halves, whose products are exact. */
const SPLITTER = 134217729;

/** What rounding took from the product: a * b is exactly `product` plus this (Dekker's product). */
function rounded_away(a: number, b: number, product: number): number {
  const shifted_a = SPLITTER * a, shifted_b = SPLITTER * b;
  const high_a = shifted_a - (shifted_a - a), high_b = shifted_b - (shifted_b - b);
  const low_a = a - high_a, low_b = b - high_b;
  return ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b;
}

/**
 * used_a / total_a < used_b / total_b, by cross multiplication, exactly. Rounding keeps the order of two products, so only
 * products that come out equal need what was rounded away.
 */
export function has_smaller_share(used_a: number, total_a: number, used_b: number, total_b: number): boolean {
  const left = used_a * total_b, right = used_b * total_a;
  if (left !== right || left < Number.MAX_SAFE_INTEGER) return left < right;
  return rounded_away(used_a, total_b, left) < rounded_away(used_b, total_a, right);
}

/** A Rule. */
export function least_used_share(branches: BranchList, probe: Probe, out: Selection, filter: Filter): number {
  let chosen = -1, used_bytes = 0, total_bytes = 1;
  for (let index = 0; index < branches.length; index++) {
    const errno = rejection(filter, branches[index]!, index, probe);
    if (errno !== 0) {
      out.reject(errno);
      continue;
    }
    // A branch without any space counts as 0 % used.
    const used = probe.used_bytes, total = used + probe.available_bytes || 1;
    if (chosen >= 0 && !has_smaller_share(used, total, used_bytes, total_bytes)) continue;
    chosen = index;
    used_bytes = used;
    total_bytes = total;
  }
  return chosen < 0 ? NO_CANDIDATE : out.only(chosen);
}
