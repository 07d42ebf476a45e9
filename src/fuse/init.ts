// The INIT handshake: what the kernel offers, what the options wish, what both agree on. Pure: the outcome is a list of
// numbers that lies in the state arena, where every worker (and a later daemon) finds it.

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

/** What the options ask for. The comment is the option's name; see operations.md §8.2. */
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
  readonly passthrough: boolean; // passthrough.io other than off
  readonly max_stack_depth: number; // passthrough.max-stack-depth
  readonly default_permissions: boolean; // kernel-permissions-check
  readonly over_io_uring: boolean;
  readonly has_resend: boolean;
  readonly max_pages: number; // fuse-msg-size
  readonly page_bytes: number;
  readonly max_background: number;
  readonly congestion_threshold: number;
}

/** The INIT reply to send (reply.ts, put_init), and what is in force on this mount from then on. */
export interface InitOutcome {
  /** INIT_READY, INIT_AGAIN, or -EPROTO. */
  readonly status: number;
  /** The smaller of the kernel's minor version and ours. */
  readonly minor: number;
  readonly reply_bytes: number;
  readonly max_readahead_bytes: number;
  readonly flags: number;
  readonly flags2: number;
  readonly max_background: number;
  readonly congestion_threshold: number;
  readonly max_write_bytes: number;
  readonly max_pages: number;
  readonly time_gran_ns: number;
  readonly max_stack_depth: number;
  /** REFUSED_* bits of wishes that this kernel cannot fulfil. */
  readonly refused: number;
}
