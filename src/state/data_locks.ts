// Who may change the file behind a node. Whatever writes to it shares the node's data lock; moving the file to another
// branch takes it alone: it waits for the writers that are under way and holds off new ones, so that not a byte goes to
// the old copy. Reading needs none of this.
//
// The lock is one word: the number of those who share it, and above that 1 + the index of the thread that has or awaits
// it alone. Sharing costs two atomic additions. Order: a request takes the data lock before any path lock and holds one
// data lock at most; who holds path locks never waits for a data lock, so there is no deadlock.
import { H_DATA_RELEASES, H_DATA_WAITERS, N_DATA_LOCK, NODE_WORDS } from "./layout.ts";
import { Nodes } from "./nodes.ts";
import { WaitQueue } from "./wait_queue.ts";

const OWNER_UNIT = 1 << 20;
const SHARERS = OWNER_UNIT - 1;
/** Waiters look again after this long, whatever happens. */
const LOOK_AGAIN_MS = 10_000;

/** The data lock that one worker's present request holds. */
export class DataLocks {
  private readonly words: Int32Array<ArrayBuffer>;
  private readonly queue: WaitQueue;
  private readonly mine: number;
  // Index of the lock's word, or 0 when none is held.
  private held = 0;
  private is_alone = false;

  constructor(private readonly nodes: Nodes, thread_index: number) {
    this.words = nodes.arena.nodes;
    this.queue = new WaitQueue(nodes.arena, nodes.table, H_DATA_RELEASES, H_DATA_WAITERS);
    this.mine = (thread_index + 1) * OWNER_UNIT;
  }

  /** How often this thread had to wait; for tests. */
  get waits(): number {
    return this.queue.waits;
  }

  /** To change the file behind the node; waits while it is being moved. Slot 0 is no node. Ends with `release`. */
  share(slot: number): void {
    if (slot === 0) return;
    const word = slot * NODE_WORDS + N_DATA_LOCK;
    while (Atomics.add(this.words, word, 1) >= OWNER_UNIT) this.step_back(word);
    this.held = word;
  }

  /** To exchange the file behind the node: gives a shared lock back and waits until nobody else has one. */
  take_alone(slot: number): void {
    this.release();
    const word = slot * NODE_WORDS + N_DATA_LOCK;
    for (;;) {
      this.nodes.table.lock();
      if (Atomics.load(this.words, word) < OWNER_UNIT) break;
      this.queue.sleep(LOOK_AGAIN_MS);
    }
    Atomics.add(this.words, word, this.mine);
    this.held = word;
    this.is_alone = true;
    while ((Atomics.load(this.words, word) & SHARERS) !== 0) {
      this.queue.sleep(LOOK_AGAIN_MS);
      this.nodes.table.lock();
    }
    this.nodes.table.unlock();
  }

  /** Lets go of what the present request holds, if anything. */
  release(): void {
    const word = this.held;
    if (word === 0) return;
    this.held = 0;
    if (!this.is_alone) return this.leave(word);
    this.is_alone = false;
    this.nodes.table.lock();
    Atomics.sub(this.words, word, this.mine);
    this.queue.tell();
  }

  /** Whether somebody has the lock alone, or awaits it so. Table lock held: then the answer stays true. */
  is_taken(slot: number): boolean {
    return Atomics.load(this.words, slot * NODE_WORDS + N_DATA_LOCK) >= OWNER_UNIT;
  }

  /** Table lock held, and let go here: sleeps until somebody lets go of a data lock. */
  sleep(): void {
    this.queue.sleep(LOOK_AGAIN_MS);
  }

  private leave(word: number): void {
    const before = Atomics.sub(this.words, word, 1);
    if (before < OWNER_UNIT || (before & SHARERS) !== 1) return;
    this.nodes.table.lock();
    this.queue.tell();
  }

  // Somebody else has it alone: waits without being counted until that is over.
  private step_back(word: number): void {
    this.leave(word);
    this.nodes.table.lock();
    while (Atomics.load(this.words, word) >= OWNER_UNIT) {
      this.queue.sleep(LOOK_AGAIN_MS);
      this.nodes.table.lock();
    }
    this.nodes.table.unlock();
  }
}
