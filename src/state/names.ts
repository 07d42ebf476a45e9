// Storage for the names of nodes: blocks in units of 8 bytes, one free list per size. Used under the table lock.
import { Arena } from "./arena.ts";
import { copy_bytes } from "../base/bytes.ts";
import { NAME_MAX_BYTES } from "../base/limits.ts";
import { H_NAME_FREE, H_NAME_TOP, NAME_UNIT_BYTES, NAME_UNITS } from "./layout.ts";

const WORDS_PER_UNIT = NAME_UNIT_BYTES / 4;

function units_for(length: number): number {
  return Math.max(1, Math.ceil(length / NAME_UNIT_BYTES));
}

/** Name blocks of the arena. */
export class Names {
  private readonly header: Int32Array<ArrayBuffer>;
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly words: Int32Array<ArrayBuffer>;

  constructor(arena: Arena) {
    this.header = arena.header;
    this.bytes = arena.names;
    this.words = arena.name_words;
  }

  /** Stores a name of 1 to 255 bytes and returns its block, or 0 when the region is full or the name too long. */
  store(name: Uint8Array, name_at: number, length: number): number {
    if (length > NAME_MAX_BYTES) return 0;
    const units = units_for(length);
    let block = this.header[H_NAME_FREE + units]!;
    if (block !== 0) {
      this.header[H_NAME_FREE + units] = this.words[block * WORDS_PER_UNIT]!;
    } else {
      block = this.header[H_NAME_TOP]!;
      if (block + units > NAME_UNITS) return 0;
      this.header[H_NAME_TOP] = block + units;
    }
    copy_bytes(name, name_at, this.bytes, block * NAME_UNIT_BYTES, length);
    return block;
  }

  /** Gives a block back; `length` is the length it was stored with. */
  free(block: number, length: number): void {
    const units = units_for(length);
    this.words[block * WORDS_PER_UNIT] = this.header[H_NAME_FREE + units]!;
    this.header[H_NAME_FREE + units] = block;
  }

  copy_to(block: number, length: number, to: Uint8Array, to_at: number): void {
    copy_bytes(this.bytes, block * NAME_UNIT_BYTES, to, to_at, length);
  }

  equals(block: number, length: number, name: Uint8Array, name_at: number): boolean {
    const start = block * NAME_UNIT_BYTES;
    for (let i = 0; i < length; i++) if (this.bytes[start + i] !== name[name_at + i]) return false;
    return true;
  }
}
