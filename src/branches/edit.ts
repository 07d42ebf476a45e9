// Applies a text of the option "branches" to a list of branches (config spec §4.1). All or nothing: a list is never
// changed in place.

import { EINVAL, ENOENT } from "../base/errno.ts";
import { BRANCHES_MAX } from "../base/limits.ts";
import { bad, good, type Parsed } from "../base/parsed.ts";
import type { BranchSpec } from "./branch.ts";
import { expand_patterns, type Lookup } from "./expand.ts";
import { fnmatch } from "./fnmatch.ts";
import {
  APPEND,
  parse_branch_list,
  PREPEND,
  REMOVE_FIRST,
  REMOVE_LAST,
  REMOVE_MATCHING,
  split_instruction,
} from "./grammar.ts";

type Specs = readonly BranchSpec[];

/** The list after the edit, or what is wrong with the text. */
export function edit_branches(current: Specs, text: string, lookup: Lookup): Parsed<Specs> {
  const split = split_instruction(text);
  if (!split.ok) return split;
  const { instruction, list } = split.value;
  switch (instruction) {
    case REMOVE_MATCHING:
      return good(without_matching(current, list));
    case REMOVE_FIRST:
      return current.length === 0 ? nothing_to_remove() : good(current.slice(1));
    case REMOVE_LAST:
      return current.length === 0 ? nothing_to_remove() : good(current.slice(0, -1));
    default:
      return with_added(current, instruction, list, lookup);
  }
}

function nothing_to_remove(): Parsed<Specs> {
  return bad(ENOENT, "the branch list is empty, there is nothing to remove");
}

function without_matching(current: Specs, list: string): Specs {
  if (list === "") return current;
  const patterns = list.split(":");
  return current.filter((branch) => !patterns.some((pattern) => fnmatch(pattern, branch.text)));
}

function with_added(current: Specs, instruction: string, list: string, lookup: Lookup): Parsed<Specs> {
  const patterns = parse_branch_list(list);
  if (!patterns.ok) return patterns;
  const expanded = expand_patterns(patterns.value, lookup);
  if (!expanded.ok) return expanded;
  const added = expanded.value;
  const result = instruction === APPEND
    ? [...current, ...added]
    : instruction === PREPEND
    ? [...added, ...current]
    : added;
  if (result.length > BRANCHES_MAX) {
    return bad(EINVAL, `${result.length} branches are too many`, `the most is ${BRANCHES_MAX}`);
  }
  return good(result);
}
