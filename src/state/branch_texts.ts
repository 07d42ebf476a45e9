// Branch paths under a number that stays true for the life of the mount: an open file remembers the branch it lies on,
// also when the list of branches has changed since.
import { Arena } from "./arena.ts";
import { copy_bytes, same_bytes } from "../base/bytes.ts";
import { BRANCH_TEXT_BYTES, H_BRANCH_TEXT_TOP } from "./layout.ts";
import { SpinLock } from "./lock.ts";

const LENGTH_BYTES = 2;

/** Interned branch paths; append only. */
export class BranchTexts {
  private readonly text: Uint8Array<ArrayBuffer>;

  constructor(private readonly arena: Arena, private readonly table: SpinLock) {
    this.text = arena.branch_text;
  }

  /** The number of a path, 1 or more; 0 when there is no room for another. Asked when a configuration is read. */
  intern(path: Uint8Array): number {
    this.table.lock();
    const top = this.arena.header[H_BRANCH_TEXT_TOP]!;
    let at = 0;
    while (at < top && !this.is_at(at, path)) at += LENGTH_BYTES + this.length_at(at);
    if (at === top) {
      if (at + LENGTH_BYTES + path.length > BRANCH_TEXT_BYTES) at = -1;
      else {
        this.text[at] = path.length & 0xff;
        this.text[at + 1] = path.length >> 8;
        copy_bytes(path, 0, this.text, at + LENGTH_BYTES, path.length);
        this.arena.header[H_BRANCH_TEXT_TOP] = top + LENGTH_BYTES + path.length;
      }
    }
    this.table.unlock();
    return at + 1;
  }

  /** A copy of the path of that number. */
  path_of(id: number): Uint8Array<ArrayBuffer> {
    const at = id - 1;
    return this.text.slice(at + LENGTH_BYTES, at + LENGTH_BYTES + this.length_at(at));
  }

  private length_at(at: number): number {
    return this.text[at]! | (this.text[at + 1]! << 8);
  }

  private is_at(at: number, path: Uint8Array): boolean {
    return this.length_at(at) === path.length && same_bytes(this.text, at + LENGTH_BYTES, path, 0, path.length);
  }
}
