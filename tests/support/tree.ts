// Compares directory trees object by object: content, modes, owners, times, links, attributes.

import { must } from "./run.ts";

const MANIFEST = new URL("./tree_manifest.py", import.meta.url).pathname;
const SHOWN_LINES = 10;

/** One line per object of the tree, sorted by path. */
export async function tree_lines(directory: string): Promise<string[]> {
  const text = await must("/usr/bin/python3", [MANIFEST, directory]);
  return text.split("\n").filter((line) => line !== "");
}

/** Fails with the first differences when the two trees are not the same. Returns how many objects each holds. */
export async function assert_same_tree(actual: string, expected: string): Promise<number> {
  const expected_lines = await tree_lines(expected);
  assert_same_lines(await tree_lines(actual), expected_lines, `${actual} differs from ${expected}`);
  return expected_lines.length;
}

/** Fails with the first differences of two lists of lines. */
export function assert_same_lines(actual: readonly string[], expected: readonly string[], what: string): void {
  const actual_set = new Set(actual);
  const expected_set = new Set(expected);
  const extra = actual.filter((line) => !expected_set.has(line)).map((line) => `+ ${line}`);
  const missing = expected.filter((line) => !actual_set.has(line)).map((line) => `- ${line}`);
  if (extra.length + missing.length === 0 && actual.length === expected.length) return;
  const shown = [...missing.slice(0, SHOWN_LINES), ...extra.slice(0, SHOWN_LINES)].join("\n");
  throw new Error(`${what}: ${missing.length} lines are missing, ${extra.length} are extra\n${shown}`);
}
