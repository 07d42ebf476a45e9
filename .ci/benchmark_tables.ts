// Makes the tables of docs/benchmarks.md from what `deno bench --json` prints. Run: make bench

import { CATEGORIES, POLICY_NAMES } from "../src/policies/registry.ts";

interface Measured {
  readonly group: string | null;
  readonly name: string;
  readonly results: readonly { readonly ok?: { readonly min: number } }[];
}

interface Report {
  readonly runtime: string;
  readonly cpu: string;
  readonly benches: readonly Measured[];
}

const report: Report = await new Response(Deno.stdin.readable).json();

/** Nanoseconds: the least of the averages of some ten batches, so that other work on the machine counts little. */
function nanoseconds(group: string, name: string): string {
  const found = report.benches.find((bench) => bench.group === group && bench.name === name);
  const least = found?.results[0]?.ok?.min;
  if (least === undefined) throw new Error(`"${name}" of group "${group}" was not measured`);
  return Math.round(least).toString();
}

function print_policies(): void {
  const counts = [...new Set(report.benches.map(({ group }) => Number(group)))].filter((count) => count > 0).sort((
    a,
    b,
  ) => a - b);
  console.log(`| policy | ${counts.map((count) => `${count} branch${count === 1 ? "" : "es"}`).join(" | ")} |`);
  console.log(`| --- |${" --- |".repeat(counts.length)}`);
  for (const policy of POLICY_NAMES) {
    const cells = counts.map((count) =>
      CATEGORIES.map((category) => nanoseconds(`${count}`, `${policy} ${category}`)).join(" / ")
    );
    console.log(`| \`${policy}\` | ${cells.join(" | ")} |`);
  }
}

function print_others(): void {
  console.log("| | ns |\n| --- | --- |");
  for (const { group, name } of report.benches) {
    if (group === "hash") console.log(`| ${name} | ${nanoseconds(group, name)} |`);
  }
}

console.log(`${report.runtime}, ${report.cpu}, ${navigator.hardwareConcurrency} CPUs\n`);
console.log(`Nanoseconds per decision (${CATEGORIES.join(" / ")}):\n`);
print_policies();
console.log("\nNanoseconds per inode number:\n");
print_others();
