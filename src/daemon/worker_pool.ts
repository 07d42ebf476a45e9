// Starts the workers and watches over them. The pool is elastic (shared design, §3): it starts with one worker per CPU
// and a spare; when all are stuck in the same requests for a few milliseconds the spare joins and another one is made.
import { log } from "../base/log.ts";
import { errno_text } from "../base/errno.ts";
import { Arena } from "../state/arena.ts";
import { WORKERS_MAX } from "../state/layout.ts";
import { Pool, WORKER_ENDED } from "../state/pool.ts";
import { page_bytes } from "../sys/memory.ts";
import { DirectoryReaders } from "./directory_readers.ts";
import { start_thread } from "./start_thread.ts";
import { WorkerEvent, WorkerStart } from "../worker/messages.ts";

const STALL_CHECK_MS = 5;
const RETIRE_CHECK_MS = 10_000;
/** A spare that could not start is tried again after this time. */
const RESTART_MS = 30_000;
/** A disk that sleeps or is gone holds one worker for each process that needs it; a worker takes some 10 MiB. */
const WORKERS_LIMIT_MIN = 64;
const WORKERS_LIMIT_PER_CPU = 4;

/** How many workers serve at first, and at most. */
export interface PoolSize {
  readonly initial: number;
  readonly limit: number;
}

/** The size of an elastic pool for this machine, or a fixed one (departures D21). */
export function pool_size(fixed: number, cpus: number): PoolSize {
  const initial = Math.min(WORKERS_MAX, fixed > 0 ? fixed : cpus);
  if (fixed > 0) return { initial, limit: initial };
  return { initial, limit: Math.min(WORKERS_MAX, Math.max(WORKERS_LIMIT_MIN, WORKERS_LIMIT_PER_CPU * cpus)) };
}

/** What a pool of workers is made with. */
export interface PoolParts {
  readonly arena: Arena;
  readonly session_fd: number;
  readonly size: PoolSize;
  /** The CPUs of each worker by its index; undefined: all. */
  readonly cpus?: ((worker: number) => readonly number[]) | undefined;
  /** The module that a worker runs. */
  readonly entry?: URL;
}

const ENTRY = new URL("../worker/entry.ts", import.meta.url);

/** The workers of one mount. */
export class WorkerPool {
  private readonly pool: Pool;
  private readonly size: PoolSize;
  private readonly readers: DirectoryReaders;
  private workers = 0;
  private spares = 0;
  private ended = false;
  private retire_timer: number | undefined;
  /** Set while no spare is made, because the last one could not start. */
  private restart_timer: number | undefined;
  private serving_waiters: (() => void)[] = [];
  private resolve_end: (reason: string) => void = () => {};
  /** Settles when the mount is gone; the text is empty, or says what went wrong. */
  readonly end: Promise<string>;

  constructor(private readonly parts: PoolParts) {
    this.pool = new Pool(parts.arena);
    this.size = parts.size;
    this.readers = new DirectoryReaders(parts.arena);
    this.end = new Promise((resolve) => this.resolve_end = resolve);
  }

  /** Starts the first workers; resolves when all of them serve, or with the reason why the pool ended before that. */
  async start(): Promise<string | void> {
    const serving = new Promise<void>((resolve) => this.serving_waiters.push(resolve));
    for (let i = 0; i < this.size.initial; i++) this.start_worker(false);
    const reason = await Promise.race([serving, this.end]);
    this.prepare_spares();
    return reason;
  }

  private start_worker(is_spare: boolean): void {
    const index = this.pool.free_index();
    if (index < 0) return;
    this.pool.reset(index);
    this.workers++;
    if (is_spare) this.spares++;
    const { arena, session_fd, cpus, entry } = this.parts;
    const worker = start_thread(arena, entry ?? ENTRY, `worker ${index}`);
    if (typeof worker === "string") return this.on_loss(index, is_spare, worker);
    worker.onmessage = (event: MessageEvent<WorkerEvent>) => this.on_event(worker, event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      this.on_loss(index, is_spare, event.message);
    };
    const start: WorkerStart = {
      arena: arena.address(),
      index,
      session_fd,
      page_bytes: page_bytes(),
      is_spare,
      cpus: cpus?.(index) ?? [],
    };
    worker.postMessage(start);
  }

  // A worker that serves catches everything, so this one could not start. The others go on without a spare; a mount whose
  // first workers do not start ends with the reason.
  private on_loss(index: number, is_spare: boolean, message: string): void {
    this.pool.set_state(index, WORKER_ENDED);
    this.workers--;
    if (!is_spare) return this.finish(`A worker could not start: ${message}`);
    this.spares--;
    log("error", `A worker could not start and is tried again in ${RESTART_MS / 1000} s: ${message}`);
    this.restart_timer ??= setTimeout(() => {
      this.restart_timer = undefined;
      this.prepare_spares();
    }, RESTART_MS);
  }

  private prepare_spares(): void {
    while (this.restart_timer === undefined && this.lacks_spares()) this.start_worker(true);
  }

  private lacks_spares(): boolean {
    return !this.ended && this.spares < this.wanted_spares() && this.workers < this.size.limit;
  }

  // One, and during a stall half as many as have joined: making one takes longer than a stall takes to be seen.
  private wanted_spares(): number {
    return 1 + Math.max(0, Math.floor((this.pool.serving - this.size.initial) / 2));
  }

  private on_event(worker: Worker, event: WorkerEvent): void {
    switch (event.kind) {
      case "log":
        log(event.level, event.message);
        break;
      case "stall":
        this.watch_stall(this.pool.progress());
        break;
      case "readers_wanted":
        this.readers.adjust();
        break;
      case "serving":
        if (this.pool.serving >= this.size.initial) this.serving_waiters.splice(0).forEach((resolve) => resolve());
        break;
      case "ended":
        this.workers--;
        worker.terminate();
        this.pool.set_state(event.index, WORKER_ENDED);
        // Two that retire at once may leave too few behind.
        if (event.end === "retired" && this.pool.serving < this.size.initial) this.grow();
        if (event.end !== "retired") {
          this.finish(event.end === "failed" ? `FUSE device: ${errno_text(event.errno)}` : "");
        }
        break;
      case "ready":
        break;
    }
  }

  // All workers were taken when this was armed. If they still sit in the same requests, one more is called; the watch
  // goes on until a worker is free, because nobody sends a second message meanwhile.
  private watch_stall(progress: number): void {
    setTimeout(() => {
      if (this.ended) return;
      const now = this.pool.progress();
      if (this.pool.busy < this.pool.serving) {
        this.pool.clear_stall_message();
        // Whoever took the last place before the message was cleared has sent none.
        if (this.pool.busy < this.pool.serving) return;
        this.pool.hold_stall_message();
      } else if (now === progress) {
        this.grow();
      }
      this.watch_stall(now);
    }, STALL_CHECK_MS);
  }

  private grow(): void {
    while (this.spares > 0 && this.pool.call_spare()) this.spares--;
    this.arm_retirement();
    this.prepare_spares();
  }

  // Workers that a stall called are let go one by one when it is long over; each ends by itself after a reply.
  private arm_retirement(): void {
    if (this.retire_timer !== undefined) return;
    this.retire_timer = setInterval(() => {
      if (this.spares > this.wanted_spares() && this.pool.dismiss_spare()) this.spares--;
      // A worker that was asked leaves only after its next request: it counts as gone.
      const has_extra = this.pool.staying() > this.size.initial;
      if (!has_extra && this.spares <= 1) {
        clearInterval(this.retire_timer);
        this.retire_timer = undefined;
      } else if (has_extra && this.pool.busy < this.size.initial) {
        const worker = this.pool.last_serving();
        if (worker >= 0) this.pool.ask_to_retire(worker);
      }
    }, RETIRE_CHECK_MS);
  }

  private finish(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.resolve_end(reason);
  }
}
