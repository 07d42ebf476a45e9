// The scenario tables of the operations specification (§30) as data: what lies on each branch, one call, its result, and
// what lies on each branch afterwards.

import { assertEquals } from "@std/assert";
import { MIB } from "./branch_disks.ts";
import { type Pool, type PoolSetup, with_pool } from "./mount.ts";
import { must, python, shell } from "./run.ts";

const DISK_BYTES = 4 * MIB;

/** What lies on one branch: paths, "x/" for a directory; parents need not be named. A file holds "branch N: path". */
export type Content = readonly string[];

export interface Scenario {
  readonly name: string;
  /** Modes of the branches, "RW" where missing. */
  readonly modes?: readonly ("RW" | "RO" | "NC")[];
  /** Options of the mount beside the usual ones. */
  readonly options?: string;
  readonly before: readonly Content[];
  /** Paths that are made immutable on each branch, "." for its root. */
  readonly immutable?: readonly Content[];
  /** Python, run inside the pool; the value is the result. All names of calls.py are in scope. */
  readonly call: string;
  readonly result: unknown;
  readonly after: readonly Content[];
}

/** Registers one test per row. Branches are ext4, because not every kernel has immutable files on a tmpfs. */
export function test_scenarios(table: string, scenarios: readonly Scenario[]): void {
  for (const scenario of scenarios) {
    Deno.test(`${table}: ${scenario.name}`, () =>
      with_scenario(scenario, async (pool) => {
        const result = await python(`os.chdir(sys.argv[1]); show(${scenario.call})`, [pool.mountpoint]);
        assertEquals(result, scenario.result);
        for (const [at, branch] of pool.branches.entries()) {
          assertEquals(await content_of(branch), with_parents(scenario.after[at]!), `branch ${at}`);
        }
      }));
  }
}

/** Mounts a pool over branches that hold what the scenario says. */
export async function with_scenario(
  scenario: Pick<Scenario, "modes" | "options" | "before" | "immutable">,
  body: (pool: Pool) => Promise<void>,
): Promise<void> {
  const branches = scenario.before.map((_, at) => ({
    kind: "ext4",
    size_bytes: DISK_BYTES,
    mode: scenario.modes?.[at] ?? "RW",
  } as const));
  const prepare: PoolSetup["prepare"] = async (paths) => {
    for (const [at, path] of paths.entries()) {
      await fill(path, at, scenario.before[at]!);
      await make_immutable(path, scenario.immutable?.[at] ?? []);
    }
  };
  await with_pool({ branches, prepare, ...(scenario.options && { options: scenario.options }) }, body);
}

async function fill(branch: string, at: number, content: Content): Promise<void> {
  for (const entry of with_parents(content)) {
    if (entry.endsWith("/")) await Deno.mkdir(`${branch}/${entry}`);
    else await Deno.writeTextFile(`${branch}/${entry}`, `branch ${at}: ${entry}`);
  }
}

async function make_immutable(branch: string, paths: Content): Promise<void> {
  if (paths.length > 0) await must("chattr", ["+i", ...paths.map((path) => `${branch}/${path}`)]);
}

/** Every path of a branch, directories with "/" at the end, sorted. */
export async function content_of(branch: string): Promise<string[]> {
  const text = await shell('cd "$1" && find . -mindepth 1 \\( -type d -printf "%P/\\n" -o -printf "%P\\n" \\)', [
    branch,
  ]);
  return text.split("\n").filter((line) => line !== "").sort();
}

function with_parents(content: Content): string[] {
  const all = new Set<string>();
  for (const entry of content) {
    all.add(entry);
    const parts = entry.split("/").slice(0, -1);
    parts.forEach((_, at) => all.add(`${parts.slice(0, at + 1).join("/")}/`));
  }
  return [...all].sort();
}
