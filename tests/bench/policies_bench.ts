// How long one decision takes, for every policy and category, by number of branches, with the space figures in the daemon's
// own cache and every path on every branch (no system call). The hash of inode numbers is measured beside it, because it
// runs on every reply. Run: make bench

import { calculate_inode, INODE_HYBRID_HASH } from "../../src/base/inode_number.ts";
import { PathBuffer } from "../../src/base/path_buffer.ts";
import { rapidhash } from "../../src/base/rapidhash.ts";
import { make_branches, MODE_RW } from "../../src/branches/branch.ts";
import { SpaceCache } from "../../src/ops/common/space_cache.ts";
import { Selection } from "../../src/policies/policy.ts";
import { CATEGORIES, POLICIES } from "../../src/policies/registry.ts";
import { KnownPathProbe } from "../support/known_path_probe.ts";

const PATH = new PathBuffer();

const directory = Deno.makeTempDirSync({ prefix: "mergerfs-ts-bench-" });
addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
const cache = new SpaceCache();
cache.lifetime_s = 1e9;
const probe = new KnownPathProbe(cache);
const out = new Selection();

// The most first, so that the code is warm when little is measured.
for (const count of [64, 16, 8, 4, 1]) {
  const paths = Array.from({ length: count }, (_, index) => `${directory}/${index}`);
  for (const path of paths) Deno.mkdirSync(path, { recursive: true });
  const spec = { mode: MODE_RW, own_minfreespace: undefined, canonical: true };
  const branches = make_branches(paths.map((text) => ({ ...spec, text })), 0n);
  for (const policy of POLICIES) {
    for (const category of CATEGORIES) {
      const choose = policy[category];
      Deno.bench({
        name: `${policy.name} ${category}`,
        group: `${count}`,
        n: 30_000,
        warmup: 5_000,
        fn: () => {
          probe.start(PATH);
          choose(branches, probe, out);
        },
      });
    }
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
