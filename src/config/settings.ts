// The configuration as the request path sees it: plain fields, made once per change of the configuration and never
// changed, so that a request compares no text and looks up no name. Fields are called as the options, with the unit where
// there is one; options that know a few words are numbers, the constants of words.ts.

import { path_text_bytes } from "../base/path_text.ts";
import { type BranchList, make_branches } from "../branches/branch.ts";
import type { Policy } from "../policies/policy.ts";
import { find_policy, type PolicyEntry } from "../policies/registry.ts";
import type { Configuration } from "./configuration.ts";
import { find_option } from "./options.ts";
import { READDIR_WORDS } from "./words.ts";

const READDIR_DEPTH_DEFAULT = 2;

/** A size, or a part of a whole; the other one is 0. */
export interface Amount {
  readonly bytes: number;
  /** 0.05 for "5%". */
  readonly share: number;
}

/** Reads values out of a configuration; the fields of Settings are its initialisers. */
class SettingsReader {
  readonly #configuration: Configuration;

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
  }

  protected text(key: string): string {
    const text = this.#configuration.get(key);
    if (text === undefined) throw new Error(`No option is called "${key}".`);
    return text;
  }

  protected flag(key: string): boolean {
    return this.text(key) === "true";
  }

  protected number(key: string): number {
    return Number(this.text(key));
  }

  protected amount(key: string): Amount {
    const text = this.text(key);
    return text.endsWith("%")
      ? { bytes: 0, share: Number(text.slice(0, -1)) / 100 }
      : { bytes: Number(text), share: 0 };
  }

  /** The position of the word among the allowed ones. */
  protected word(key: string): number {
    return find_option(key)!.kind.words!.indexOf(this.text(key));
  }

  protected words(key: string): ReadonlySet<string> {
    const text = this.text(key);
    return new Set(text === "" ? [] : text.split("|"));
  }

  protected entry(key: string): PolicyEntry {
    return find_policy(this.text(key))!;
  }

  /** undefined when the option is "false". */
  protected create_policy_or_false(key: string): Policy | undefined {
    return find_policy(this.text(key))?.create;
  }

  protected branch_list(default_minfreespace: bigint): BranchList {
    return make_branches(this.#configuration.branches, default_minfreespace);
  }

  protected canonical_mountpoint_bytes(): Uint8Array<ArrayBuffer> {
    return path_text_bytes(this.#configuration.canonical_mountpoint);
  }

  /** Word, threads and queue depth of func.readdir; 0 threads stand for the number of CPUs, at most 8. */
  protected readdir_part(part: 0 | 1 | 2): number {
    const parts = this.text("func.readdir").split(":");
    if (part === 0) return (READDIR_WORDS as readonly string[]).indexOf(parts[0]!);
    return Number(parts[part] ?? 0) || (part === 2 ? READDIR_DEPTH_DEFAULT : 0);
  }
}

/** See the head of this file. Made by every worker for itself, from Configuration.parse(). */
export class Settings extends SettingsReader {
  // Pool and mount
  readonly minfreespace: bigint = BigInt(this.text("minfreespace"));
  readonly branches: BranchList = this.branch_list(this.minfreespace);
  readonly branches_mount_timeout_s = this.number("branches-mount-timeout");
  readonly branches_mount_timeout_fail = this.flag("branches-mount-timeout-fail");
  readonly config = this.text("config");
  readonly fsname = this.text("fsname");
  readonly kernel_permissions_check = this.flag("kernel-permissions-check");
  readonly lazy_umount_mountpoint = this.flag("lazy-umount-mountpoint");
  readonly mountpoint = this.text("mountpoint");
  readonly canonical_mountpoint: Uint8Array<ArrayBuffer> = this.canonical_mountpoint_bytes();
  readonly statfs = this.word("statfs");
  readonly statfs_ignore = this.word("statfs-ignore");

  // Policies
  readonly policy_access: Policy = this.entry("func.access").search;
  readonly policy_chmod: Policy = this.entry("func.chmod").action;
  readonly policy_chown: Policy = this.entry("func.chown").action;
  readonly policy_create: Policy = this.entry("func.create").create;
  readonly policy_getattr: Policy = this.entry("func.getattr").search;
  readonly policy_getxattr: Policy = this.entry("func.getxattr").search;
  readonly policy_link: Policy = this.entry("func.link").action;
  readonly policy_listxattr: Policy = this.entry("func.listxattr").search;
  readonly policy_mkdir: Policy = this.entry("func.mkdir").create;
  readonly policy_mknod: Policy = this.entry("func.mknod").create;
  readonly policy_open: Policy = this.entry("func.open").search;
  readonly policy_readlink: Policy = this.entry("func.readlink").search;
  readonly policy_removexattr: Policy = this.entry("func.removexattr").action;
  readonly policy_rename: Policy = this.entry("func.rename").action;
  readonly policy_rmdir: Policy = this.entry("func.rmdir").action;
  readonly policy_setxattr: Policy = this.entry("func.setxattr").action;
  readonly policy_symlink: Policy = this.entry("func.symlink").create;
  readonly policy_truncate: Policy = this.entry("func.truncate").action;
  readonly policy_unlink: Policy = this.entry("func.unlink").action;
  readonly policy_utimens: Policy = this.entry("func.utimens").action;
  /** The policy of moveonenospc; undefined: files are not moved. */
  readonly policy_move: Policy | undefined = this.create_policy_or_false("moveonenospc");
  readonly ignorepponrename = this.flag("ignorepponrename");
  readonly create_is_path_preserving = this.entry("func.create").path_preserving;
  /** Rename and link make no directories on other branches (config spec §5.3). */
  readonly rename_preserves_path = this.create_is_path_preserving && !this.ignorepponrename;
  readonly readdir = this.readdir_part(0);
  readonly readdir_threads = this.readdir_part(1);
  readonly readdir_queue_depth = this.readdir_part(2);

  // Caches
  readonly cache_attr_s = this.number("cache.attr");
  readonly cache_entry_s = this.number("cache.entry");
  readonly cache_files = this.word("cache.files");
  readonly cache_files_process_names = this.words("cache.files.process-names");
  readonly cache_negative_entry_s = this.number("cache.negative-entry");
  readonly cache_readdir = this.flag("cache.readdir");
  readonly cache_statfs_s = this.number("cache.statfs");
  readonly cache_symlinks = this.flag("cache.symlinks");
  readonly cache_writeback = this.flag("cache.writeback");
  readonly dropcacheonclose = this.flag("dropcacheonclose");
  readonly readahead_kib = this.number("readahead");

  // Files and links
  readonly flush_on_close = this.word("flush-on-close");
  readonly follow_symlinks = this.word("follow-symlinks");
  readonly inodecalc = this.word("inodecalc");
  readonly link_cow = this.flag("link-cow");
  readonly link_exdev = this.word("link-exdev");
  readonly never_forget_nodes = this.flag("never-forget-nodes");
  readonly nfsopenhack = this.word("nfsopenhack");
  readonly nullrw = this.flag("nullrw");
  readonly proxy_ioprio = this.flag("proxy-ioprio");
  readonly rename_exdev = this.word("rename-exdev");
  readonly security_capability = this.flag("security-capability");
  readonly symlinkify = this.flag("symlinkify");
  readonly symlinkify_timeout_s = this.number("symlinkify-timeout");
  readonly xattr = this.word("xattr");
  /** Owner, group and permission bits that replace the real ones in attributes; -1 leaves them. */
  readonly uid = this.number("uid");
  readonly gid = this.number("gid");
  readonly umask = this.number("umask");

  // Kernel features
  readonly allow_idmap = this.flag("allow-idmap");
  readonly async_read = this.flag("async-read");
  readonly direct_io_allow_mmap = this.flag("direct-io-allow-mmap");
  readonly export_support = this.flag("export-support");
  readonly fuse_msg_size_pages = this.number("fuse-msg-size");
  readonly handle_killpriv = this.flag("handle-killpriv");
  readonly handle_killpriv_v2 = this.flag("handle-killpriv-v2");
  readonly parallel_direct_writes = this.flag("parallel-direct-writes");
  readonly passthrough_io = this.word("passthrough.io");
  readonly passthrough_max_stack_depth = this.number("passthrough.max-stack-depth");
  readonly passthrough_min_free = this.amount("passthrough.min-free");
  readonly posix_acl = this.flag("posix-acl");
  readonly readdirplus = this.word("readdirplus");

  // Process, threads, diagnosis
  readonly debug = this.flag("debug");
  readonly log_file = this.text("log.file");
  readonly pin_threads = this.text("pin-threads");
  readonly process_thread_count = this.number("process-thread-count");
  readonly process_thread_queue_depth = this.number("process-thread-queue-depth");
  readonly read_thread_count = this.number("read-thread-count");
  readonly scheduling_priority = this.number("scheduling-priority");
  readonly strict = this.flag("strict");
}
