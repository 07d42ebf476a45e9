// The arithmetic of STATFS (config §8.1, steps 5 and 6), exact to 64 bits: blocks of all devices in one unit.
import { SpaceCounts } from "../../sys/space.ts";

/** What one device adds; blocks are in units of its `frsize`. */
export interface DeviceShare extends SpaceCounts {
  readonly frsize: bigint;
}

/** The sum over all devices in blocks of `unit` bytes, fractions of each device cut off. */
export function sum_of_shares(shares: readonly DeviceShare[], unit: bigint): SpaceCounts {
  const sum = { blocks: 0n, bfree: 0n, bavail: 0n, files: 0n, ffree: 0n };
  for (const { frsize, blocks, bfree, bavail, files, ffree } of shares) {
    // A unit of zero: no filesystem has told one.
    const scaled = (count: bigint) => unit === 0n ? 0n : count * frsize / unit;
    sum.blocks += scaled(blocks);
    sum.bfree += scaled(bfree);
    sum.bavail += scaled(bavail);
    sum.files += files;
    sum.ffree += ffree;
  }
  return sum;
}
