// Where the trace goes: one descriptor for all workers. A new file is put behind the same descriptor number (dup3), so
// that no worker is ever caught with a closed one.
import { close, dup_onto } from "../sys/file.ts";
import { Arena } from "./arena.ts";
import { H_TRACE_FILE, H_TRACE_TO_FILE } from "./layout.ts";

const STANDARD_ERROR = 2;

/** The trace's target as one thread sees it. */
export class TraceCell {
  private readonly header: Int32Array<ArrayBuffer>;

  constructor(arena: Arena) {
    this.header = arena.header;
  }

  /** The descriptor to write lines to. */
  descriptor(): number {
    return Atomics.load(this.header, H_TRACE_TO_FILE) === 0 ? STANDARD_ERROR : this.header[H_TRACE_FILE]!;
  }

  /** From now on lines go to this open file; the descriptor is ours. */
  use_file(fd: number): void {
    const former = this.header[H_TRACE_FILE]!;
    if (former === 0) this.header[H_TRACE_FILE] = fd;
    else {
      dup_onto(fd, former);
      close(fd);
    }
    Atomics.store(this.header, H_TRACE_TO_FILE, 1);
  }

  use_standard_error(): void {
    Atomics.store(this.header, H_TRACE_TO_FILE, 0);
  }
}
