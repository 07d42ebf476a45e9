// cache.statfs (config spec §6.2): whole seconds, by path, of a clock that does not jump; failures are not kept.

import { assertEquals } from "@std/assert";
import { make_branches, MODE_RW } from "../../src/branches/branch.ts";
import { SpaceCache, used_of } from "../../src/ops/common/space_cache.ts";
import { in_scratch_directory } from "../support/scratch.ts";

function list(...paths: string[]) {
  const spec = { mode: MODE_RW, own_minfreespace: undefined, canonical: true };
  return make_branches(paths.map((text) => ({ ...spec, text })), 0n);
}

/** A cache whose clock stands at `now_s`, over one branch that can be taken away; `knows` asks in a new decision. */
function with_cache(
  lifetime_s: number,
  use: (at: { now_s: number; path: string; knows: () => boolean }) => void,
): void {
  in_scratch_directory((directory) => {
    const at = { now_s: 10.9, path: `${directory}/b`, knows: () => false };
    const cache = new SpaceCache(() => at.now_s * 1000);
    cache.lifetime_s = lifetime_s;
    const [branch] = list(at.path);
    at.knows = () => {
      cache.start();
      return cache.of(branch!, 0) !== undefined;
    };
    Deno.mkdirSync(at.path);
    use(at);
  });
}

Deno.test("without a lifetime the branch is asked each time", () => {
  with_cache(0, (at) => {
    assertEquals(at.knows(), true);
    Deno.removeSync(at.path);
    assertEquals(at.knows(), false);
  });
});

Deno.test("figures are kept while the difference of the whole seconds is at most the lifetime", () => {
  with_cache(2, (at) => {
    assertEquals(at.knows(), true);
    Deno.removeSync(at.path);
    const known = [10.9, 11, 12.99, 13, 14].map((now_s) => {
      at.now_s = now_s;
      return at.knows();
    });
    assertEquals(known, [true, true, true, false, false]);
    Deno.mkdirSync(at.path);
    assertEquals(at.knows(), true);
  });
});

Deno.test("a branch that failed is asked again at once", () => {
  with_cache(60, (at) => {
    Deno.removeSync(at.path);
    assertEquals(at.knows(), false);
    Deno.mkdirSync(at.path);
    assertEquals(at.knows(), true);
  });
});

Deno.test("the time of day does not count: it may be set back", () => {
  const time_of_day = Date.now;
  Date.now = () => {
    throw new Error("The time of day was asked");
  };
  try {
    const cache = new SpaceCache();
    cache.lifetime_s = 1;
    assertEquals(cache.of(list("/")[0]!, 0) !== undefined, true);
  } finally {
    Date.now = time_of_day;
  }
});

Deno.test("figures belong to the path, wherever it stands in a list, until they are forgotten", () => {
  in_scratch_directory((directory) => {
    const [a, b] = [`${directory}/a`, `${directory}/b`];
    for (const path of [a, b]) Deno.mkdirSync(path);
    const cache = new SpaceCache(() => 0);
    cache.lifetime_s = 1;
    const knows = (...paths: string[]) => list(...paths).map((branch, index) => cache.of(branch, index) !== undefined);
    assertEquals(knows(a), [true]);
    for (const path of [a, b]) Deno.removeSync(path);
    assertEquals([knows(b, a, a), knows(a, b)], [[false, true, true], [true, false]]);
    cache.forget();
    assertEquals(knows(a), [false]);
  });
});

Deno.test("used space is unsigned", () => {
  assertEquals(used_of(4096, 100, 40), 60 * 4096);
  assertEquals(used_of(1, 100, 101), 2 ** 64);
});
