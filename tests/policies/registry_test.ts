// Names, flags, and every policy in every category against a slow model written from config spec §6.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { ENOENT, ENOSPC, EROFS } from "../../src/base/errno.ts";
import { MODE_NC, MODE_RO, MODE_RW } from "../../src/branches/branch.ts";
import { Selection } from "../../src/policies/policy.ts";
import {
  CATEGORIES,
  type Category,
  find_policy,
  POLICIES,
  policy_hint,
  POLICY_NAMES,
} from "../../src/policies/registry.ts";
import { fake_branches, type FakeBranch, FakeProbe } from "../support/fake_pool.ts";

const NAMES =
  "all epall epff eplfs eplus epmfs eppfrd eprand erofs ff lfs lup lus mfs msplfs msplus mspmfs msppfrd newest pfrd rand";
const PATH_PRESERVING = "epall epff eplfs eplus epmfs eppfrd eprand msplfs msplus mspmfs msppfrd";

Deno.test("the 21 names and their flag", () => {
  assertEquals(POLICY_NAMES.join(" "), NAMES);
  assertEquals(
    POLICIES.filter((policy) => policy.path_preserving).map((policy) => policy.name).join(" "),
    PATH_PRESERVING,
  );
  assertEquals(find_policy("MFS"), undefined);
  assertEquals(find_policy(""), undefined);
});

Deno.test("an unknown name gets a hint", () => {
  assertEquals(policy_hint("mfz"), 'did you mean "mfs"?');
  assert(policy_hint("xxxxx").startsWith("use one of all, epall"));
});

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

type Answer = { error: number } | { one_of: number[] } | { exactly: number[] };

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
    return category === "search" ? { exactly: [] } : { error: RANK[error]! };
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

function model(name: string, category: Category, pool: readonly FakeBranch[], levels: number): Answer {
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

// Sums of two stay below 2^53 bytes, where numbers are exact.
const small = fc.constantFrom(0, 1, 2, 50, 100, 2 ** 51, 2 ** 51 + 1);
const branch: fc.Arbitrary<FakeBranch> = fc.record({
  mode: fc.constantFrom(MODE_RW, MODE_RW, MODE_RW, MODE_RO, MODE_NC),
  exists_from: fc.constantFrom(0, 0, 0, 1, 2, Infinity),
  mtime_s: fc.constantFrom(-1, 0, 7, 7, 8),
  available: fc.option(small, { nil: undefined, freq: 6 }),
  used: small,
  read_only: fc.constantFrom(false, false, false, true),
  minfreespace: fc.constantFrom(0, 0, 50, 101),
});

for (const category of CATEGORIES) {
  for (const name of POLICY_NAMES) {
    Deno.test(`${name} (${category}) chooses as the spec says`, () => {
      const policy = find_policy(name)![category];
      const out = new Selection();
      fc.assert(
        fc.property(fc.array(branch, { maxLength: 6 }), fc.nat(3), (pool, levels) => {
          const probe = new FakeProbe(pool, levels);
          const result = policy(fake_branches(pool), probe, out);
          const expected = model(name, category, pool, levels);
          const chosen = [...out.indexes.subarray(0, out.count)];
          if ("error" in expected) assertEquals(result, -expected.error);
          else if ("exactly" in expected) assertEquals(chosen, expected.exactly);
          else assert(chosen.length === 1 && expected.one_of.includes(chosen[0]!), `${chosen} of ${expected.one_of}`);
          if (result >= 0) assertEquals(result, out.count);
        }),
        { numRuns: 150 },
      );
    });
  }
}
