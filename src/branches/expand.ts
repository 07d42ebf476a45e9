// From the patterns of a branch list to branches: glob, then realpath (config spec §4.2).

import { EINVAL } from "../base/errno.ts";
import type { Log } from "../base/log.ts";
import { bad, good, type Parsed } from "../base/parsed.ts";
import type { BranchFiles } from "./branch_files.ts";
import type { BranchSpec } from "./branch.ts";
import { unescape_pattern } from "./fnmatch.ts";
import { expand_braces } from "./glob.ts";
import type { BranchPattern } from "./grammar.ts";

/** What is looked up, and by whom. */
export interface Lookup {
  readonly files: BranchFiles;
  /** Gets one sentence about each branch that is missing (a notice), or left out (a warning). */
  readonly log: Log;
  /** Paths that must not be touched, because they lead into the pool that asks. */
  readonly is_own_mount: (path: string) => boolean;
}

/**
 * All branches of the patterns, in order. What is missing stays in the list and works once it appears. Refused is only a
 * path into the pool itself; where a wildcard finds one it is left out.
 */
export function expand_patterns(patterns: readonly BranchPattern[], lookup: Lookup): Parsed<BranchSpec[]> {
  for (const { pattern } of patterns) {
    if (!expand_braces(pattern).some((path) => lookup.is_own_mount(unescape_pattern(path)))) continue;
    const problem = `branch "${pattern}" is the mountpoint of this pool or lies inside it`;
    return bad(EINVAL, problem, "name a directory outside of the pool");
  }
  return good(patterns.flatMap((pattern) => expand_pattern(pattern, lookup)));
}

function expand_pattern(pattern: BranchPattern, { files, log, is_own_mount }: Lookup): BranchSpec[] {
  let paths = files.glob(pattern.pattern, is_own_mount);
  if (paths.length === 0) {
    log("notice", missing_text(pattern.pattern));
    paths = [pattern.pattern];
  }
  const specs: BranchSpec[] = [];
  for (const path of paths) {
    if (is_own_mount(path)) {
      log("warning", `Branch "${path}" is left out: it is the mountpoint of this pool.`);
      continue;
    }
    const canonical = files.realpath(path);
    if (canonical !== undefined && files.is_no_directory(canonical)) {
      log("warning", `Branch "${path}" is left out: it is not a directory.`);
      continue;
    }
    const { mode, own_minfreespace } = pattern;
    specs.push({ text: canonical ?? path, mode, own_minfreespace, canonical: canonical !== undefined });
  }
  return specs;
}

function missing_text(path: string): string {
  const problem = `Branch "${path}" does not exist;`;
  const size = /^(.+),([0-9]+[KMGT]?)$/i.exec(path);
  if (size !== null) return `${problem} did you mean "${size[1]}=RW,${size[2]}"?`;
  if (path.startsWith("/")) return `${problem} it joins the pool once it appears.`;
  return `${problem} a pool in the background looks for it in "/": write an absolute path.`;
}
