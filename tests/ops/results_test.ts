// One answer out of the results of several branches: the rules of operations §3.4, on results alone.

import { assertEquals } from "@std/assert";
import { EEXIST, EIO, EMFILE, ENOENT, ENOTEMPTY, EPERM } from "../../src/base/errno.ts";
import { BranchResults } from "../../src/ops/common/results.ts";

type Rule = (results: BranchResults) => number;

function answer(rule: Rule, values: readonly number[]): number {
  const results = new BranchResults();
  values.forEach((value, index) => results.add(index, value));
  return rule(results);
}

function test_rule(name: string, rule: Rule, cases: readonly (readonly [values: number[], answer: number])[]): void {
  Deno.test(name, () => {
    for (const [values, wanted] of cases) assertEquals(answer(rule, values), wanted, `of ${values}`);
  });
}

test_rule("R1: all succeeded, the first error of none, or the branch that is asked", (results) => {
  const result = results.all_or_nothing();
  return result <= 0 ? result : results.of_branch(1);
}, [
  [[], -ENOENT],
  [[0, 0], 0],
  [[-EIO, -EPERM], -EIO],
  [[0, -EPERM], -EPERM],
  [[-EPERM, 0], 0],
  // A length or a descriptor is a success like any other.
  [[-EPERM, 7], 0],
]);

test_rule("R1: the branch that is asked was not acted on", (results) => results.of_branch(5), [[[0, -EIO], -ENOENT]]);

test_rule("R2: any success, else the first error", (results) => results.any_success(), [
  [[], -ENOENT],
  [[-EIO, 3, -EPERM], 0],
  [[-EIO, -EPERM], -EIO],
]);

test_rule(
  "a listing is complete or fails: what the daemon itself lacks is the result",
  (results) => results.complete_success(),
  [
    [[0, -EMFILE], -EMFILE],
    [[0, -EIO], 0],
    [[-EIO, -EMFILE], -EMFILE],
  ],
);

test_rule("R3: not empty wins, else the last outcome", (results) => results.last_but_not_empty(), [
  [[], -ENOENT],
  [[0, 0], 0],
  [[-EPERM, 0], 0],
  [[0, -EPERM], -EPERM],
  [[-ENOTEMPTY, 0], -ENOTEMPTY],
  [[0, -ENOTEMPTY, -EPERM], -ENOTEMPTY],
  // Some filesystems say EEXIST for a directory that is not empty. The last one of the two words counts.
  [[-EEXIST, 0, -EPERM], -EEXIST],
  [[-EPERM, -EEXIST], -EEXIST],
  [[-ENOTEMPTY, -EEXIST, 0], -EEXIST],
  [[-EEXIST, -ENOTEMPTY, 0], -ENOTEMPTY],
]);

test_rule("R4: the first success, else the last error", (results) => results.success_or_last_error(), [
  [[], -ENOENT],
  [[-EIO, 0, -EPERM], 0],
  [[0, -EPERM], 0],
  [[-EPERM, -EIO], -EIO],
]);

Deno.test("more branches than usual", () => {
  const results = new BranchResults();
  for (let index = 0; index < 1000; index++) results.add(index, index === 999 ? 0 : -EIO);
  assertEquals([results.any_success(), results.has(999), results.of_branch(998)], [0, true, -EIO]);
  results.clear();
  assertEquals([results.is_empty, results.has(999)], [true, false]);
});
