// The clock that never jumps, for the trace.
import { libc } from "./libc.ts";

const CLOCK_MONOTONIC = 1;
const timespec = new BigInt64Array(2);

/** Nanoseconds since some point in the past, clock_gettime(2) with CLOCK_MONOTONIC. */
export function monotonic_ns(): bigint {
  libc.clock_gettime(CLOCK_MONOTONIC, timespec);
  return timespec[0]! * 1_000_000_000n + timespec[1]!;
}
