// Where the trace goes: one descriptor for all workers. A new file is put behind the same descriptor number (dup3), so
// that no worker is ever caught with a closed one.
import { close, dup_onto } from "../sys/file.ts";
import { Arena } from "./arena.ts";
import { H_TRACE_FILE, H_TRACE_LOCK, H_TRACE_TO_FILE } from "./layout.ts";
import { SleepLock } from "./lock.ts";

const STANDARD_ERROR = 2;

/** The trace's target as one thread sees it. */
export class TraceCell {
  private readonly header: Int32Array<ArrayBuffer>;
  private readonly lock: SleepLock;

  constructor(arena: Arena) {
    this.header = arena.header;
    this.lock = new SleepLock(arena, H_TRACE_LOCK);
  }

  /** The descriptor to write lines to. */
  descriptor(): number {
    return Atomics.load(this.header, H_TRACE_TO_FILE) === 0 ? STANDARD_ERROR : this.header[H_TRACE_FILE]!;
  }

  /**
   * Leads the trace to the open file that `open` returns, whose descriptor is then ours, or to standard error when it
   * returns undefined; a negative result leaves it where it is. One thread at a time, so that the last one decides.
   */
  redirect(open: () => number | undefined): void {
    this.lock.lock();
    try {
      const fd = open();
      if (fd === undefined) Atomics.store(this.header, H_TRACE_TO_FILE, 0);
      else if (fd >= 0) this.use_file(fd);
    } finally {
      this.lock.unlock();
    }
  }

  private use_file(fd: number): void {
    const former = this.header[H_TRACE_FILE]!;
    if (former === 0) this.header[H_TRACE_FILE] = fd;
    else {
      dup_onto(fd, former);
      close(fd);
    }
    Atomics.store(this.header, H_TRACE_TO_FILE, 1);
  }
}
