// Locks on words of the arena. Atomics.wait does not work on mapped memory (shared design, §3): short sections spin and
// then yield, long waits use futex(2).
import { futex_wait, futex_wake, sched_yield } from "../sys/memory.ts";
import { Arena } from "./arena.ts";

const SPINS = 200;

/**
 * A spin lock for sections of a microsecond. The word names its owner (1 + thread index). What runs inside must not
 * throw, block or call itself.
 */
export class SpinLock {
  constructor(
    private readonly words: Int32Array<ArrayBuffer>,
    private readonly word: number,
    private readonly owner: number,
  ) {}

  lock(): void {
    let spins = 0;
    while (Atomics.compareExchange(this.words, this.word, 0, this.owner) !== 0) {
      if (++spins >= SPINS) {
        sched_yield();
        spins = 0;
      }
    }
  }

  unlock(): void {
    Atomics.store(this.words, this.word, 0);
  }

  /** For invariants: whether this thread has it. */
  is_mine(): boolean {
    return Atomics.load(this.words, this.word) === this.owner;
  }
}

const UNLOCKED = 0;
const LOCKED = 1;
const CONTENDED = 2;

/** A lock that may be held long: waiters sleep. */
export class SleepLock {
  private readonly bytes: Uint8Array<ArrayBuffer>;

  constructor(private readonly arena: Arena, private readonly word: number) {
    this.bytes = arena.word_bytes(word);
  }

  lock(): void {
    const words = this.arena.header;
    if (Atomics.compareExchange(words, this.word, UNLOCKED, LOCKED) === UNLOCKED) return;
    while (Atomics.exchange(words, this.word, CONTENDED) !== UNLOCKED) futex_wait(this.bytes, CONTENDED, 1000);
  }

  unlock(): void {
    if (Atomics.exchange(this.arena.header, this.word, UNLOCKED) === CONTENDED) futex_wake(this.bytes, 1);
  }
}
