// Options about caches, and about what is asked of the kernel when the mount starts.

import { BOOL, INT, KIBIBYTES, one_of, PAGES, READDIRPLUS, SECONDS, SET, SIZE_OR_PERCENT } from "./kinds.ts";
import type { Option, OptionSection } from "./option.ts";
import { CACHE_FILES_WORDS, PASSTHROUGH_IO_DEFAULT, PASSTHROUGH_IO_WORDS } from "./words.ts";

export const CACHES: OptionSection = {
  title: "Caches",
  rows: [
    {
      name: "cache.attr",
      kind: SECONDS,
      default_text: "1",
      change: "live",
      help: "How long the kernel keeps attributes",
    },
    {
      name: "cache.entry",
      kind: SECONDS,
      default_text: "1",
      change: "live",
      help: "How long the kernel keeps names that it looked up",
    },
    {
      name: "cache.files",
      kind: one_of(CACHE_FILES_WORDS),
      default_text: "off",
      change: "live",
      help:
        "Page cache: off (direct I/O), partial (dropped at open), full (kept), auto-full (kept if unchanged), per-process",
    },
    {
      name: "cache.files.process-names",
      kind: SET,
      default_text: "qbittorrent-nox|rtorrent",
      change: "live",
      help: "Programs that get the page cache with cache.files=per-process",
    },
    {
      name: "cache.negative-entry",
      kind: SECONDS,
      default_text: "0",
      change: "live",
      help: "How long the kernel remembers that a name does not exist",
    },
    {
      name: "cache.readdir",
      kind: BOOL,
      default_text: "false",
      change: "live",
      help: "Let the kernel keep directory listings",
    },
    {
      name: "cache.statfs",
      kind: SECONDS,
      default_text: "0",
      change: "live",
      help: "How long policies reuse the space figures of a branch",
    },
    {
      name: "cache.symlinks",
      kind: BOOL,
      default_text: "false",
      change: "start",
      help: "Let the kernel keep the targets of symlinks",
    },
    {
      name: "cache.writeback",
      kind: BOOL,
      default_text: "false",
      change: "start",
      help: "Let the kernel collect writes before it sends them",
    },
    {
      name: "dropcacheonclose",
      kind: BOOL,
      default_text: "false",
      change: "live",
      help: "Drop a file's pages from the branch's page cache when it is closed",
    },
    {
      name: "readahead",
      kind: KIBIBYTES,
      default_text: "0",
      change: "live",
      acts_at_start: true,
      help: "Read-ahead in KiB for the pool and its branches; 0 leaves it alone",
    },
  ],
};

/** A feature that is asked of the kernel; it reads back false when the kernel does not have it. */
function feature(name: string, default_text: string, help: string): Option {
  return { name, kind: BOOL, default_text, change: "start", help };
}

export const KERNEL: OptionSection = {
  title: "Kernel features",
  rows: [
    feature("allow-idmap", "true", "Allow id-mapped mounts of the pool"),
    feature("async-read", "true", "Let the kernel send several reads of one file at once"),
    feature("direct-io-allow-mmap", "true", "Allow shared mmap of files opened without page cache"),
    feature("export-support", "true", "Support for exporting the pool through NFS"),
    {
      name: "fuse-msg-size",
      kind: PAGES,
      default_text: "256",
      change: "start",
      help:
        "Largest message, as size (1M) or in pages (256); a larger one raises fs.fuse.max_pages_limit for the whole system",
    },
    feature("handle-killpriv", "true", "Clear setuid, setgid and capabilities of written files in the daemon"),
    feature("handle-killpriv-v2", "true", "The same, on the kernel's request only"),
    {
      name: "parallel-direct-writes",
      kind: BOOL,
      default_text: "true",
      change: "live",
      help: "Allow several writes to one file at once when it has no page cache",
    },
    {
      name: "passthrough.io",
      kind: one_of(PASSTHROUGH_IO_WORDS),
      default_text: PASSTHROUGH_IO_DEFAULT,
      change: "live",
      help:
        "Opens whose reads and writes go to the branch without the daemon: read-only, write-only, all; auto: all, where possible",
    },
    {
      name: "passthrough.max-stack-depth",
      kind: INT,
      default_text: "1",
      change: "live",
      acts_at_start: true,
      help: "How deep the file systems of passed-through files may be stacked, 1 or 2",
    },
    {
      name: "passthrough.min-free",
      kind: SIZE_OR_PERCENT,
      default_text: "4294967296",
      change: "live",
      help:
        "With less free on the branch, a file opened for writing is not passed through: moveonenospc can still move it",
      is_own: true,
    },
    feature("posix-acl", "false", "POSIX access control lists"),
    {
      name: "readdirplus",
      kind: READDIRPLUS,
      default_text: "auto",
      change: "start",
      help: "Send attributes together with directory entries: always (true), never, or when the kernel expects a use",
      is_own: true,
    },
  ],
};
