// Directories that readers, threads beside the workers, read for a request (func.readdir=cosr and cor, departures D9).
// A request puts one job up for each branch; a reader takes it, or the request takes it back and reads by itself. So
// nothing waits for a reader that is not there, and a hung disk holds no more than the readers that are stuck in it.
import { PATH_MAX_BYTES, READERS_MAX } from "../base/limits.ts";
import { close } from "../sys/file.ts";
import { futex_wait, futex_wake } from "../sys/memory.ts";
import { Arena } from "./arena.ts";
import * as at from "./layout.ts";

// Who has a job.
const FREE = 0;
/** A request fills it in, or has it back. */
const REQUEST = 1;
const WAITING = 2;
const DONE = 3;
/** Its reader could not do it. */
const GIVEN_BACK = 4;
/** Nobody waits for the result any more; the reader that has the job frees it. */
const ABANDONED = 5;
/** Plus the index of the reader. */
const TAKEN = 16;

/** Only for the case that a wake-up gets lost, which has not been seen. */
const SLEEP_MS = 10_000;

/** The jobs as one thread sees them. */
export class ReadJobs {
  private readonly header: Int32Array<ArrayBuffer>;
  private readonly words: Int32Array<ArrayBuffer>;
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly wake_word: Uint8Array<ArrayBuffer>;
  private readonly completions_word: Uint8Array<ArrayBuffer>;

  constructor(arena: Arena) {
    this.header = arena.header;
    this.words = arena.read_jobs;
    this.bytes = new Uint8Array(this.words.buffer, this.words.byteOffset, this.words.byteLength);
    this.wake_word = arena.word_bytes(at.H_READ_WAKE);
    this.completions_word = arena.word_bytes(at.H_READ_COMPLETIONS);
  }

  // What all ask.

  /** How many readers there should be: those with a lower index. */
  get wanted(): number {
    return Atomics.load(this.header, at.H_READERS_WANTED);
  }

  get running(): number {
    return Atomics.load(this.header, at.H_READERS_RUNNING);
  }

  /** Jobs that no reader has done with. */
  get pending(): number {
    return Atomics.load(this.header, at.H_READ_PENDING);
  }

  /** Says how many readers there should be. True when that is news, which the main thread must hear. */
  want(readers: number): boolean {
    if (this.wanted === readers || Atomics.exchange(this.header, at.H_READERS_WANTED, readers) === readers) {
      return false;
    }
    this.wake_readers(READERS_MAX);
    return true;
  }

  // The side of a request.

  /** Puts a directory up for reading; `path` ends with NUL. Returns the job, or -1 when there are too many. */
  publish(path: Uint8Array): number {
    for (let job = 0; job < at.READ_JOBS_MAX; job++) {
      if (!this.change(job, FREE, REQUEST)) continue;
      const start = job * at.READ_JOB_BYTES + at.READ_JOB_PATH;
      let i = 0;
      do this.bytes[start + i] = path[i]!; while (path[i++] !== 0);
      Atomics.add(this.header, at.H_READ_PENDING, 1);
      this.set_state(job, WAITING);
      return job;
    }
    return -1;
  }

  /** To be called after that many jobs were put up. */
  wake_readers(count: number): void {
    Atomics.add(this.header, at.H_READ_WAKE, 1);
    futex_wake(this.wake_word, count);
  }

  /** Changes with every job that a reader has done with. Ask for it before looking at jobs, then `wait` with it. */
  completions(): number {
    return Atomics.load(this.header, at.H_READ_COMPLETIONS);
  }

  /** Sleeps until a reader has done with some job since `seen`. */
  wait(seen: number): void {
    Atomics.add(this.header, at.H_READ_WAITERS, 1);
    futex_wait(this.completions_word, seen >>> 0, SLEEP_MS);
    Atomics.sub(this.header, at.H_READ_WAITERS, 1);
  }

  is_done(job: number): boolean {
    return this.state(job) === DONE;
  }

  /** Takes back a job that no reader has, and frees it. False when one has. */
  take_back(job: number): boolean {
    if (this.change(job, WAITING, REQUEST)) Atomics.sub(this.header, at.H_READ_PENDING, 1);
    else if (!this.change(job, GIVEN_BACK, REQUEST)) return false;
    this.free(job);
    return true;
  }

  /** A word of a job that is done: J_OPENED, J_ERROR (0 or -errno each) or J_FD (-1 when it could not be opened). */
  result(job: number, word: number): number {
    return this.words[job * at.READ_JOB_BYTES / 4 + word]!;
  }

  /** The request needs the job no more, whatever has become of it. Closes what J_FD names. */
  end(job: number): void {
    if (this.take_back(job)) return;
    const state = this.state(job);
    if (state >= TAKEN && this.change(job, state, ABANDONED)) return;
    const fd = this.is_done(job) ? this.result(job, at.J_FD) : -1;
    this.free(job);
    if (fd >= 0) close(fd);
  }

  // The side of a reader.

  join(): void {
    Atomics.add(this.header, at.H_READERS_RUNNING, 1);
  }

  leave(): void {
    Atomics.sub(this.header, at.H_READERS_RUNNING, 1);
  }

  /** Takes that job, unless somebody has it. */
  take_one(job: number, reader: number): boolean {
    return this.change(job, WAITING, TAKEN + reader);
  }

  /** Waits for a job; -1 when the reader is to end. */
  take(reader: number): number {
    for (;;) {
      const seen = Atomics.load(this.header, at.H_READ_WAKE);
      if (reader >= this.wanted) return -1;
      for (let job = 0; job < at.READ_JOBS_MAX; job++) {
        if (this.take_one(job, reader)) return job;
      }
      futex_wait(this.wake_word, seen >>> 0, SLEEP_MS);
    }
  }

  /** The directory of a job, NUL-terminated. */
  path(job: number): Uint8Array<ArrayBuffer> {
    const start = job * at.READ_JOB_BYTES + at.READ_JOB_PATH;
    return this.bytes.subarray(start, start + PATH_MAX_BYTES);
  }

  /** The reader has done its job; see `result` for the values. */
  finish(job: number, reader: number, opened: number, error: number, fd: number): void {
    const words = job * at.READ_JOB_BYTES / 4;
    this.words[words + at.J_OPENED] = opened;
    this.words[words + at.J_ERROR] = error;
    this.words[words + at.J_FD] = fd;
    if (!this.let_go(job, reader, DONE) && fd >= 0) close(fd);
  }

  /** The reader cannot do it: the request has to. */
  give_back(job: number, reader: number): void {
    this.let_go(job, reader, GIVEN_BACK);
  }

  // The side of the main thread.

  /** A reader that had joined has died. */
  lose(reader: number): void {
    this.leave();
    for (let job = 0; job < at.READ_JOBS_MAX; job++) {
      if (this.state(job) === TAKEN + reader) this.give_back(job, reader);
    }
  }

  // False, and the job is free, when nobody waits for it any more.
  private let_go(job: number, reader: number, state: number): boolean {
    const is_awaited = this.change(job, TAKEN + reader, state);
    if (!is_awaited) this.free(job);
    Atomics.sub(this.header, at.H_READ_PENDING, 1);
    Atomics.add(this.header, at.H_READ_COMPLETIONS, 1);
    if (Atomics.load(this.header, at.H_READ_WAITERS) > 0) futex_wake(this.completions_word, at.WORKERS_MAX);
    return is_awaited;
  }

  private free(job: number): void {
    this.set_state(job, FREE);
  }

  private state(job: number): number {
    return Atomics.load(this.header, at.H_READ_STATES + job);
  }

  private set_state(job: number, state: number): void {
    Atomics.store(this.header, at.H_READ_STATES + job, state);
  }

  private change(job: number, from: number, to: number): boolean {
    return this.state(job) === from && Atomics.compareExchange(this.header, at.H_READ_STATES + job, from, to) === from;
  }
}
