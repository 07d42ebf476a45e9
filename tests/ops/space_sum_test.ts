// The arithmetic of STATFS (config §8.1, §8.3): one unit for all devices, exact whatever the size.

import { assertEquals } from "@std/assert";
import { DeviceShare, sum_of_shares } from "../../src/ops/common/space_sum.ts";

const NOTHING: DeviceShare = { frsize: 0n, blocks: 0n, bfree: 0n, bavail: 0n, files: 0n, ffree: 0n };

function share(part: Partial<DeviceShare>): DeviceShare {
  return { ...NOTHING, ...part };
}

Deno.test("the worked example of config §8.3", () => {
  const a = share({ frsize: 1024n, blocks: 25844n, bavail: 23537n });
  const b = share({ frsize: 4096n, blocks: 16384n, bavail: 13824n });
  for (const shares of [[a, b], [b, a]]) {
    assertEquals(sum_of_shares(shares, 1024n), { ...NOTHING_SUMMED, blocks: 91380n, bavail: 78833n });
  }
});

const NOTHING_SUMMED = { blocks: 0n, bfree: 0n, bavail: 0n, files: 0n, ffree: 0n };

/** Each count where a number of 64 bits with fraction, or one of 53 bits, would lose something. */
const CASES:
  readonly (readonly [name: string, unit: bigint, shares: readonly (readonly [bigint, bigint])[], bigint])[] = [
    ["nothing", 0n, [], 0n],
    ["no unit", 0n, [[0n, 5n]], 0n],
    ["odd counts beyond 2^53", 512n, [[512n, 2n ** 53n + 1n], [512n, 1n]], 2n ** 53n + 2n],
    ["the largest count", 512n, [[512n, 2n ** 64n - 1n]], 2n ** 64n - 1n],
    ["a large count in a small unit", 512n, [[4096n, 2n ** 60n + 1n]], 2n ** 63n + 8n],
    ["a small one beside it", 512n, [[4096n, 2n ** 59n], [512n, 3n]], 2n ** 62n + 3n],
    ["no multiple of the unit: each device cut off", 3000n, [[4000n, 1n], [5000n, 1n], [3000n, 1n]], 3n],
    ["no multiple of the unit, exact", 3n, [[4n, 3n], [3n, 2n]], 6n],
    ["no multiple of the unit, large", 3n, [[4n, 2n ** 60n]], (2n ** 62n - 1n) / 3n],
  ];

Deno.test("blocks in the smallest unit", () => {
  for (const [name, unit, shares, expected] of CASES) {
    const counts = shares.map(([frsize, count]) => share({ frsize, blocks: count, bfree: count, bavail: count }));
    const { blocks, bfree, bavail } = sum_of_shares(counts, unit);
    assertEquals([blocks, bfree, bavail], [expected, expected, expected], name);
  }
});

Deno.test("inodes are counted, not scaled", () => {
  const shares = [share({ frsize: 4096n, files: 10n, ffree: 7n }), share({ frsize: 1024n, files: 1n, ffree: 1n })];
  assertEquals(sum_of_shares(shares, 1024n), { ...NOTHING_SUMMED, files: 11n, ffree: 8n });
});
