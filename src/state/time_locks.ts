// Who sets times on a branch: cloning puts a parent's times back after it has made a directory in it, and must not put back
// what somebody has set in between. One lock for a branch, so that a disk that sleeps holds up no other.
import { Arena } from "./arena.ts";
import { H_TIME_LOCKS, TIME_LOCKS } from "./layout.ts";
import { SleepLock } from "./lock.ts";

/** The locks as one thread sees them; branches far apart in the list share one. */
export class TimeLocks {
  private readonly locks: readonly SleepLock[];

  constructor(arena: Arena) {
    this.locks = Array.from({ length: TIME_LOCKS }, (_, at) => new SleepLock(arena, H_TIME_LOCKS + at));
  }

  /** Of the branch with that lasting number; between this and `release` nothing may throw. */
  hold(branch_id: number): void {
    this.locks[branch_id % TIME_LOCKS]!.lock();
  }

  release(branch_id: number): void {
    this.locks[branch_id % TIME_LOCKS]!.unlock();
  }
}
