// Threads that wait for something under the table lock to change. They sleep on a word of the arena that is raised when
// it has.
import { futex_wait, futex_wake } from "../sys/memory.ts";
import { Arena } from "./arena.ts";
import { SpinLock } from "./lock.ts";

const WAKE_ALL = 0x7fff_ffff;

/** One kind of waiting: two words of the header, the change counter and the number of those who wait. */
export class WaitQueue {
  /** How often this thread had to wait; tests wait on it instead of sleeping. */
  waits = 0;
  private readonly header: Int32Array<ArrayBuffer>;
  private readonly change_bytes: Uint8Array<ArrayBuffer>;

  constructor(
    arena: Arena,
    private readonly table: SpinLock,
    private readonly changes: number,
    private readonly waiters: number,
  ) {
    this.header = arena.header;
    this.change_bytes = arena.word_bytes(changes);
  }

  /** Wakes everybody. Table lock held, and let go here. */
  tell(): void {
    const waiting = this.header[this.waiters]! > 0;
    if (waiting) Atomics.add(this.header, this.changes, 1);
    this.table.unlock();
    if (waiting) futex_wake(this.change_bytes, WAKE_ALL);
  }

  /** Table lock held, and let go here: sleeps until somebody tells of a change, or for `timeout_ms`. */
  sleep(timeout_ms: number): void {
    const seen = this.header[this.changes]!;
    this.header[this.waiters]!++;
    this.waits++;
    this.table.unlock();
    futex_wait(this.change_bytes, seen >>> 0, timeout_ms);
    this.table.lock();
    this.header[this.waiters]!--;
    this.table.unlock();
  }
}
