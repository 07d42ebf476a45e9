// Who may change the file behind a node. Whatever writes to it shares the node's data lock; moving the file to another
// branch takes it alone: it waits for the writers that are under way and holds off new ones, so that not a byte goes to
// the old copy. Reading needs none of this.
//
// The lock is one word: the number of those who share it, and above that 1 + the index of the thread that has or awaits
// it alone. Sharing costs two atomic additions. Order: a request takes the data lock before any path lock and holds one
// data lock at most; who holds path locks never waits for a data lock, so there is no deadlock.
//
// A move may take minutes. A worker's loop therefore wants requests given back that would have to wait, and parks them
// (state/parked.ts).
import { H_DATA_RELEASES, H_DATA_WAITERS, N_DATA_LOCK, NODE_WORDS } from "./layout.ts";
import { Nodes } from "./nodes.ts";
import { WaitQueue } from "./wait_queue.ts";

const OWNER_UNIT = 1 << 20;
const SHARERS = OWNER_UNIT - 1;
/** Waiters look again after this long, whatever happens. */
const LOOK_AGAIN_MS = 10_000;

/** The data lock that one worker's present request holds. */
export class DataLocks {
  /** Requests that would have to wait for somebody who has a lock alone are given back, where they can be made anew. */
  gives_back = false;
  /** The node whose lock the present request did not get: it was given back. 0: it was not. */
  refused = 0;
  /** The node whose lock this thread has had alone and let go: what was parked for it is this thread's. Else 0. */
  freed = 0;
  private readonly words: Int32Array<ArrayBuffer>;
  private readonly queue: WaitQueue;
  private readonly mine: number;
  // Index of the lock's word, or 0 when none is held.
  private held = 0;
  private held_alone = 0;

  constructor(private readonly nodes: Nodes, thread_index: number) {
    this.words = nodes.arena.nodes;
    this.queue = new WaitQueue(nodes.arena, nodes.table, H_DATA_RELEASES, H_DATA_WAITERS);
    this.mine = (thread_index + 1) * OWNER_UNIT;
  }

  /** How often this thread had to wait; for tests. */
  get waits(): number {
    return this.queue.waits;
  }

  /**
   * To change the file behind the node; waits while it is being moved. Slot 0 is no node. Ends with `release`.
   * False: the request is given back, before it has done anything.
   */
  share(slot: number): boolean {
    if (slot === 0) return true;
    const word = slot * NODE_WORDS + N_DATA_LOCK;
    while (Atomics.add(this.words, word, 1) >= OWNER_UNIT) {
      this.leave(word);
      this.nodes.table.lock();
      if (!this.wait_while_taken(slot, true)) return false;
      this.nodes.table.unlock();
    }
    this.held = word;
    return true;
  }

  /**
   * To exchange the file behind the node: gives a shared lock back and waits until nobody else has one. False: somebody
   * else was faster, and the request, which `can_restart`, is given back.
   */
  take_alone(slot: number, can_restart: boolean): boolean {
    this.release();
    const word = slot * NODE_WORDS + N_DATA_LOCK;
    this.nodes.table.lock();
    if (!this.wait_while_taken(slot, can_restart)) return false;
    Atomics.add(this.words, word, this.mine);
    this.held = word;
    this.held_alone = slot;
    while ((Atomics.load(this.words, word) & SHARERS) !== 0) {
      this.queue.sleep(LOOK_AGAIN_MS);
      this.nodes.table.lock();
    }
    this.nodes.table.unlock();
    return true;
  }

  /**
   * Table lock held: waits until nobody has the lock alone or awaits it so, and has the table lock then. False, and the
   * table lock let go: the request, which `can_restart`, is given back.
   */
  wait_while_taken(slot: number, can_restart: boolean): boolean {
    while (this.is_taken(slot)) {
      if (can_restart && this.gives_back) {
        this.refused = slot;
        this.nodes.table.unlock();
        return false;
      }
      this.queue.sleep(LOOK_AGAIN_MS);
      this.nodes.table.lock();
    }
    return true;
  }

  /** Lets go of what the present request holds, if anything. */
  release(): void {
    const word = this.held;
    if (word === 0) return;
    this.held = 0;
    if (this.held_alone === 0) return this.leave(word);
    this.freed = this.held_alone;
    this.held_alone = 0;
    this.nodes.table.lock();
    Atomics.sub(this.words, word, this.mine);
    this.queue.tell();
  }

  /** Whether somebody has the lock alone, or awaits it so. Table lock held: then the answer stays true. */
  is_taken(slot: number): boolean {
    return Atomics.load(this.words, slot * NODE_WORDS + N_DATA_LOCK) >= OWNER_UNIT;
  }

  private leave(word: number): void {
    const before = Atomics.sub(this.words, word, 1);
    if (before < OWNER_UNIT || (before & SHARERS) !== 1) return;
    this.nodes.table.lock();
    this.queue.tell();
  }
}
