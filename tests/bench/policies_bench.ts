// How long one decision takes, for every policy, by number of branches, with space figures at hand (no system call).
// The hash of inode numbers is measured beside it, because it runs on every reply.
// Run: deno bench -A tests/bench/policies_bench.ts

import { calculate_inode, INODE_HYBRID_HASH } from "../../src/base/inode_number.ts";
import { rapidhash } from "../../src/base/rapidhash.ts";
import type { Probe } from "../../src/policies/policy.ts";
import { Selection } from "../../src/policies/policy.ts";
import { POLICIES } from "../../src/policies/registry.ts";
import { fake_branches } from "../support/fake_pool.ts";

/** Space as a cache gives it: typed arrays, read by index. */
class CachedProbe implements Probe {
  available_bytes = 0;
  used_bytes = 0;
  read_only = false;
  readonly #available: Float64Array;
  readonly #used: Float64Array;

  constructor(count: number) {
    this.#available = Float64Array.from({ length: count }, (_, index) => 1e12 + (index * 7919) % 101 * 1e9);
    this.#used = Float64Array.from({ length: count }, (_, index) => 2e12 + (index * 104729) % 97 * 1e9);
  }

  exists(): boolean {
    return true;
  }

  mtime_s(): number {
    return 1_700_000_000;
  }

  space(_branch: unknown, index: number): boolean {
    this.available_bytes = this.#available[index]!;
    this.used_bytes = this.#used[index]!;
    return true;
  }

  up(): boolean {
    return false;
  }
}

for (const count of [1, 4, 8, 16, 64]) {
  const branches = fake_branches(Array.from({ length: count }, () => ({})));
  const probe = new CachedProbe(count);
  const out = new Selection();
  for (const { name, create, search } of POLICIES) {
    Deno.bench({ name: `${name} create`, group: `${count} branches`, fn: () => void create(branches, probe, out) });
    Deno.bench({ name: `${name} search`, group: `${count} branches`, fn: () => void search(branches, probe, out) });
  }
}

for (const length of [8, 16, 32, 100, 200, 1000]) {
  const path = Uint8Array.from({ length }, (_, at) => 97 + at % 26);
  Deno.bench({ name: `rapidhash of ${length} bytes`, group: "hash", fn: () => rapidhash(path, 0, length, 0, 0) });
}
const path = new TextEncoder().encode("media/films/A film (2024)/A film.mkv");
Deno.bench({
  name: "hybrid inode of a file",
  group: "hash",
  fn: () => calculate_inode(INODE_HYBRID_HASH, false, 1, 2, path, 0, path.length, 77, 0),
});
