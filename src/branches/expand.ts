// From the patterns of a branch list to branches: glob, then realpath (config spec §4.2).

import type { BranchFiles } from "./branch_files.ts";
import type { BranchSpec } from "./branch.ts";
import type { BranchPattern } from "./grammar.ts";

/** Takes one sentence about something that a person may want to know: a branch that is missing, or no directory. */
export type BranchLog = (message: string) => void;

/** All branches of the patterns, in order. Never fails: what is missing stays in the list and works once it appears. */
export function expand_patterns(patterns: readonly BranchPattern[], files: BranchFiles, log: BranchLog): BranchSpec[] {
  return patterns.flatMap((pattern) => expand_pattern(pattern, files, log));
}

function expand_pattern(pattern: BranchPattern, files: BranchFiles, log: BranchLog): BranchSpec[] {
  let paths = files.glob(pattern.pattern);
  if (paths.length === 0) {
    log(`Branch "${pattern.pattern}" does not exist; it joins the pool once it appears.`);
    paths = [pattern.pattern];
  }
  const specs: BranchSpec[] = [];
  for (const path of paths) {
    const canonical = files.realpath(path);
    if (canonical !== undefined && files.is_no_directory(canonical)) {
      log(`Branch "${path}" is left out: it is not a directory.`);
      continue;
    }
    const { mode, own_minfreespace } = pattern;
    specs.push({ text: canonical ?? path, mode, own_minfreespace, canonical: canonical !== undefined });
  }
  return specs;
}
