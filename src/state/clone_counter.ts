// Counts directories that cloning made on a further branch. A metadata change that went to all branches which had the
// directory looks whether one came while it was under way, and then serves that one too.
import { Arena } from "./arena.ts";
import { H_CLONES } from "./layout.ts";

/** The counter as one thread sees it. */
export class CloneCounter {
  private readonly header: Int32Array<ArrayBuffer>;

  constructor(arena: Arena) {
    this.header = arena.header;
  }

  value(): number {
    return Atomics.load(this.header, H_CLONES);
  }

  /** To be called after the directory was made, and before its metadata are copied. */
  count(): void {
    Atomics.add(this.header, H_CLONES, 1);
  }
}
