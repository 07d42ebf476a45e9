// What config spec §6 says a policy chooses, written from the spec and slow: the expected values of the tests of policies.

import { ENOENT, ENOSPC, EROFS } from "../../src/base/errno.ts";
import { MODE_RO, MODE_RW } from "../../src/branches/branch.ts";
import type { Category } from "../../src/policies/registry.ts";
import type { FakeBranch } from "./fake_pool.ts";

/** Rule of a policy, and whether its create variant asks for the path (e), climbs (m) or does neither (a). */
const TABLE: Readonly<Record<string, readonly [rule: string, create: "a" | "e" | "m"]>> = {
  all: ["ALL", "a"],
  epall: ["ALL", "e"],
  epff: ["FIRST", "e"],
  ff: ["FIRST", "a"],
  epmfs: ["MAXAVAIL", "e"],
  mfs: ["MAXAVAIL", "a"],
  eplfs: ["MINAVAIL", "e"],
  lfs: ["MINAVAIL", "a"],
  eplus: ["MINUSED", "e"],
  lus: ["MINUSED", "a"],
  lup: ["MINPCT", "a"],
  eppfrd: ["WEIGHTED", "e"],
  pfrd: ["WEIGHTED", "a"],
  eprand: ["RANDOM", "e"],
  rand: ["RANDOM", "a"],
  newest: ["NEWEST", "e"],
  msplfs: ["MINAVAIL", "m"],
  msplus: ["MINUSED", "m"],
  mspmfs: ["MAXAVAIL", "m"],
  msppfrd: ["WEIGHTED", "m"],
};

const RANK = [ENOENT, ENOSPC, EROFS];
const NEEDS_SPACE = ["MAXAVAIL", "MINAVAIL", "MINUSED", "MINPCT", "WEIGHTED"];

function rejected(
  pool: FakeBranch,
  category: Category,
  asks_path: boolean,
  needs_space: boolean,
  level: number,
): number[] {
  const { mode = MODE_RW, exists_from = 0, minfreespace = 0, read_only = false } = pool;
  const fails = "available" in pool && pool.available === undefined;
  const available = pool.available ?? 100;
  const checks: [boolean, number][] = category === "search"
    ? [[level < exists_from, ENOENT], [needs_space && fails, ENOENT]]
    : category === "action"
    ? [[mode === MODE_RO, EROFS], [level < exists_from, ENOENT], [fails, ENOENT], [read_only, EROFS]]
    : [
      [mode !== MODE_RW, EROFS],
      [asks_path && level < exists_from, ENOENT],
      [fails, ENOENT],
      [read_only, EROFS],
      [available < minfreespace, ENOSPC],
    ];
  return checks.filter(([is_true]) => is_true).map(([, errno]) => errno).slice(0, 1);
}

/** An error (positive), these branches in this order, or any one of these. */
export type Answer = { error: number } | { one_of: number[] } | { exactly: number[] };

/** What config spec §6 says for one level, for every rule but NEWEST. */
function model_level(
  pool: readonly FakeBranch[],
  rule: string,
  category: Category,
  asks: boolean,
  level: number,
): Answer {
  const space = NEEDS_SPACE.includes(rule);
  const reasons = pool.map((branch) => rejected(branch, category, asks, space, level));
  const error = Math.max(0, ...reasons.flat().map((errno) => RANK.indexOf(errno)));
  const candidates = pool.map((_, index) => index).filter((index) => reasons[index]!.length === 0);
  if (candidates.length === 0) return { error: RANK[error]! };
  const available = (index: number) => BigInt(pool[index]!.available ?? 100);
  const used = (index: number) => BigInt(pool[index]!.used ?? 0);
  const total = (index: number) => used(index) + available(index) || 1n;
  const better: Record<string, (a: number, b: number) => boolean> = {
    MAXAVAIL: (a, b) => available(a) >= available(b),
    MINAVAIL: (a, b) => available(a) <= available(b),
    MINUSED: (a, b) => used(a) < used(b),
    MINPCT: (a, b) => used(a) * total(b) < used(b) * total(a),
    FIRST: () => false,
  };
  if (rule === "ALL") return { exactly: candidates };
  if (rule === "RANDOM") return { one_of: candidates };
  if (rule === "WEIGHTED") {
    const weighty = candidates.filter((index) => available(index) > 0n);
    if (weighty.length > 0) return { one_of: [...weighty, candidates[0]!] };
    // ENOSPC is ours: the specification has ENOENT here, whatever the reason.
    return category === "search" ? { exactly: [] } : { error: RANK[Math.max(error, RANK.indexOf(ENOSPC))]! };
  }
  return { exactly: [candidates.reduce((best, index) => better[rule]!(index, best) ? index : best)] };
}

function model_newest(pool: readonly FakeBranch[], category: Category): Answer {
  let best = -Infinity, chosen = -1, error = 0;
  for (const [index, branch] of pool.entries()) {
    const path_only = category === "search" ? branch : { ...branch, available: 100, read_only: false, minfreespace: 0 };
    const early = rejected(path_only, category, true, false, 0);
    const reasons = early.length > 0
      ? early
      : (branch.mtime_s ?? 0) < best
      ? undefined
      : rejected(branch, category, true, false, 0);
    if (reasons === undefined) continue;
    if (reasons.length > 0) error = Math.max(error, RANK.indexOf(reasons[0]!));
    else [best, chosen] = [branch.mtime_s ?? 0, index];
  }
  return chosen < 0 ? { error: RANK[error]! } : { exactly: [chosen] };
}

/** What the policy may answer; `levels` is how many directories lie above the path. */
export function expected_answer(name: string, category: Category, pool: readonly FakeBranch[], levels: number): Answer {
  if (name === "erofs") return { error: EROFS };
  const [rule, create] = TABLE[name]!;
  if (rule === "NEWEST") return model_newest(pool, category);
  if (category !== "create" || create !== "m") return model_level(pool, rule, category, create === "e", 0);
  let worst = 0;
  for (let level = 0; level <= levels; level++) {
    const answer = model_level(pool, rule, category, true, level);
    if (!("error" in answer)) return answer;
    worst = Math.max(worst, RANK.indexOf(answer.error));
    // A list of full branches ends the climb.
    if (pool.some((branch) => rejected(branch, category, true, true, level).length === 0)) break;
  }
  return { error: RANK[worst]! };
}

/**
 * The questions that the spec needs answered, in their order: "e0" does the path exist on branch 0, "s0" its space, "up" one
 * level up. Nothing that a check before has decided is asked, and nothing at all once the rule has decided.
 */
export function expected_calls(
  name: string,
  category: Category,
  pool: readonly FakeBranch[],
  levels: number,
): string[] {
  if (name === "erofs") return [];
  const [rule, create] = TABLE[name]!;
  const asks_path = category !== "create" || create !== "a";
  const calls: string[] = [];
  for (let level = 0; level <= levels; level++) {
    const found = calls_of_level(calls, pool, rule, category, asks_path, level);
    if (found || category !== "create" || create !== "m") break;
    if (level < levels) calls.push("up");
  }
  return calls;
}

/** Appends the calls of one level; whether there was a candidate. */
function calls_of_level(
  calls: string[],
  pool: readonly FakeBranch[],
  rule: string,
  category: Category,
  asks_path: boolean,
  level: number,
): boolean {
  const needs_space = category !== "search" || NEEDS_SPACE.includes(rule);
  let found = false, newest_s = -Infinity;
  for (const [index, branch] of pool.entries()) {
    const mode = branch.mode ?? MODE_RW;
    if (category === "create" ? mode !== MODE_RW : category === "action" && mode === MODE_RO) continue;
    if (asks_path) calls.push(`e${index}`);
    if (asks_path && level < (branch.exists_from ?? 0)) continue;
    const mtime_s = branch.mtime_s ?? 0;
    if (rule === "NEWEST" && mtime_s < newest_s) continue;
    if (needs_space) calls.push(`s${index}`);
    if (rejected(branch, category, asks_path, NEEDS_SPACE.includes(rule), level).length > 0) continue;
    found = true;
    newest_s = mtime_s;
    if (rule === "FIRST") break;
  }
  return found;
}
