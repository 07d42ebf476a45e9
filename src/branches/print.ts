// A branch list as text, as the option "branches" reads back (config spec §4.3).

import { humanise } from "../base/size.ts";
import { type BranchSpec, MODE_WORDS } from "./branch.ts";

/** `path=MODE`, with `,SIZE` where the branch has its own threshold. */
export function print_branch(spec: Pick<BranchSpec, "text" | "mode" | "own_minfreespace">): string {
  const own = spec.own_minfreespace === undefined ? "" : `,${humanise(spec.own_minfreespace)}`;
  return `${spec.text}=${MODE_WORDS[spec.mode]}${own}`;
}

/** All branches, joined with ":"; empty when there is none. */
export function print_branches(specs: readonly BranchSpec[]): string {
  return specs.map(print_branch).join(":");
}

/** The paths only, as the hidden key "srcmounts" reads back (config spec §1.12.2). */
export function print_branch_paths(specs: readonly BranchSpec[]): string {
  return specs.map((spec) => spec.text).join(":");
}
