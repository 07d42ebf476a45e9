// Where everything lies in the arena: one memory file that every worker sees and a successor process could take over.
// Nothing in it is a pointer or a JavaScript reference; everything is an index or an offset (shared design, §3).
import { PATH_MAX_BYTES } from "../base/limits.ts";

export const ARENA_MAGIC = 0x6d_66_74_73; // "mftsz" cut to a word
/** Raised with every change of this file: a successor must not read an arena it does not understand. */
export const ARENA_LAYOUT_VERSION = 8;

const MIB = 1024 * 1024;

// Regions, one behind the other; sparse, so that what is not used takes no memory.
const HEADER_BYTES = 1 * MIB;
export const CONFIG_TEXT_BYTES = 16 * MIB;
export const BRANCH_TEXT_BYTES = 16 * MIB;
export const READ_JOBS_MAX = 256;
/** A few words, then the path. */
export const READ_JOB_PATH = 64;
export const READ_JOB_BYTES = READ_JOB_PATH + PATH_MAX_BYTES;
export const LINK_BUCKETS = 1 << 20;
/** Two lists for each bucket: names to be told of a change, names that were told. */
export const LINK_LISTS = LINK_BUCKETS * 2;
export const HANDLES_MAX = 1 << 20;
export const HANDLE_WORDS = 16;
export const NODES_MAX = 1 << 25;
export const NODE_WORDS = 22;
/** Names lie in units of 8 bytes. */
export const NAME_UNIT_BYTES = 8;
const NAMES_BYTES = 2047 * MIB;

export const CONFIG_AT = HEADER_BYTES;
export const BRANCH_TEXT_AT = CONFIG_AT + CONFIG_TEXT_BYTES;
export const READ_JOBS_AT = BRANCH_TEXT_AT + BRANCH_TEXT_BYTES;
export const LINK_BUCKETS_AT = READ_JOBS_AT + READ_JOBS_MAX * READ_JOB_BYTES;
export const HANDLES_AT = LINK_BUCKETS_AT + LINK_LISTS * 4;
export const NODE_BUCKETS_AT = HANDLES_AT + HANDLES_MAX * HANDLE_WORDS * 4;
export const NODES_AT = NODE_BUCKETS_AT + NODES_MAX * 4;
export const NAMES_AT = NODES_AT + NODES_MAX * NODE_WORDS * 4;
export const ARENA_BYTES = NAMES_AT + NAMES_BYTES;
export const NAME_UNITS = NAMES_BYTES / NAME_UNIT_BYTES;

// Words of the header.
export const H_MAGIC = 0;
export const H_LAYOUT_VERSION = 1;
/** Generation reported for every node but the root (operations §7.1); its low word is never zero. */
export const H_GENERATION_LOW = 2;
export const H_GENERATION_HIGH = 3;
/** Key of the hash of names (state/name_index.ts), random for each mount. */
export const H_HASH_KEY_LOW = 4;
export const H_HASH_KEY_HIGH = 5;

/** Spin lock over nodes, names, path locks and handles; holds 1 + the index of the thread that has it. */
export const H_TABLE_LOCK = 16;
/** Raised whenever a path lock or a busy directory handle is let go; waiters sleep on it. */
export const H_RELEASES = 17;
export const H_RELEASE_WAITERS = 18;
/** The same for data locks, which may be held for minutes: their waiters are not woken by every path lock. */
export const H_DATA_RELEASES = 19;
export const H_DATA_WAITERS = 20;

export const H_NODE_TOP = 32;
export const H_NODE_FREE = 33;
export const H_NODE_COUNT = 34;
export const H_BUCKET_COUNT = 35;
export const H_NAMED_COUNT = 36;
export const H_NAME_TOP = 37;
/** Free lists of name blocks, one word per size in units: 1 to 32. */
export const H_NAME_FREE = 40;

export const H_HANDLE_TOP = 80;
export const H_HANDLE_FREE = 81;
export const H_HANDLE_COUNT = 82;

export const H_CONFIG_VERSION = 96;
export const H_CONFIG_LENGTH = 97;
/** Held while the text is copied in or out. */
export const H_CONFIG_LOCK = 98;
export const H_BRANCH_TEXT_TOP = 99;
/** When the control file was first asked for, seconds since the epoch, two words (operations §10.5). */
export const H_CONTROL_FILE_TIME = 100;

/** Descriptor of the trace's file, 0 before there was one; and whether it is in use. */
export const H_TRACE_FILE = 102;
export const H_TRACE_TO_FILE = 103;

/** Held while the trace is led elsewhere. */
export const H_TRACE_LOCK = 105;

/** Directories that cloning made (state/clone_counter.ts). */
export const H_CLONES = 104;

/** Held while a change of the configuration comes into force. */
export const H_CONFIG_TURN = 106;

/** When the log was last told of a shortage, seconds since the epoch (state/shortage_notice.ts). */
export const H_SHORTAGE_TOLD = 107;

/** What INIT settled: the flat words of fuse/init.ts. */
export const H_INIT_OUTCOME = 128;
export const INIT_OUTCOME_WORDS = 64;

/** Pool of workers. */
export const H_POOL_BUSY = 256;
export const H_POOL_SERVING = 257;
export const H_POOL_STALL_POSTED = 258;
export const H_POOL_WAKE = 260;

/** Readers of directories (state/read_jobs.ts): how many there should be, how many there are. */
export const H_READERS_WANTED = 272;
export const H_READERS_RUNNING = 273;
/** Raised when there is something to read or a reader is to end: readers sleep on it. */
export const H_READ_WAKE = 274;
/** Raised whenever a reader has done with a job; requests sleep on it. */
export const H_READ_COMPLETIONS = 275;
export const H_READ_WAITERS = 276;
/** Jobs that no reader has done with. */
export const H_READ_PENDING = 277;
/** One word for each job: who has it. */
export const H_READ_STATES = 512;

/** Held while times are set on a branch (state/time_locks.ts). */
export const H_TIME_LOCKS = 1024;
export const TIME_LOCKS = 64;

export const WORKERS_MAX = 256;
export const WORKER_WORDS = 16;
export const H_WORKERS = 4096;

/** Requests that wait for a data lock without a worker (state/parked.ts): how many there are, and their bytes. */
export const H_PARKED_COUNT = 288;
export const H_PARKED_BYTES = 289;
/** The requests themselves, the oldest first. */
export const H_PARKED = H_WORKERS + WORKERS_MAX * WORKER_WORDS;
export const PARKED_MAX = 1024;
export const PARKED_WORDS = 4;

// Words of a parked request.
export const P_NODE = 0;
export const P_MESSAGE_FD = 1;
export const P_LENGTH = 2;
export const P_DEVICE_FD = 3;

// Words of a job.
export const J_OPENED = 0;
export const J_ERROR = 1;
export const J_FD = 2;

// Words of a node.
export const N_REUSE = 0;
export const N_STATE = 1;
export const N_PARENT = 2;
export const N_NAME = 3;
export const N_NAME_LENGTH = 4;
export const N_HASH = 5;
export const N_NEXT = 6;
export const N_LOOKUPS_LOW = 7;
export const N_LOOKUPS_HIGH = 8;
export const N_OPENS = 9;
export const N_CHILDREN = 10;
export const N_SHARED_LOCKS = 11;
/** 1 + index of the worker that holds it exclusively. */
export const N_EXCLUSIVE = 12;
/** 1 + index of the worker that waited too long for it: later shared locks wait behind that one. */
export const N_WANTED = 13;
/** Handle whose descriptor stands for the node; 0 when it is not open. */
export const N_CANONICAL = 14;
export const N_FINGERPRINT_LOW = 15;
export const N_FINGERPRINT_HIGH = 16;
/** Neighbours among the names of files (state/hard_links.ts). */
export const N_LINK_NEXT = 17;
export const N_LINK_PREVIOUS = 18;
/** Hash of (device, inode) of a file that had several names when it was last looked at; 0 else. */
export const N_LINK_KEY = 19;
/** The kernel's id of the file that reads and writes of the open node are passed through to; 0 without one. */
export const N_BACKING = 20;
/** Who changes the file behind the node (state/data_locks.ts). */
export const N_DATA_LOCK = 21;

/** Bits of N_STATE. */
export const NODE_IN_USE = 1;
export const NODE_NAMED = 2;
/** One lookup is ours, for never-forget-nodes. */
export const NODE_STICKY = 4;
/** Its name lives on and stands for another object. */
export const NODE_SUPERSEDED = 8;
/** A name of a file with several: the kernel was told that its attributes are stale, and has not asked for them since. */
export const NODE_TOLD = 32;
/** It was opened for reading and writing with a backing id: mappings of its file may outlast every open. */
export const NODE_MAPPABLE = 16;
/** What kind of object it is: bits 12 to 15 of its st_mode; 0 while that is not known. */
export const NODE_TYPE_SHIFT = 8;
export const NODE_TYPE = 0xf << NODE_TYPE_SHIFT;

// Words of a handle.
export const F_REUSE = 0;
export const F_KIND = 1;
export const F_NODE = 2;
export const F_FD = 3;
export const F_BRANCH = 4;
export const F_FLAGS = 5;
export const F_REPLY_FLAGS = 6;
export const F_NEXT = 7;
export const F_BUSY = 8;
export const F_LISTING_COUNT = 9;
export const F_LISTING_INDEX = 10;
export const F_PATH_HASH_LOW = 12;
export const F_PATH_HASH_HIGH = 13;

export const KIND_FREE = 0;
export const KIND_FILE = 1;
/** Released by the kernel, kept because its descriptor stands for a node that is still open. */
export const KIND_KEPT = 2;
export const KIND_DIRECTORY = 3;

/** The pool root: always there, never freed (FUSE_ROOT_ID). */
export const ROOT_SLOT = 1;
