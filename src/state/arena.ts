// The arena: one memory file, mapped once by the main thread and seen by every worker through typed arrays.
import { c_string } from "../base/bytes.ts";
import { close } from "../sys/file.ts";
import { map_shared, Mapping, memfd_create, view_at } from "../sys/memory.ts";
import { ftruncate } from "../sys/file.ts";
import * as at from "./layout.ts";

/** What a worker needs to see the arena of its process. */
export interface ArenaAddress {
  readonly fd: number;
  readonly address: bigint;
}

/** Typed arrays over the regions of the arena; one object per thread, all over the same memory. */
export class Arena {
  readonly header: Int32Array<ArrayBuffer>;
  readonly config_text: Uint8Array<ArrayBuffer>;
  readonly branch_text: Uint8Array<ArrayBuffer>;
  readonly read_jobs: Int32Array<ArrayBuffer>;
  readonly link_lists: Int32Array<ArrayBuffer>;
  readonly handles: Int32Array<ArrayBuffer>;
  readonly node_buckets: Int32Array<ArrayBuffer>;
  readonly nodes: Int32Array<ArrayBuffer>;
  readonly names: Uint8Array<ArrayBuffer>;
  /** The names region as words, for the free lists inside it. */
  readonly name_words: Int32Array<ArrayBuffer>;

  private constructor(readonly fd: number, private readonly mapping: Mapping) {
    const buffer = mapping.buffer;
    this.header = new Int32Array(buffer, 0, at.CONFIG_AT / 4);
    this.config_text = new Uint8Array(buffer, at.CONFIG_AT, at.CONFIG_TEXT_BYTES);
    this.branch_text = new Uint8Array(buffer, at.BRANCH_TEXT_AT, at.BRANCH_TEXT_BYTES);
    this.read_jobs = new Int32Array(buffer, at.READ_JOBS_AT, at.READ_JOBS_MAX * at.READ_JOB_BYTES / 4);
    this.link_lists = new Int32Array(buffer, at.LINK_BUCKETS_AT, at.LINK_LISTS);
    this.handles = new Int32Array(buffer, at.HANDLES_AT, at.HANDLES_MAX * at.HANDLE_WORDS);
    this.node_buckets = new Int32Array(buffer, at.NODE_BUCKETS_AT, at.NODES_MAX);
    this.nodes = new Int32Array(buffer, at.NODES_AT, at.NODES_MAX * at.NODE_WORDS);
    this.names = new Uint8Array(buffer, at.NAMES_AT, at.NAME_UNITS * at.NAME_UNIT_BYTES);
    this.name_words = new Int32Array(buffer, at.NAMES_AT, at.NAME_UNITS * at.NAME_UNIT_BYTES / 4);
  }

  /** A new, empty arena. Throws when the system refuses the memory, which is an error of the start. */
  static create(): Arena {
    const fd = memfd_create(c_string("mergerfs-ts-arena"));
    const mapping = fd < 0 || ftruncate(fd, at.ARENA_BYTES) < 0 ? undefined : map_shared(fd, at.ARENA_BYTES);
    if (mapping === undefined) {
      if (fd >= 0) close(fd);
      throw new Error("Cannot map shared memory for the state of the mount; is address space limited (ulimit -v)?");
    }
    const arena = new Arena(fd, mapping);
    arena.prepare();
    return arena;
  }

  /** The arena that the main thread made, seen from a worker. */
  static attach(from: ArenaAddress): Arena {
    const arena = new Arena(from.fd, view_at(from.address, at.ARENA_BYTES));
    if (arena.header[at.H_MAGIC] !== at.ARENA_MAGIC || arena.header[at.H_LAYOUT_VERSION] !== at.ARENA_LAYOUT_VERSION) {
      throw new Error("The state arena was written by another version");
    }
    return arena;
  }

  /** What INIT settled, as flat numbers (fuse/init.ts). */
  get init_outcome(): Int32Array<ArrayBuffer> {
    return this.header.subarray(at.H_INIT_OUTCOME, at.H_INIT_OUTCOME + at.INIT_OUTCOME_WORDS);
  }

  address(): ArenaAddress {
    return { fd: this.fd, address: this.mapping.address };
  }

  private prepare(): void {
    const header = this.header;
    const random = crypto.getRandomValues(new Int32Array(4));
    header[at.H_GENERATION_LOW] = random[0]! | 1;
    header[at.H_GENERATION_HIGH] = random[1]!;
    header[at.H_HASH_KEY_LOW] = random[2]!;
    header[at.H_HASH_KEY_HIGH] = random[3]!;
    header[at.H_NODE_TOP] = at.ROOT_SLOT + 1;
    header[at.H_NODE_COUNT] = 1;
    header[at.H_BUCKET_COUNT] = 1;
    header[at.H_NAME_TOP] = 1;
    header[at.H_HANDLE_TOP] = 1;
    this.nodes[at.ROOT_SLOT * at.NODE_WORDS + at.N_STATE] = at.NODE_IN_USE;
    header[at.H_LAYOUT_VERSION] = at.ARENA_LAYOUT_VERSION;
    header[at.H_MAGIC] = at.ARENA_MAGIC;
  }

  /** The bytes of a header word, as futex(2) wants them. Allocates: for waits, not for the fast path. */
  word_bytes(word: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.header.buffer, this.header.byteOffset + word * 4, 4);
  }
}
