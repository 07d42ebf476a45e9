// docs/options.md is made from the option table; the example of docs/policies.md is played through.
// UPDATE_DOCS=1 writes the options page instead of comparing it.

import { assertEquals } from "@std/assert";
import { EROFS } from "../../src/base/errno.ts";
import { MODE_NC, MODE_RO } from "../../src/branches/branch.ts";
import { type Policy, Selection } from "../../src/policies/policy.ts";
import { use_random_source } from "../../src/policies/random_numbers.ts";
import { find_policy, POLICY_NAMES } from "../../src/policies/registry.ts";
import { fake_branches, type FakeBranch, FakeProbe } from "../support/fake_pool.ts";
import { options_page } from "../support/options_page.ts";

const OPTIONS_PAGE = new URL("../../docs/options.md", import.meta.url);
const POLICIES_PAGE = new URL("../../docs/policies.md", import.meta.url);
const DRAWS = 1000;
const GIB = 2 ** 30;

Deno.test("docs/options.md is what the option table says", () => {
  if (Deno.env.get("UPDATE_DOCS") === "1") Deno.writeTextFileSync(OPTIONS_PAGE, options_page());
  assertEquals(Deno.readTextFileSync(OPTIONS_PAGE), options_page());
});

/** The pool of the page; `level` is how many levels up the path exists. */
function example_pool(levels: readonly number[]): FakeBranch[] {
  const rows: FakeBranch[] = [
    { available: 400, used: 600 },
    { available: 150, used: 350, mtime_s: 5 },
    { available: 900, used: 1100, mtime_s: 6 },
    { available: 3000, used: 1000, mtime_s: 7, mode: MODE_NC },
    { available: 500, used: 500, mtime_s: 8, mode: MODE_RO },
  ];
  return rows.map((row, index) => ({
    ...row,
    available: row.available! * GIB,
    used: row.used! * GIB,
    minfreespace: 4 * GIB,
    exists_from: levels[index]!,
  }));
}

/** The cell of a table: one branch, several if `all`, shares of branches, or an error. */
function outcome(policy: Policy, pool: readonly FakeBranch[], all: boolean): string {
  const counts = new Map<string, number>();
  let draw = 0;
  use_random_source(() => (draw + 0.5) / DRAWS);
  for (; draw < DRAWS; draw++) {
    const out = new Selection();
    const result = policy(fake_branches(pool), new FakeProbe(pool, 2), out);
    const names = [...out.indexes.subarray(0, all ? out.count : 1)].map((index) => "abcde"[index]!);
    const shown = result === -EROFS ? "EROFS" : names.join(", ");
    counts.set(shown, (counts.get(shown) ?? 0) + 1);
  }
  use_random_source(undefined);
  if (counts.size === 1) return [...counts.keys()][0]!;
  return [...counts].sort().map(([name, count]) => `${name} ${Math.round(count * 100 / DRAWS)} %`).join(", ");
}

/** The rows of the page's table whose second column is called so: the names in the first cell, and the next two cells. */
function table_rows(second_column: string): { names: string[]; cells: string[] }[] {
  const lines = Deno.readTextFileSync(POLICIES_PAGE).split("\n");
  const head = lines.findIndex((line) => line.startsWith(`| policy | ${second_column} |`));
  const rows: { names: string[]; cells: string[] }[] = [];
  for (let at = head + 2; lines[at]!.startsWith("|"); at++) {
    const cells = lines[at]!.split("|").map((cell) => cell.trim());
    rows.push({ names: cells[1]!.replaceAll("`", "").split(", "), cells: cells.slice(2, 4) });
  }
  assertEquals(rows.flatMap(({ names }) => names).sort(), POLICY_NAMES, "every policy stands in one row");
  return rows;
}

Deno.test("the example of docs/policies.md is what the policies do: new files", () => {
  const in_films = example_pool([1, 0, 0, 0, 0]);
  const in_2024 = example_pool([2, 1, 1, 1, 0]);
  for (const { names, cells } of table_rows("`films/new.mkv`")) {
    for (const name of names) {
      const { create } = find_policy(name)!;
      assertEquals(cells, [outcome(create, in_films, false), outcome(create, in_2024, false)], name);
    }
  }
});

Deno.test("the example of docs/policies.md is what the policies do: changing and reading", () => {
  const pool = example_pool([1, 0, 0, 0, 0]);
  for (const { names, cells } of table_rows("changed")) {
    for (const name of names) {
      const { action, search } = find_policy(name)!;
      assertEquals(cells, [outcome(action, pool, true), outcome(search, pool, false)], name);
    }
  }
});
