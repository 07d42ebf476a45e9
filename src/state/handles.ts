// Open files and directories by the handle the kernel was given: slot | reuse count << 32. All handles of a node hang
// on one list; the first of it, the canonical handle, stands for the node until the last of them is released
// (operations §16.2, §16.3).
import { EAGAIN, EBADF, ENFILE } from "../base/errno.ts";
import { O_ACCMODE, O_RDWR } from "../sys/file.ts";
import { Arena } from "./arena.ts";
import { DataLocks } from "./data_locks.ts";
import * as at from "./layout.ts";
import { Nodes } from "./nodes.ts";
import { PathLocks } from "./path_locks.ts";

/** The handle table as one thread sees it. */
export class Handles {
  /** After `release_file` or `unpin`: descriptors that the caller closes now, outside the table lock. */
  readonly closing = new Int32Array(2);
  closing_count = 0;
  /** The same for a backing id of the kernel (N_BACKING); 0: none. */
  closing_backing = 0;

  private readonly header: Int32Array<ArrayBuffer>;
  private readonly words: Int32Array<ArrayBuffer>;
  private readonly node_words: Int32Array<ArrayBuffer>;

  constructor(
    arena: Arena,
    private readonly nodes: Nodes,
    private readonly locks: PathLocks,
    private readonly data_locks: DataLocks,
  ) {
    this.header = arena.header;
    this.words = arena.handles;
    this.node_words = arena.nodes;
  }

  /** The slot of a handle of that kind (KIND_FILE, KIND_DIRECTORY), or 0 when the kernel's number is none. */
  find(low: number, high: number, kind: number): number {
    if (low <= 0 || low >= this.header[at.H_HANDLE_TOP]!) return 0;
    const handle = low * at.HANDLE_WORDS;
    return this.words[handle + at.F_KIND] === kind && this.words[handle + at.F_REUSE] === (high | 0) ? low : 0;
  }

  /** The upper word of the number the kernel is given; the slot is the lower one. */
  reuse_of(handle: number): number {
    return this.words[handle * at.HANDLE_WORDS + at.F_REUSE]! >>> 0;
  }

  /** One word (F_FD, F_BRANCH, F_FLAGS, …) of a handle. */
  word(handle: number, word: number): number {
    return this.words[handle * at.HANDLE_WORDS + word]!;
  }

  /** How many files and directories are open. */
  get count(): number {
    return this.header[at.H_HANDLE_COUNT]!;
  }

  /** The slot of the canonical handle of a node, or 0 when nobody has it open. */
  canonical_of(node: number): number {
    return this.node_words[node * at.NODE_WORDS + at.N_CANONICAL]!;
  }

  /** The kernel's id of the file that the open node is passed through to, or 0. It stays until the last release. */
  backing_of(node: number): number {
    return this.node_words[node * at.NODE_WORDS + at.N_BACKING]!;
  }

  /**
   * Whether writes to the node's file may pass us by: it must then not be exchanged for another one, or they would be lost
   * (departures D1). Stable while the caller holds the node's path exclusively: opening locks it shared.
   */
  has_backing(node: number): boolean {
    return this.backing_of(node) !== 0 ||
      (this.node_words[node * at.NODE_WORDS + at.N_STATE]! & at.NODE_MAPPABLE) !== 0;
  }

  /**
   * Notes that the file may be mapped by programs, or that it is not. A mapping of a file that is passed through is one of the
   * branch's file: it outlasts the release of all handles, but keeps the kernel from forgetting the node.
   */
  set_mappable(node: number, may_be_mapped: boolean): void {
    const state = node * at.NODE_WORDS + at.N_STATE;
    this.nodes.table.lock();
    if (may_be_mapped) this.node_words[state]! |= at.NODE_MAPPABLE;
    else this.node_words[state]! &= ~at.NODE_MAPPABLE;
    this.nodes.table.unlock();
  }

  /**
   * Keeps a node's canonical descriptor from being closed and returns it; -EBADF when the node is not open.
   * Undone by `unpin`, or taken over by `add_file(…, pinned)`.
   */
  pin(node: number): number {
    this.nodes.table.lock();
    const canonical = this.canonical_of(node);
    if (canonical !== 0) this.node_words[node * at.NODE_WORDS + at.N_OPENS]!++;
    this.nodes.table.unlock();
    return canonical === 0 ? -EBADF : this.word(canonical, at.F_FD);
  }

  unpin(node: number): void {
    this.nodes.table.lock();
    this.start_closing();
    this.drop_open(node);
    this.nodes.table.unlock();
  }

  /**
   * A handle for a file just opened. Without `pinned` it becomes the node's canonical one, with the backing id that all
   * further opens share, or -EAGAIN when another thread was faster: the caller then opens that one's file instead.
   * -ENFILE when the table is full.
   */
  add_file(
    node: number,
    fd: number,
    branch: number,
    flags: number,
    reply_flags: number,
    pinned: boolean,
    backing = 0,
  ): number {
    this.nodes.table.lock();
    const head = this.canonical_of(node);
    const slot = head !== 0 && !pinned ? -EAGAIN : this.allocate(at.KIND_FILE);
    if (slot > 0) {
      const handle = slot * at.HANDLE_WORDS;
      this.words[handle + at.F_NODE] = node;
      this.words[handle + at.F_FD] = fd;
      this.words[handle + at.F_BRANCH] = branch;
      this.words[handle + at.F_FLAGS] = flags;
      this.words[handle + at.F_REPLY_FLAGS] = reply_flags;
      if (head === 0) {
        this.node_words[node * at.NODE_WORDS + at.N_CANONICAL] = slot;
        this.node_words[node * at.NODE_WORDS + at.N_BACKING] = backing;
      } else {
        this.words[handle + at.F_NEXT] = this.word(head, at.F_NEXT);
        this.words[head * at.HANDLE_WORDS + at.F_NEXT] = slot;
      }
      if (!pinned) this.node_words[node * at.NODE_WORDS + at.N_OPENS]!++;
      if (this.backing_of(node) !== 0 && (flags & O_ACCMODE) === O_RDWR) {
        this.node_words[node * at.NODE_WORDS + at.N_STATE]! |= at.NODE_MAPPABLE;
      }
    }
    this.nodes.table.unlock();
    return slot;
  }

  /** Remembers H(path at the time of open), for the path modes of `inodecalc` (operations §10.3). */
  set_path_hash(handle: number, low: number, high: number): void {
    this.words[handle * at.HANDLE_WORDS + at.F_PATH_HASH_LOW] = low;
    this.words[handle * at.HANDLE_WORDS + at.F_PATH_HASH_HIGH] = high;
  }

  /**
   * All handles of an open node, the canonical one first, released or not. The list is complete and stays so while the
   * caller has the node's data lock alone and its path exclusively: nobody can release or open it then.
   */
  handles_of(node: number): number[] {
    const found: number[] = [];
    this.nodes.table.lock();
    for (let slot = this.canonical_of(node); slot !== 0; slot = this.word(slot, at.F_NEXT)) found.push(slot);
    this.nodes.table.unlock();
    return found;
  }

  /** The file of the handle has come to lie on another branch, behind this descriptor. */
  set_place(slot: number, fd: number, branch: number): void {
    this.words[slot * at.HANDLE_WORDS + at.F_FD] = fd;
    this.words[slot * at.HANDLE_WORDS + at.F_BRANCH] = branch;
  }

  /**
   * Ends a file handle; what to close then stands in `closing`. Waits while the file is being moved, for the mover puts
   * another file behind the descriptor. The caller holds no path lock. False: the request, which `can_restart`, is given
   * back (DataLocks.gives_back).
   */
  release_file(slot: number, can_restart = false): boolean {
    const node = this.word(slot, at.F_NODE);
    this.nodes.table.lock();
    if (!this.data_locks.wait_while_taken(node, can_restart)) return false;
    this.start_closing();
    const head = this.canonical_of(node);
    if (slot === head) {
      this.words[slot * at.HANDLE_WORDS + at.F_KIND] = at.KIND_KEPT;
    } else {
      let before = head;
      while (this.word(before, at.F_NEXT) !== slot) before = this.word(before, at.F_NEXT);
      this.words[before * at.HANDLE_WORDS + at.F_NEXT] = this.word(slot, at.F_NEXT);
      this.close_and_free(slot);
    }
    this.drop_open(node);
    this.nodes.table.unlock();
    return true;
  }

  add_directory(node: number): number {
    this.nodes.table.lock();
    const slot = this.allocate(at.KIND_DIRECTORY);
    if (slot > 0) {
      this.words[slot * at.HANDLE_WORDS + at.F_NODE] = node;
      this.words[slot * at.HANDLE_WORDS + at.F_FD] = -1;
    }
    this.nodes.table.unlock();
    return slot;
  }

  /**
   * Waits until no other request works on the directory handle, and makes it ours. Returns its slot; -EBADF when the
   * kernel's number is none, or was released while we waited (a killed READDIR may be overtaken by RELEASEDIR).
   */
  lock_directory(low: number, high: number): number {
    for (;;) {
      this.nodes.table.lock();
      const slot = this.find(low, high, at.KIND_DIRECTORY);
      const busy = slot * at.HANDLE_WORDS + at.F_BUSY;
      if (slot === 0 || this.words[busy] === 0) {
        if (slot !== 0) this.words[busy] = 1;
        this.nodes.table.unlock();
        return slot === 0 ? -EBADF : slot;
      }
      this.locks.sleep_until_release(this.locks.patience_ms);
    }
  }

  unlock_directory(slot: number): void {
    this.nodes.table.lock();
    this.words[slot * at.HANDLE_WORDS + at.F_BUSY] = 0;
    this.locks.tell_waiters();
  }

  /** Records the merged listing: its memfd, the number of entries, where in the memfd their index begins (bytes). */
  set_listing(slot: number, fd: number, count: number, index_at: number): void {
    const handle = slot * at.HANDLE_WORDS;
    this.words[handle + at.F_FD] = fd;
    this.words[handle + at.F_LISTING_COUNT] = count;
    this.words[handle + at.F_LISTING_INDEX] = index_at;
  }

  /** Ends a directory handle that was locked with `lock_directory`; returns its listing's memfd, or -1. */
  release_directory(slot: number): number {
    const fd = this.word(slot, at.F_FD);
    this.nodes.table.lock();
    this.free(slot);
    this.locks.tell_waiters();
    return fd;
  }

  private start_closing(): void {
    this.closing_count = 0;
    this.closing_backing = 0;
  }

  // One open less. The last one takes the canonical descriptor and the backing id with it.
  private drop_open(node: number): void {
    const opens = --this.node_words[node * at.NODE_WORDS + at.N_OPENS]!;
    if (opens > 0) return;
    const head = this.canonical_of(node);
    if (head !== 0) this.close_and_free(head);
    this.node_words[node * at.NODE_WORDS + at.N_CANONICAL] = 0;
    this.closing_backing = this.backing_of(node);
    this.node_words[node * at.NODE_WORDS + at.N_BACKING] = 0;
    this.nodes.free_if_unused(node);
  }

  private close_and_free(slot: number): void {
    this.closing[this.closing_count++] = this.word(slot, at.F_FD);
    this.free(slot);
  }

  private allocate(kind: number): number {
    let slot = this.header[at.H_HANDLE_FREE]!;
    if (slot !== 0) {
      this.header[at.H_HANDLE_FREE] = this.word(slot, at.F_NEXT);
    } else {
      slot = this.header[at.H_HANDLE_TOP]!;
      if (slot >= at.HANDLES_MAX) return -ENFILE;
      this.header[at.H_HANDLE_TOP] = slot + 1;
    }
    const handle = slot * at.HANDLE_WORDS;
    this.words.fill(0, handle + at.F_KIND, handle + at.HANDLE_WORDS);
    this.words[handle + at.F_KIND] = kind;
    this.header[at.H_HANDLE_COUNT]!++;
    return slot;
  }

  private free(slot: number): void {
    const handle = slot * at.HANDLE_WORDS;
    this.words[handle + at.F_KIND] = at.KIND_FREE;
    this.words[handle + at.F_REUSE]!++;
    this.words[handle + at.F_NEXT] = this.header[at.H_HANDLE_FREE]!;
    this.header[at.H_HANDLE_FREE] = slot;
    this.header[at.H_HANDLE_COUNT]!--;
  }
}
