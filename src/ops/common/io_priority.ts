// The I/O priority of one worker (option proxy-ioprio, operations §17.4): before a read or write it takes over that of the
// thread that asked for it, so that the disk of a branch treats the caller's work as natively.
import { io_priority, set_io_priority } from "../../sys/scheduling.ts";

const UNKNOWN = -1;

/** What this worker's thread has set for itself. */
export class IoPriority {
  private present = UNKNOWN;
  /** What the thread was started with. */
  private own = UNKNOWN;

  /** Takes over the priority of a thread. Who is gone, or what may not be set, changes nothing. */
  take_over(thread: number): void {
    // 0 would mean this thread itself; the kernel names it for work that nobody waits for.
    if (thread === 0) return;
    if (this.own === UNKNOWN) this.own = this.present = io_priority(0);
    const wanted = io_priority(thread);
    if (wanted >= 0 && wanted !== this.present && set_io_priority(wanted) === 0) this.present = wanted;
  }

  /** Goes back to the priority of the start, when the option is switched off: else a worker might stay idle for ever. */
  restore(): void {
    if (this.present !== this.own && set_io_priority(this.own) === 0) this.present = this.own;
  }
}
