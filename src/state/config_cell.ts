// The configuration in force, as text with a version: whoever sees another version than its own reads it again.
import { to_bytes, to_text } from "../base/bytes.ts";
import { Arena } from "./arena.ts";
import { CONFIG_TEXT_BYTES, H_CONFIG_LENGTH, H_CONFIG_LOCK, H_CONFIG_VERSION } from "./layout.ts";
import { SleepLock } from "./lock.ts";

/** The configuration cell as one thread sees it. */
export class ConfigCell {
  private readonly header: Int32Array<ArrayBuffer>;
  private readonly writers: SleepLock;

  constructor(private readonly arena: Arena) {
    this.header = arena.header;
    this.writers = new SleepLock(arena, H_CONFIG_LOCK);
  }

  /** Even; odd while somebody writes. One atomic load: asked at the start of every request. */
  version(): number {
    return Atomics.load(this.header, H_CONFIG_VERSION);
  }

  /** The text and its version, consistent with each other. */
  read(): { text: string; version: number } {
    for (;;) {
      const version = this.version();
      if ((version & 1) !== 0) continue;
      const copy = this.arena.config_text.slice(0, this.header[H_CONFIG_LENGTH]!);
      if (this.version() === version) return { text: to_text(copy), version };
    }
  }

  /**
   * Changes the configuration: `change` gets the present text and returns the new one, or undefined to leave it.
   * One change at a time; requests that start after this returned see it.
   */
  edit(change: (text: string) => string | undefined): void {
    this.writers.lock();
    try {
      const text = change(this.read().text);
      if (text !== undefined) this.publish(text);
    } finally {
      this.writers.unlock();
    }
  }

  private publish(text: string): void {
    const bytes = to_bytes(text);
    if (bytes.length > CONFIG_TEXT_BYTES) {
      throw new Error(`The configuration is longer than ${CONFIG_TEXT_BYTES} bytes`);
    }
    Atomics.add(this.header, H_CONFIG_VERSION, 1);
    this.arena.config_text.set(bytes);
    this.header[H_CONFIG_LENGTH] = bytes.length;
    Atomics.add(this.header, H_CONFIG_VERSION, 1);
  }
}
