// The 21 policy names, and what each means in each category (config spec §6.6). The only place where a name is bound to
// a rule.

import { suggestion } from "../base/suggest.ts";
import { all } from "./all.ts";
import { erofs } from "./erofs.ts";
import { ACTION, CREATE, CREATE_EXISTING, SEARCH, SEARCH_SPACE } from "./filters.ts";
import { first } from "./first.ts";
import { least_available } from "./least_available.ts";
import { least_used } from "./least_used.ts";
import { least_used_share } from "./least_used_share.ts";
import { most_available } from "./most_available.ts";
import { most_shared_path } from "./most_shared_path.ts";
import { newest } from "./newest.ts";
import type { Policy } from "./policy.ts";
import { random } from "./random.ts";
import { changing_policy, type Rule, search_policy } from "./rule.ts";
import { weighted } from "./weighted.ts";

/** One name, with its meaning per category. */
export interface PolicyEntry {
  readonly name: string;
  readonly create: Policy;
  readonly action: Policy;
  readonly search: Policy;
  /** The create policy keeps to branches where the directory exists, so rename and link do too (config spec §6.4). */
  readonly path_preserving: boolean;
  /** What it does, for help and documentation. */
  readonly summary: string;
}

export type Category = "create" | "action" | "search";
export const CATEGORIES: readonly Category[] = ["action", "create", "search"];

type Variants = Pick<PolicyEntry, "action" | "search">;

function variants(rule: Rule, needs_space: boolean): Variants {
  return {
    action: changing_policy(rule, ACTION),
    search: search_policy(rule, needs_space ? SEARCH_SPACE : SEARCH),
  };
}

// Action and search always ask whether the path exists, so names that differ only in that share these.
const EVERY = variants(all, false);
const FIRST = variants(first, false);
const MOST_AVAILABLE = variants(most_available, true);
const LEAST_AVAILABLE = variants(least_available, true);
const LEAST_USED = variants(least_used, true);
const LEAST_USED_SHARE = variants(least_used_share, true);
const WEIGHTED = variants(weighted, true);
const RANDOM = variants(random, false);
const NEWEST = variants(newest, false);
const REFUSED: Variants = { action: erofs, search: erofs };

function anywhere(name: string, rule: Rule, rest: Variants, summary: string): PolicyEntry {
  return { name, create: changing_policy(rule, CREATE), ...rest, path_preserving: false, summary };
}

function existing_path(name: string, rule: Rule, rest: Variants, summary: string): PolicyEntry {
  return { name, create: changing_policy(rule, CREATE_EXISTING), ...rest, path_preserving: true, summary };
}

function shared_path(name: string, rule: Rule, rest: Variants, summary: string): PolicyEntry {
  return { name, create: most_shared_path(rule), ...rest, path_preserving: true, summary };
}

/** Sorted by name. */
export const POLICIES: readonly PolicyEntry[] = [
  anywhere("all", all, EVERY, "every branch"),
  existing_path("epall", all, EVERY, "every branch that has the path"),
  existing_path("epff", first, FIRST, "the first branch that has the path"),
  existing_path(
    "eplfs",
    least_available,
    LEAST_AVAILABLE,
    "of the branches with the path, the one with least free space",
  ),
  existing_path("eplus", least_used, LEAST_USED, "of the branches with the path, the one with least used space"),
  existing_path("epmfs", most_available, MOST_AVAILABLE, "of the branches with the path, the one with most free space"),
  existing_path("eppfrd", weighted, WEIGHTED, "of the branches with the path, a random one weighted by free space"),
  existing_path("eprand", random, RANDOM, "of the branches with the path, a random one"),
  { name: "erofs", create: erofs, ...REFUSED, path_preserving: false, summary: "none: fails as on a read-only disk" },
  anywhere("ff", first, FIRST, "the first branch"),
  anywhere("lfs", least_available, LEAST_AVAILABLE, "the branch with least free space"),
  anywhere("lup", least_used_share, LEAST_USED_SHARE, "the branch with the smallest percentage of used space"),
  anywhere("lus", least_used, LEAST_USED, "the branch with least used space"),
  anywhere("mfs", most_available, MOST_AVAILABLE, "the branch with most free space"),
  shared_path(
    "msplfs",
    least_available,
    LEAST_AVAILABLE,
    "as eplfs, else the same with the parent directory, and so on",
  ),
  shared_path("msplus", least_used, LEAST_USED, "as eplus, else the same with the parent directory, and so on"),
  shared_path("mspmfs", most_available, MOST_AVAILABLE, "as epmfs, else the same with the parent directory, and so on"),
  shared_path("msppfrd", weighted, WEIGHTED, "as eppfrd, else the same with the parent directory, and so on"),
  { ...existing_path("newest", newest, NEWEST, "the branch whose copy was modified last"), path_preserving: false },
  anywhere("pfrd", weighted, WEIGHTED, "a random branch weighted by free space"),
  anywhere("rand", random, RANDOM, "a random branch"),
];

const BY_NAME: ReadonlyMap<string, PolicyEntry> = new Map(POLICIES.map((entry) => [entry.name, entry]));

/** The names, sorted. */
export const POLICY_NAMES: readonly string[] = POLICIES.map((entry) => entry.name);

/** The entry of an exact name; undefined when there is none. */
export function find_policy(name: string): PolicyEntry | undefined {
  return BY_NAME.get(name);
}

/** What to say to someone who wrote an unknown name. */
export function policy_hint(name: string): string {
  return suggestion(name, POLICY_NAMES, `use one of ${POLICY_NAMES.join(", ")}`);
}
