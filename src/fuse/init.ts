// The INIT handshake: what the kernel offers, what the options wish, what both agree on. Pure: the outcome is a list of
// numbers that lies in the state arena, where every worker (and a later daemon) finds it.

import { EPROTO } from "../base/errno.ts";
import * as abi from "./abi.ts";
import type { Request } from "./request.ts";

/** What the kernel said in INIT. */
export interface InitOffer {
  readonly major: number;
  readonly minor: number;
  readonly max_readahead_bytes: number;
  /** Bits 0 to 31. */
  readonly flags: number;
  /** Bits 32 to 63; 0 when the kernel did not send them. */
  readonly flags2: number;
}

/** What the options ask for; the comment names the option (operations.md §8.2, departures.md D4, D5, D10). */
export interface InitWishes {
  readonly async_read: boolean; // async-read
  readonly export_support: boolean; // export-support
  readonly writeback_cache: boolean; // cache.writeback
  readonly handle_killpriv: boolean; // handle-killpriv
  readonly handle_killpriv_v2: boolean; // handle-killpriv-v2
  readonly posix_acl: boolean; // posix-acl
  readonly cache_symlinks: boolean; // cache.symlinks
  readonly direct_io_allow_mmap: boolean; // direct-io-allow-mmap
  readonly allow_idmap: boolean; // allow-idmap
  readonly readdirplus: "auto" | "true" | "false"; // readdirplus
  readonly max_stack_depth: number; // passthrough.max-stack-depth; passthrough.io may be switched on at any time
  readonly default_permissions: boolean; // kernel-permissions-check
  readonly over_io_uring: boolean;
  readonly has_resend: boolean;
  readonly max_pages: number; // fuse-msg-size, in pages
  readonly page_bytes: number;
  readonly max_background: number;
  readonly congestion_threshold: number;
}

/** The INIT reply to send (`put_init`), and what is in force on this mount from then on. */
export interface InitOutcome {
  /** INIT_READY; INIT_AGAIN; or -EPROTO, which is the error to answer with. */
  readonly status: number;
  /** The smaller of the kernel's minor version and ours. */
  readonly minor: number;
  /** Size of the reply's body. */
  readonly reply_bytes: number;
  readonly max_readahead_bytes: number;
  readonly flags: number;
  readonly flags2: number;
  readonly max_background: number;
  readonly congestion_threshold: number;
  readonly max_write_bytes: number;
  /** Most pages in one request; needed even where the kernel cannot be told. */
  readonly max_pages: number;
  readonly time_gran_ns: number;
  /** 0 without passthrough. */
  readonly max_stack_depth: number;
  /** A set of REFUSED_* bits. */
  readonly refused: number;
}

/** The mount may be served. */
export const INIT_READY = 0;
/** The reply names our major version; the kernel will send another INIT. */
export const INIT_AGAIN = 1;

/** What a kernel without MAX_PAGES uses (FUSE_DEFAULT_MAX_PAGES_PER_REQ in fs/fuse/fuse_i.h). */
export const DEFAULT_MAX_PAGES = 32;
/** max_pages, max_background and congestion_threshold are 16-bit fields. */
const FIELD_MAX = 0xffff;
/** Passthrough with another depth is ignored by the kernel (FILESYSTEM_MAX_STACK_DEPTH in include/linux/fs.h). */
const STACK_DEPTH_MAX = 2;
/** departures.md D5: the kernel's default of 12 lets 12 hung read-aheads stop the mount. */
const MAX_BACKGROUND_MIN = 64;

// Wishes that a kernel can refuse: the option then shows the value it really has.
export const REFUSED_ASYNC_READ = 1 << 0;
export const REFUSED_EXPORT_SUPPORT = 1 << 1;
export const REFUSED_WRITEBACK_CACHE = 1 << 2;
export const REFUSED_HANDLE_KILLPRIV = 1 << 3;
export const REFUSED_HANDLE_KILLPRIV_V2 = 1 << 4;
export const REFUSED_POSIX_ACL = 1 << 5;
export const REFUSED_MAX_PAGES = 1 << 6;
export const REFUSED_CACHE_SYMLINKS = 1 << 7;
export const REFUSED_DIRECT_IO_ALLOW_MMAP = 1 << 8;
export const REFUSED_PASSTHROUGH = 1 << 9;
export const REFUSED_ALLOW_IDMAP = 1 << 10;
export const REFUSED_READDIRPLUS = 1 << 11;
export const REFUSED_OVER_IO_URING = 1 << 12;
export const REFUSED_HAS_RESEND = 1 << 13;

/** Option names of REFUSED_* bits, in bit order; `""` for what is not an option. */
const REFUSED_NAMES: readonly string[] = [
  "async-read",
  "export-support",
  "cache.writeback",
  "handle-killpriv",
  "handle-killpriv-v2",
  "posix-acl",
  "fuse-msg-size",
  "cache.symlinks",
  "direct-io-allow-mmap",
  "passthrough.io",
  "allow-idmap",
  "readdirplus",
  "",
  "",
];

/** The options that this kernel refuses, by name. */
export function refused_options(outcome: InitOutcome): string[] {
  return REFUSED_NAMES.filter((name, bit) => name !== "" && (outcome.refused & (1 << bit)) !== 0);
}

/** Whether the kernel's answer to INIT may differ from what this option says. */
export function can_be_refused(option: string): boolean {
  return option !== "" && REFUSED_NAMES.includes(option);
}

/** max_background for a pool that can grow to `worker_limit` workers (departures.md D5). */
export function max_background_for(worker_limit: number): number {
  return Math.min(FIELD_MAX, Math.max(MAX_BACKGROUND_MIN, 4 * worker_limit));
}

/** congestion_threshold that goes with a max_background (departures.md D5). */
export function congestion_threshold_for(max_background: number): number {
  return Math.floor(max_background * 3 / 4);
}

/** Reads the offer out of a decoded INIT request. */
export function read_offer(request: Request): InitOffer {
  const flags = request.arg(3);
  const has_second_word = request.args_bytes === abi.INIT_IN_BYTES && (flags & abi.INIT_INIT_EXT) !== 0;
  return {
    major: request.arg(0),
    minor: request.arg(1),
    max_readahead_bytes: request.arg(2),
    flags,
    flags2: has_second_word ? request.arg(4) : 0,
  };
}

/** Decides the handshake (operations.md §8.1, §8.2). */
export function negotiate(offer: InitOffer, wishes: InitWishes): InitOutcome {
  if (offer.major !== abi.FUSE_KERNEL_VERSION) return other_major(offer.major);
  const first = grant_first_word(offer, wishes);
  const second = grant_second_word(offer, wishes, first.granted);
  const max_pages = (first.granted & abi.INIT_MAX_PAGES) === 0
    ? DEFAULT_MAX_PAGES
    : Math.min(FIELD_MAX, Math.max(1, wishes.max_pages));
  return {
    status: INIT_READY,
    minor: Math.min(offer.minor, abi.FUSE_KERNEL_MINOR_VERSION),
    reply_bytes: reply_bytes(offer.minor),
    max_readahead_bytes: offer.max_readahead_bytes,
    flags: first.granted,
    flags2: second.granted,
    max_background: Math.min(FIELD_MAX, wishes.max_background),
    congestion_threshold: Math.min(FIELD_MAX, wishes.congestion_threshold),
    max_write_bytes: max_pages * wishes.page_bytes,
    max_pages,
    time_gran_ns: 1,
    max_stack_depth: (second.granted & abi.INIT2_PASSTHROUGH) === 0 ? 0 : wishes.max_stack_depth,
    refused: first.refused | second.refused,
  };
}

/**
 * The protocol of Linux 6.12. Before, a file that had grown by writes that were passed through kept its old size for
 * copy_file_range(2), which then copied nothing: `passthrough.io=auto` is off there.
 */
export const PASSTHROUGH_AUTO_MINOR = 41;

/** The same mount without passthrough: the kernel agreed, and then took no backing file. */
export function without_passthrough(outcome: InitOutcome): InitOutcome {
  const flags2 = (outcome.flags2 & ~abi.INIT2_PASSTHROUGH) >>> 0;
  return { ...outcome, flags2, refused: outcome.refused | REFUSED_PASSTHROUGH };
}

/** How many 32-bit numbers `to_words` makes. */
export const INIT_OUTCOME_WORDS = 13;

/** The outcome as 32-bit words, for shared memory. `status` is stored as two's complement. */
export function to_words(outcome: InitOutcome): Uint32Array {
  return Uint32Array.of(
    outcome.status,
    outcome.minor,
    outcome.reply_bytes,
    outcome.max_readahead_bytes,
    outcome.flags,
    outcome.flags2,
    outcome.max_background,
    outcome.congestion_threshold,
    outcome.max_write_bytes,
    outcome.max_pages,
    outcome.time_gran_ns,
    outcome.max_stack_depth,
    outcome.refused,
  );
}

/** The outcome back from INIT_OUTCOME_WORDS words that start at `at_word`. */
export function from_words(words: Uint32Array, at_word: number): InitOutcome {
  return {
    status: words[at_word]! | 0,
    minor: words[at_word + 1]!,
    reply_bytes: words[at_word + 2]!,
    max_readahead_bytes: words[at_word + 3]!,
    flags: words[at_word + 4]!,
    flags2: words[at_word + 5]!,
    max_background: words[at_word + 6]!,
    congestion_threshold: words[at_word + 7]!,
    max_write_bytes: words[at_word + 8]!,
    max_pages: words[at_word + 9]!,
    time_gran_ns: words[at_word + 10]!,
    max_stack_depth: words[at_word + 11]!,
    refused: words[at_word + 12]!,
  };
}

interface Grant {
  readonly granted: number;
  readonly refused: number;
}

function reply_bytes(kernel_minor: number): number {
  if (kernel_minor < 5) return abi.INIT_OUT_7_4_BYTES;
  return kernel_minor < 23 ? abi.INIT_OUT_7_22_BYTES : abi.INIT_OUT_BYTES;
}

/** A kernel with a higher major version takes the reply as a hint and asks again; an older protocol is not spoken. */
function other_major(major: number): InitOutcome {
  return {
    status: major > abi.FUSE_KERNEL_VERSION ? INIT_AGAIN : -EPROTO,
    minor: 0,
    reply_bytes: abi.INIT_OUT_BYTES,
    max_readahead_bytes: 0,
    flags: 0,
    flags2: 0,
    max_background: 0,
    congestion_threshold: 0,
    max_write_bytes: 0,
    max_pages: 0,
    time_gran_ns: 0,
    max_stack_depth: 0,
    refused: 0,
  };
}

/** Asked for whenever the kernel offers them. */
const ALWAYS = abi.INIT_ATOMIC_O_TRUNC | abi.INIT_BIG_WRITES | abi.INIT_DONT_MASK | abi.INIT_ASYNC_DIO |
  abi.INIT_PARALLEL_DIROPS | abi.INIT_INIT_EXT;

function grant_first_word(offer: InitOffer, wishes: InitWishes): Grant {
  const wanted: [boolean, number, number][] = [
    [wishes.async_read, abi.INIT_ASYNC_READ, REFUSED_ASYNC_READ],
    [wishes.export_support, abi.INIT_EXPORT_SUPPORT, REFUSED_EXPORT_SUPPORT],
    [wishes.writeback_cache, abi.INIT_WRITEBACK_CACHE, REFUSED_WRITEBACK_CACHE],
    [wishes.handle_killpriv, abi.INIT_HANDLE_KILLPRIV, REFUSED_HANDLE_KILLPRIV],
    [wishes.handle_killpriv_v2, abi.INIT_HANDLE_KILLPRIV_V2, REFUSED_HANDLE_KILLPRIV_V2],
    [wishes.posix_acl, abi.INIT_POSIX_ACL, REFUSED_POSIX_ACL],
    // Only so does the kernel say whose access list takes set-gid away (FUSE_SETXATTR_ACL_KILL_SGID).
    [wishes.posix_acl, abi.INIT_SETXATTR_EXT, 0],
    [wishes.cache_symlinks, abi.INIT_CACHE_SYMLINKS, REFUSED_CACHE_SYMLINKS],
    [true, abi.INIT_MAX_PAGES, wishes.max_pages === DEFAULT_MAX_PAGES ? 0 : REFUSED_MAX_PAGES],
    [wishes.readdirplus !== "false", readdirplus_flags(wishes), REFUSED_READDIRPLUS],
  ];
  return grant(offer.flags, offer.flags & ALWAYS, wanted);
}

function readdirplus_flags(wishes: InitWishes): number {
  return wishes.readdirplus === "auto" ? abi.INIT_DO_READDIRPLUS | abi.INIT_READDIRPLUS_AUTO : abi.INIT_DO_READDIRPLUS;
}

/** @param first the granted first word: without INIT_EXT the kernel does not look at the second one */
function grant_second_word(offer: InitOffer, wishes: InitWishes, first: number): Grant {
  const offered = (first & abi.INIT_INIT_EXT) === 0 ? 0 : offer.flags2;
  const depth_is_usable = wishes.max_stack_depth >= 1 && wishes.max_stack_depth <= STACK_DEPTH_MAX;
  // The kernel ignores passthrough beside the writeback cache (departures.md D4).
  const passthrough_is_possible = depth_is_usable && (first & abi.INIT_WRITEBACK_CACHE) === 0;
  // ALLOW_IDMAP without default_permissions makes the kernel give the mount up (operations.md F7); POSIX_ACL implies it.
  const idmap_is_possible = wishes.default_permissions || (first & abi.INIT_POSIX_ACL) !== 0;
  const withheld = (passthrough_is_possible ? 0 : abi.INIT2_PASSTHROUGH) |
    (idmap_is_possible ? 0 : abi.INIT2_ALLOW_IDMAP);
  return grant(offered & ~withheld, 0, [
    [wishes.direct_io_allow_mmap, abi.INIT2_DIRECT_IO_ALLOW_MMAP, REFUSED_DIRECT_IO_ALLOW_MMAP],
    [true, abi.INIT2_PASSTHROUGH, REFUSED_PASSTHROUGH],
    [wishes.allow_idmap, abi.INIT2_ALLOW_IDMAP, REFUSED_ALLOW_IDMAP],
    [wishes.over_io_uring, abi.INIT2_OVER_IO_URING, REFUSED_OVER_IO_URING],
    [wishes.has_resend, abi.INIT2_HAS_RESEND, REFUSED_HAS_RESEND],
  ]);
}

/** Grants each wanted row whose flags are all offered; the others are refused. */
function grant(offered: number, granted_anyway: number, wanted: [boolean, number, number][]): Grant {
  let granted = granted_anyway;
  let refused = 0;
  for (const [is_wanted, flags, refused_bit] of wanted) {
    if (!is_wanted) continue;
    if ((offered & flags) === flags) granted |= flags;
    else refused |= refused_bit;
  }
  return { granted: granted >>> 0, refused };
}
