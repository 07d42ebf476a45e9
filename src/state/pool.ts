// The pool of workers as the arena knows it: who serves, who is busy with which request, who waits as a spare. The pool
// grows by stall, not by load: under load all workers are always busy (shared design, §3).
import { futex_wait, futex_wake } from "../sys/memory.ts";
import { Arena } from "./arena.ts";
import {
  H_POOL_BUSY,
  H_POOL_SERVING,
  H_POOL_STALL_POSTED,
  H_POOL_WAKE,
  H_WORKERS,
  WORKER_WORDS,
  WORKERS_MAX,
} from "./layout.ts";

const W_STATE = 0;
const W_SEQUENCE = 1;
const W_REQUESTS = 2;
const W_BUGS = 3;
const W_RETIRE = 4;

export const WORKER_NONE = 0;
export const WORKER_STARTING = 1;
export const WORKER_PARKED = 2;
export const WORKER_SERVING = 3;
/** It ends; its index is free only when the main thread has heard so (WORKER_ENDED). */
export const WORKER_LEAVING = 4;
export const WORKER_ENDED = 5;

const PARK_CHECK_MS = 60_000;

/** The pool as one thread sees it. */
export class Pool {
  private readonly words: Int32Array<ArrayBuffer>;
  private readonly wake_word: Uint8Array<ArrayBuffer>;

  constructor(arena: Arena) {
    this.words = arena.header;
    this.wake_word = arena.word_bytes(H_POOL_WAKE);
  }

  private at(worker: number, word: number): number {
    return H_WORKERS + worker * WORKER_WORDS + word;
  }

  state_of(worker: number): number {
    return Atomics.load(this.words, this.at(worker, W_STATE));
  }

  set_state(worker: number, state: number): void {
    Atomics.store(this.words, this.at(worker, W_STATE), state);
  }

  /** An index that no living worker has, or -1 when there are WORKERS_MAX. */
  free_index(): number {
    for (let worker = 0; worker < WORKERS_MAX; worker++) {
      const state = this.state_of(worker);
      if (state === WORKER_NONE || state === WORKER_ENDED) return worker;
    }
    return -1;
  }

  get serving(): number {
    return Atomics.load(this.words, H_POOL_SERVING);
  }

  get busy(): number {
    return Atomics.load(this.words, H_POOL_BUSY);
  }

  /** A worker starts to read requests. */
  join(worker: number): void {
    this.set_state(worker, WORKER_SERVING);
    Atomics.add(this.words, H_POOL_SERVING, 1);
  }

  leave(worker: number): void {
    Atomics.sub(this.words, H_POOL_SERVING, 1);
    this.set_state(worker, WORKER_LEAVING);
  }

  /** A request begins. True when this took the last free worker and nobody has told the main thread yet. */
  begin(worker: number): boolean {
    Atomics.add(this.words, this.at(worker, W_SEQUENCE), 1);
    const busy = Atomics.add(this.words, H_POOL_BUSY, 1) + 1;
    return busy >= this.serving && Atomics.compareExchange(this.words, H_POOL_STALL_POSTED, 0, 1) === 0;
  }

  end(worker: number): void {
    this.words[this.at(worker, W_REQUESTS)]!++;
    Atomics.sub(this.words, H_POOL_BUSY, 1);
  }

  /** Counts a bug that became EIO. */
  count_bug(worker: number): void {
    this.words[this.at(worker, W_BUGS)]!++;
  }

  /** Bugs that became EIO since the mount, over all workers. */
  bugs(): number {
    let sum = 0;
    for (let worker = 0; worker < WORKERS_MAX; worker++) sum += this.words[this.at(worker, W_BUGS)]!;
    return sum;
  }

  /** Requests answered since the mount, over all workers. */
  requests(): number {
    let sum = 0;
    for (let worker = 0; worker < WORKERS_MAX; worker++) sum += this.words[this.at(worker, W_REQUESTS)]! >>> 0;
    return sum;
  }

  /** A number that changes whenever some worker begins a request. */
  progress(): number {
    let sum = 0;
    for (let worker = 0; worker < WORKERS_MAX; worker++) sum = (sum + this.words[this.at(worker, W_SEQUENCE)]!) | 0;
    return sum;
  }

  /** The main thread has seen the message; from now on the next one who takes the last worker sends another. */
  clear_stall_message(): void {
    Atomics.store(this.words, H_POOL_STALL_POSTED, 0);
  }

  /** The main thread watches on by itself: nobody need send a message. */
  hold_stall_message(): void {
    Atomics.store(this.words, H_POOL_STALL_POSTED, 1);
  }

  /** A spare sleeps here. True when it is called to serve, false when it is not needed any more. */
  park(worker: number): boolean {
    this.set_state(worker, WORKER_PARKED);
    while (this.state_of(worker) === WORKER_PARKED) {
      const seen = Atomics.load(this.words, H_POOL_WAKE);
      if (this.state_of(worker) !== WORKER_PARKED) break;
      futex_wait(this.wake_word, seen >>> 0, PARK_CHECK_MS);
    }
    return this.state_of(worker) === WORKER_STARTING;
  }

  /** Calls one spare to serve; false when none is parked. */
  call_spare(): boolean {
    return this.wake_spare(WORKER_STARTING);
  }

  /** Lets one spare end; false when none is parked. */
  dismiss_spare(): boolean {
    return this.wake_spare(WORKER_LEAVING);
  }

  private wake_spare(state: number): boolean {
    for (let worker = 0; worker < WORKERS_MAX; worker++) {
      const at = this.at(worker, W_STATE);
      if (Atomics.compareExchange(this.words, at, WORKER_PARKED, state) !== WORKER_PARKED) continue;
      Atomics.add(this.words, H_POOL_WAKE, 1);
      futex_wake(this.wake_word, WORKERS_MAX);
      return true;
    }
    return false;
  }

  /** Asks a worker to end after its next reply; it cannot be ended from outside without losing a request. */
  ask_to_retire(worker: number): void {
    Atomics.store(this.words, this.at(worker, W_RETIRE), 1);
  }

  should_retire(worker: number): boolean {
    return Atomics.load(this.words, this.at(worker, W_RETIRE)) !== 0;
  }

  /** Clears what a former worker of that index left. */
  reset(worker: number): void {
    Atomics.store(this.words, this.at(worker, W_RETIRE), 0);
    this.set_state(worker, WORKER_STARTING);
  }

  /** How many serve and were not asked to retire. */
  staying(): number {
    let count = 0;
    for (let worker = 0; worker < WORKERS_MAX; worker++) {
      if (this.state_of(worker) === WORKER_SERVING && !this.should_retire(worker)) count++;
    }
    return count;
  }

  /** The worker with the highest index that serves, or -1. */
  last_serving(): number {
    for (let worker = WORKERS_MAX - 1; worker >= 0; worker--) {
      if (this.state_of(worker) === WORKER_SERVING && !this.should_retire(worker)) return worker;
    }
    return -1;
  }
}
