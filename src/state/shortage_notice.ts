// Who tells the log that descriptors have run out: one worker, and not for every request that meets it.
import { Arena } from "./arena.ts";
import { H_SHORTAGE_TOLD } from "./layout.ts";

const PAUSE_S = 600;

/** The notice as one thread sees it. */
export class ShortageNotice {
  private readonly header: Int32Array<ArrayBuffer>;

  constructor(arena: Arena) {
    this.header = arena.header;
  }

  /** True for the first caller in 10 minutes. `now_s`: seconds since the epoch; a clock that was set back does not silence. */
  is_due(now_s: number): boolean {
    const told_s = Atomics.load(this.header, H_SHORTAGE_TOLD);
    if (told_s !== 0 && now_s >= told_s && now_s - told_s < PAUSE_S) return false;
    return Atomics.compareExchange(this.header, H_SHORTAGE_TOLD, told_s, now_s) === told_s;
  }
}
