// The configuration in force, as text with a version: whoever sees another version than its own reads it again. The lock
// covers the copying of the text and nothing else. What leads to a new text may wait for a disk; it is worked out before,
// and again if somebody else was faster.
import { to_bytes, to_text } from "../base/bytes.ts";
import { Arena } from "./arena.ts";
import { CONFIG_TEXT_BYTES, H_CONFIG_LENGTH, H_CONFIG_LOCK, H_CONFIG_TURN, H_CONFIG_VERSION } from "./layout.ts";
import { SleepLock } from "./lock.ts";

/** So often a change may be overtaken by others; then it keeps them out. */
const OVERTAKEN_MAX = 16;

/** The configuration cell as one thread sees it. */
export class ConfigCell {
  private readonly header: Int32Array<ArrayBuffer>;
  private readonly copying: SleepLock;
  /** Whose change comes next; readers never wait for it. */
  private readonly turn: SleepLock;

  constructor(private readonly arena: Arena) {
    this.header = arena.header;
    this.copying = new SleepLock(arena, H_CONFIG_LOCK);
    this.turn = new SleepLock(arena, H_CONFIG_TURN);
  }

  /** Another number after every change. One atomic load: asked at the start of every request. */
  version(): number {
    return Atomics.load(this.header, H_CONFIG_VERSION);
  }

  /** The text and its version, consistent with each other. */
  read(): { text: string; version: number } {
    this.copying.lock();
    const version = this.version();
    const copy = this.arena.config_text.slice(0, this.header[H_CONFIG_LENGTH]!);
    this.copying.unlock();
    return { text: to_text(copy), version };
  }

  /**
   * Changes the configuration: `change` gets the present text and returns the new one, or undefined to leave it. It may
   * block, and it is called again with a newer text when another change was in force before its own. Requests that start
   * after this returned see the change.
   */
  edit(change: (text: string) => string | undefined): void {
    for (let overtaken = 0; overtaken < OVERTAKEN_MAX; overtaken++) {
      const { text, version } = this.read();
      const changed = change(text);
      if (changed === undefined || this.take_turn(() => this.publish(changed, version))) return;
    }
    this.take_turn(() => {
      const { text, version } = this.read();
      const changed = change(text);
      return changed === undefined || this.publish(changed, version);
    });
  }

  private take_turn(action: () => boolean): boolean {
    this.turn.lock();
    try {
      return action();
    } finally {
      this.turn.unlock();
    }
  }

  // False when the configuration is not the one of that version any more.
  private publish(text: string, version: number): boolean {
    const bytes = to_bytes(text);
    if (bytes.length > CONFIG_TEXT_BYTES) {
      throw new Error(`The configuration is longer than ${CONFIG_TEXT_BYTES} bytes`);
    }
    if (this.version() !== version) return false;
    this.copying.lock();
    this.arena.config_text.set(bytes);
    this.header[H_CONFIG_LENGTH] = bytes.length;
    Atomics.add(this.header, H_CONFIG_VERSION, 1);
    this.copying.unlock();
    return true;
  }
}
