// Names, flags, and every policy in every category against what is written from config spec §6: its choice, its error, and
// what it asks.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
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
import { expected_answer, expected_calls } from "../support/policy_oracle.ts";

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

function check(name: string, category: Category, pool: readonly FakeBranch[], levels: number, out: Selection): void {
  const probe = new FakeProbe(pool, levels);
  const result = find_policy(name)![category](fake_branches(pool), probe, out);
  const expected = expected_answer(name, category, pool, levels);
  const chosen = [...out.indexes.subarray(0, out.count)];
  const shown = `${name} ${category} ${JSON.stringify(pool)}`;
  if ("error" in expected) assertEquals(result, -expected.error, shown);
  else if ("exactly" in expected) assertEquals(chosen, expected.exactly, shown);
  else assert(chosen.length === 1 && expected.one_of.includes(chosen[0]!), `${shown}: ${chosen} of ${expected.one_of}`);
  if (result >= 0) assertEquals(result, out.count, shown);
  assertEquals(probe.calls, expected_calls(name, category, pool, levels), shown);
}

for (const category of CATEGORIES) {
  for (const name of POLICY_NAMES) {
    Deno.test(`${name} (${category}) chooses as the spec says`, () => {
      const out = new Selection();
      fc.assert(
        fc.property(
          fc.array(branch, { maxLength: 6 }),
          fc.nat(3),
          (pool, levels) => check(name, category, pool, levels, out),
        ),
        { numRuns: 150 },
      );
    });
  }
}

/** Every reason for which a branch may be left out, beside branches that come through, equal or not. */
const KINDS: readonly FakeBranch[] = [
  { available: 100, used: 50, mtime_s: 5 },
  { available: 70, used: 40, mtime_s: 6 },
  { available: 0, used: 90, mtime_s: 7 },
  { available: 0, used: 0, mtime_s: 5 },
  { mode: MODE_RO, available: 100, used: 50, mtime_s: 9 },
  { mode: MODE_NC, available: 100, used: 50, mtime_s: 5 },
  { exists_from: 1, available: 100, used: 50, mtime_s: 5 },
  { exists_from: Infinity, available: 200, used: 1, mtime_s: 9 },
  { available: undefined, mtime_s: 8 },
  { read_only: true, available: 300, used: 0, mtime_s: 8 },
  { available: 60, used: 50, minfreespace: 61, mtime_s: 8 },
  { available: 60, used: 50, minfreespace: 60, mtime_s: 5 },
];

for (const category of CATEGORIES) {
  Deno.test(`every policy with every pool of up to three kinds of branches (${category})`, () => {
    const out = new Selection();
    const pools = KINDS.flatMap((a) => [[a], ...KINDS.flatMap((b) => [[a, b], ...KINDS.map((c) => [a, b, c])])]);
    for (const name of POLICY_NAMES) {
      for (const pool of [[], ...pools]) check(name, category, pool, 2, out);
    }
  });
}
