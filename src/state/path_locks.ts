// From a node id to a path, and the locks that keep the path true while a request uses it (operations §7.6, departures
// D6). A request holds the node it addresses and every ancestor below the root shared; what it removes or renames it
// holds exclusively. All locks of a request are taken at once or not at all, so there is no deadlock; who cannot have
// them sleeps until somebody lets go, and only locks that are *held* are waited for.
import { EAGAIN, EINVAL, ENAMETOOLONG, ESTALE } from "../base/errno.ts";
import { PATH_MAX_BYTES } from "../base/limits.ts";
import { SLASH } from "../base/bytes.ts";
import { PathBuffer } from "../base/path_buffer.ts";
import {
  H_RELEASE_WAITERS,
  H_RELEASES,
  N_EXCLUSIVE,
  N_NAME,
  N_NAME_LENGTH,
  N_PARENT,
  N_SHARED_LOCKS,
  N_STATE,
  N_WANTED,
  NODE_NAMED,
  NODE_WORDS,
  ROOT_SLOT,
} from "./layout.ts";
import { Nodes } from "./nodes.ts";
import { WaitQueue } from "./wait_queue.ts";

/** After this long, later shared locks queue behind a waiting exclusive one (departures D6). */
export const EXCLUSIVE_PATIENCE_MS = 10_000;

/** The path locks that one worker's present request holds. */
export class PathLocks {
  /** After lock_victim: the node that is being removed, or 0 when the kernel knows none. */
  victim = 0;
  /** After lock_rename: the nodes under the old and the new name, or 0. */
  old_node = 0;
  new_node = 0;
  patience_ms = EXCLUSIVE_PATIENCE_MS;

  private readonly words: Int32Array<ArrayBuffer>;
  private readonly me: number;
  // Slots held: shared as they are, exclusive ones negative.
  private readonly held = new Int32Array(PATH_MAX_BYTES * 2);
  private held_count = 0;
  // Nodes whose later shared locks wait behind the present request.
  private readonly claimed = new Int32Array(2);
  // The present request waited so long that it may overtake the claims of others: it waits for held locks only, else
  // two such requests could wait for each other.
  private is_impatient = false;
  private readonly queue: WaitQueue;

  constructor(private readonly nodes: Nodes, thread_index: number) {
    this.words = nodes.arena.nodes;
    this.me = thread_index + 1;
    this.queue = new WaitQueue(nodes.arena, nodes.table, H_RELEASES, H_RELEASE_WAITERS);
  }

  /** How often this worker had to wait; tests wait on it instead of sleeping. */
  get waits(): number {
    return this.queue.waits;
  }

  /** Path of a node into `path`, its locks shared. Returns the slot, -ESTALE when it has no path, or -ENAMETOOLONG. */
  lock_path(low: number, high: number, path: PathBuffer): number {
    for (;;) {
      this.nodes.table.lock();
      const slot = this.try_path(low, high, path);
      if (slot !== -EAGAIN) {
        if (slot > 0) this.take_shared(slot);
        this.nodes.table.unlock();
        return slot;
      }
      this.sleep_until_release(this.patience_ms);
    }
  }

  /** Paths of two nodes, both shared (LINK). Returns the slot of the second or -errno. */
  lock_two(low: number, high: number, path: PathBuffer, low2: number, high2: number, path2: PathBuffer): number {
    for (;;) {
      this.nodes.table.lock();
      const first = this.try_path(low, high, path);
      const second = first < 0 ? first : this.try_path(low2, high2, path2);
      if (second !== -EAGAIN) {
        if (second > 0) {
          this.take_shared(first);
          this.take_shared(second);
        }
        this.nodes.table.unlock();
        return second;
      }
      this.sleep_until_release(this.patience_ms);
    }
  }

  /**
   * For UNLINK and RMDIR: the directory shared, the node of the name in it (`victim`, if the kernel knows one)
   * exclusive. `path` becomes the victim's path. Returns the directory's slot or -errno.
   */
  lock_victim(low: number, high: number, name: Uint8Array, at: number, length: number, path: PathBuffer): number {
    const started_ms = performance.now();
    for (;;) {
      this.nodes.table.lock();
      this.victim = 0;
      let parent = this.try_path(low, high, path);
      if (parent > 0) {
        this.victim = this.nodes.find(parent, name, at, length);
        const named = path.append(name, at, length);
        if (named < 0) parent = named;
        else if (this.is_blocked_exclusive(this.victim)) parent = -EAGAIN;
      }
      if (this.finish_exclusive(parent, parent, 0, this.victim, 0, started_ms)) return parent;
    }
  }

  /**
   * A node exclusive, its directory shared: no request that goes by its path is under way. `path` becomes its path.
   * Returns the slot, -ESTALE when it has no path, or -ENAMETOOLONG. Not for the root.
   */
  lock_alone(low: number, high: number, path: PathBuffer): number {
    const started_ms = performance.now();
    for (;;) {
      this.nodes.table.lock();
      let slot = this.try_path(low, high, path);
      const parent = slot > 0 ? this.nodes.parent_of(slot) : 0;
      const wanted = slot > 0 ? slot : 0;
      if (this.is_blocked_exclusive(wanted)) slot = -EAGAIN;
      if (this.finish_exclusive(slot, parent, 0, wanted, 0, started_ms)) return slot;
    }
  }

  /** For RENAME: both directories shared, `old_node` and `new_node` exclusive. Returns 0 or -errno. */
  lock_rename(
    old_low: number,
    old_high: number,
    old_path: PathBuffer,
    new_low: number,
    new_high: number,
    new_path: PathBuffer,
    bytes: Uint8Array,
    old_at: number,
    old_length: number,
    new_at: number,
    new_length: number,
  ): number {
    const started_ms = performance.now();
    for (;;) {
      this.nodes.table.lock();
      this.old_node = this.new_node = 0;
      const first = this.try_path(old_low, old_high, old_path);
      const second = first < 0 ? first : this.try_path(new_low, new_high, new_path);
      let result = second < 0 ? second : 0;
      if (result === 0) {
        this.old_node = this.nodes.find(first, bytes, old_at, old_length);
        this.new_node = this.nodes.find(second, bytes, new_at, new_length);
        if (this.new_node === this.old_node) this.new_node = 0;
        result = old_path.append(bytes, old_at, old_length) || new_path.append(bytes, new_at, new_length);
      }
      if (result === 0 && (this.is_ancestor(this.old_node, second) || this.is_ancestor(this.new_node, first))) {
        result = -EINVAL; // into itself, or over its own ancestor: the kernel refuses both before it asks
      }
      if (result === 0 && (this.is_blocked_exclusive(this.old_node) || this.is_blocked_exclusive(this.new_node))) {
        result = -EAGAIN;
      }
      if (this.finish_exclusive(result, first, second, this.old_node, this.new_node, started_ms)) return result;
    }
  }

  /** Lets go of everything the present request holds. */
  release(): void {
    if (this.held_count === 0) return;
    this.nodes.table.lock();
    for (let i = 0; i < this.held_count; i++) {
      const slot = this.held[i]!;
      if (slot > 0) this.words[slot * NODE_WORDS + N_SHARED_LOCKS]!--;
      else this.words[-slot * NODE_WORDS + N_EXCLUSIVE] = 0;
      this.nodes.free_if_unused(Math.abs(slot));
    }
    this.held_count = 0;
    this.tell_waiters();
  }

  /** Wakes those who wait for a lock or a busy handle. Table lock held, and let go here. */
  tell_waiters(): void {
    this.queue.tell();
  }

  /** Table lock held, and let go here: sleeps until somebody releases something, or for `timeout_ms`. */
  sleep_until_release(timeout_ms: number): void {
    this.queue.sleep(timeout_ms);
  }

  // True when the request may go on, with its locks or with its error; false after a wait. Lets go of the table lock.
  private finish_exclusive(
    result: number,
    shared1: number,
    shared2: number,
    exclusive1: number,
    exclusive2: number,
    started_ms: number,
  ): boolean {
    this.drop_claims();
    if (result !== -EAGAIN) {
      if (result >= 0) {
        this.take_shared(shared1);
        this.take_shared(shared2);
        this.take_exclusive(exclusive1);
        this.take_exclusive(exclusive2);
      }
      const had_claims = this.is_impatient;
      this.is_impatient = false;
      if (had_claims) this.tell_waiters();
      else this.nodes.table.unlock();
      return true;
    }
    const waited_ms = performance.now() - started_ms;
    this.is_impatient = waited_ms >= this.patience_ms;
    if (this.is_impatient) {
      this.claim(0, exclusive1);
      this.claim(1, exclusive2);
    }
    this.sleep_until_release(this.is_impatient ? this.patience_ms : this.patience_ms - waited_ms);
    return false;
  }

  // The slot, with its path written; -ESTALE, -ENAMETOOLONG, or -EAGAIN when somebody holds part of it exclusively.
  private try_path(low: number, high: number, path: PathBuffer): number {
    const slot = this.nodes.slot_of(low, high);
    if (slot === 0) return -ESTALE;
    const words = this.words;
    let length = 0;
    for (let at = slot; at !== ROOT_SLOT; at = words[at * NODE_WORDS + N_PARENT]!) {
      const node = at * NODE_WORDS;
      if (at === 0 || (words[node + N_STATE]! & NODE_NAMED) === 0) return -ESTALE;
      if (words[node + N_EXCLUSIVE] !== 0) return -EAGAIN;
      if (words[node + N_WANTED] !== 0 && !this.is_impatient) return -EAGAIN;
      length += words[node + N_NAME_LENGTH]! + 1;
    }
    if (length > PATH_MAX_BYTES) return -ENAMETOOLONG;
    this.write_path(slot, path, Math.max(0, length - 1));
    return slot;
  }

  private write_path(slot: number, path: PathBuffer, length: number): void {
    const words = this.words;
    let end = length;
    for (let at = slot; at !== ROOT_SLOT; at = words[at * NODE_WORDS + N_PARENT]!) {
      const node = at * NODE_WORDS;
      const name_length = words[node + N_NAME_LENGTH]!;
      end -= name_length;
      this.nodes.names.copy_to(words[node + N_NAME]!, name_length, path.bytes, end);
      if (end > 0) path.bytes[--end] = SLASH;
    }
    path.bytes[length] = 0;
    path.length = length;
  }

  private take_shared(slot: number): void {
    const words = this.words;
    for (let at = slot; at !== ROOT_SLOT && at !== 0; at = words[at * NODE_WORDS + N_PARENT]!) {
      words[at * NODE_WORDS + N_SHARED_LOCKS]!++;
      this.held[this.held_count++] = at;
    }
  }

  private take_exclusive(slot: number): void {
    if (slot === 0) return;
    this.words[slot * NODE_WORDS + N_EXCLUSIVE] = this.me;
    this.held[this.held_count++] = -slot;
  }

  private is_blocked_exclusive(slot: number): boolean {
    if (slot === 0) return false;
    const node = slot * NODE_WORDS;
    return this.words[node + N_SHARED_LOCKS] !== 0 || this.words[node + N_EXCLUSIVE] !== 0 ||
      (this.words[node + N_WANTED] !== 0 && !this.is_impatient);
  }

  private is_ancestor(slot: number, of: number): boolean {
    if (slot === 0) return false;
    for (let at = of; at !== ROOT_SLOT && at !== 0; at = this.words[at * NODE_WORDS + N_PARENT]!) {
      if (at === slot) return true;
    }
    return false;
  }

  private claim(which: number, slot: number): void {
    if (slot === 0 || this.words[slot * NODE_WORDS + N_WANTED] !== 0) return;
    this.words[slot * NODE_WORDS + N_WANTED] = this.me;
    this.claimed[which] = slot;
  }

  private drop_claims(): void {
    for (let i = 0; i < this.claimed.length; i++) {
      const node = this.claimed[i]! * NODE_WORDS;
      if (node !== 0 && this.words[node + N_WANTED] === this.me) this.words[node + N_WANTED] = 0;
      this.claimed[i] = 0;
    }
  }
}
