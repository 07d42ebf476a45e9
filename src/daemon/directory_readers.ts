// Keeps as many readers of directories as func.readdir asks for (worker/reader_entry.ts); none for "seq". They are started
// when the first listing wants them, and end by themselves when fewer are wanted; meanwhile requests read by themselves.
import { log } from "../base/log.ts";
import { Arena } from "../state/arena.ts";
import { ReadJobs } from "../state/read_jobs.ts";
import { start_thread } from "./start_thread.ts";
import { ReaderEvent, ReaderStart } from "../worker/messages.ts";

const ENTRY = new URL("../worker/reader_entry.ts", import.meta.url);
const RESTART_MS = 30_000;

interface Reader {
  readonly worker: Worker;
  has_joined: boolean;
}

/** The readers of one mount. */
export class DirectoryReaders {
  private readonly jobs: ReadJobs;
  private readonly readers = new Map<number, Reader>();
  private readonly failed = new Set<number>();
  private restart_timer: number | undefined;

  constructor(private readonly arena: Arena) {
    this.jobs = new ReadJobs(arena);
  }

  /** Readers that were started and have not ended. */
  get count(): number {
    return this.readers.size;
  }

  /** Starts readers that are wanted and not there. */
  adjust(): void {
    for (let index = 0; index < this.jobs.wanted; index++) {
      if (!this.readers.has(index) && !this.failed.has(index)) this.start(index);
    }
  }

  private start(index: number): void {
    const worker = start_thread(this.arena, ENTRY, `reader ${index}`);
    if (typeof worker === "string") return this.start_later(worker);
    const reader: Reader = { worker, has_joined: false };
    this.readers.set(index, reader);
    worker.onmessage = (event: MessageEvent<ReaderEvent>) => this.on_event(reader, event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.on_failure(reader, index, event.message);
    };
    const start: ReaderStart = { arena: this.arena.address(), index };
    worker.postMessage(start);
  }

  private start_later(reason: string): void {
    if (this.restart_timer !== undefined) return;
    log("warning", `A reader of directories could not start and is tried again in ${RESTART_MS / 1000} s: ${reason}`);
    this.restart_timer = setTimeout(() => {
      this.restart_timer = undefined;
      this.adjust();
    }, RESTART_MS);
    Deno.unrefTimer(this.restart_timer);
  }

  private on_event(reader: Reader, event: ReaderEvent): void {
    if (event.kind === "log") log(event.level, event.message);
    if (event.kind === "reading") reader.has_joined = true;
    if (event.kind !== "ended") return;
    reader.worker.terminate();
    this.readers.delete(event.index);
    // More may be wanted again by now.
    this.adjust();
  }

  // Not started again, because it would fail again; listings need no reader.
  private on_failure(reader: Reader, index: number, message: string): void {
    log("warning", `A reader of directories ended: ${message}; listings go on with fewer readers`);
    reader.worker.terminate();
    if (reader.has_joined) this.jobs.lose(index);
    this.readers.delete(index);
    this.failed.add(index);
  }
}
