// Runs the cases of tests/posix in a directory and compares two runs of them.

import { must } from "./run.ts";

const SUITE = new URL("../posix/suite.py", import.meta.url).pathname;

/** "before_read_only" fills the file system that the cases of "read_only" want; "small" wants one that is soon full. */
export type CaseGroup = "usual" | "before_read_only" | "read_only" | "small" | "privileges" | "access_lists";

/** What one case came to: the first line of its failure, and what it left in its directory. */
interface CaseResult {
  readonly failure: string | null;
  readonly tree: readonly string[];
}

export type SuiteResults = Readonly<Record<string, CaseResult>>;

/** Runs a group of cases. `other` is a directory on another file system. */
export async function posix_suite(group: CaseGroup, directory: string, other: string): Promise<SuiteResults> {
  const text = await must("/usr/bin/python3", [SUITE, group, directory, other]);
  return JSON.parse(text) as SuiteResults;
}

/** The cases that failed, with what they said. */
export function failures(results: SuiteResults): string[] {
  return Object.entries(results).filter(([, { failure }]) => failure !== null)
    .map(([name, { failure }]) => `${name}: ${failure}`);
}

/** The cases that came out otherwise than natively, each with the first thing that differs. */
export function differences(actual: SuiteResults, native: SuiteResults): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of new Set([...Object.keys(native), ...Object.keys(actual)])) {
    const difference = difference_of(actual[name], native[name]);
    if (difference !== undefined) found.set(name, difference);
  }
  return found;
}

function difference_of(actual: CaseResult | undefined, native: CaseResult | undefined): string | undefined {
  if (actual === undefined || native === undefined) return "ran on one side only";
  if (actual.failure !== native.failure) return actual.failure ?? "passed";
  const at = [...actual.tree, undefined].findIndex((line, index) => line !== native.tree[index]);
  return at < 0 || (at === native.tree.length && at === actual.tree.length)
    ? undefined
    : `left "${actual.tree[at]}" instead of "${native.tree[at]}"`;
}
