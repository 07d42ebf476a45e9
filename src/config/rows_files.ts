// Options about single operations on files: links, renames, opens, xattrs, inode numbers.

import { INODE_MODE_WORDS } from "../base/inode_number.ts";
import { BOOL, MOVE_POLICY, one_of, REMEMBER, SIGNED_SECONDS } from "./kinds.ts";
import type { OptionSection } from "./option.ts";
import {
  FLUSH_ON_CLOSE_WORDS,
  FOLLOW_SYMLINKS_WORDS,
  LINK_EXDEV_WORDS,
  NFSOPENHACK_WORDS,
  RENAME_EXDEV_WORDS,
  XATTR_WORDS,
} from "./words.ts";

export const FILES: OptionSection = {
  title: "Files and links",
  rows: [
    {
      name: "flush-on-close",
      kind: one_of(FLUSH_ON_CLOSE_WORDS),
      default_text: "opened-for-write",
      change: "live",
      help: "Which files are flushed when they are closed",
    },
    {
      name: "follow-symlinks",
      kind: one_of(FOLLOW_SYMLINKS_WORDS),
      default_text: "never",
      change: "live",
      help: "Show what a symlink leads to instead of the symlink: for directories, regular files, or all",
    },
    {
      name: "inodecalc",
      kind: one_of(INODE_MODE_WORDS),
      default_text: "hybrid-hash",
      change: "live",
      help: "How inode numbers are made",
    },
    {
      name: "link-cow",
      kind: BOOL,
      default_text: "false",
      change: "live",
      help: "Before a hard-linked file is opened for writing, replace it by a copy of its own",
    },
    {
      name: "link-exdev",
      kind: one_of(LINK_EXDEV_WORDS),
      default_text: "passthrough",
      change: "live",
      help: "When a hard link would cross branches: the error, or a symlink of this form",
    },
    {
      name: "moveonenospc",
      kind: MOVE_POLICY,
      default_text: "pfrd",
      change: "live",
      help: "When a branch is full during a write, move the file to the branch that this create policy names",
    },
    {
      name: "never-forget-nodes",
      kind: REMEMBER,
      default_text: "false",
      change: "start",
      help: "Keep every name that was ever looked up, for NFS exports",
    },
    {
      name: "nfsopenhack",
      kind: one_of(NFSOPENHACK_WORDS),
      default_text: "off",
      change: "live",
      help: "Open files for writing that were created read-only, for NFS: in .git directories, or all",
    },
    {
      name: "nullrw",
      kind: BOOL,
      default_text: "false",
      change: "start",
      help: "For measurements: reads give zeroes and writes go nowhere",
    },
    {
      name: "proxy-ioprio",
      kind: BOOL,
      default_text: "false",
      change: "live",
      help: "Read and write with the I/O priority of the calling thread",
    },
    {
      name: "rename-exdev",
      kind: one_of(RENAME_EXDEV_WORDS),
      default_text: "passthrough",
      change: "live",
      help: "When a rename would cross branches: the error, or a symlink of this form to the moved file",
    },
    {
      name: "security-capability",
      kind: BOOL,
      default_text: "true",
      change: "live",
      help:
        "false: the xattr security.capability can neither be read nor set, which saves the kernel's question before each write",
    },
    {
      name: "symlinkify",
      kind: BOOL,
      default_text: "false",
      change: "live",
      help: "Show old files that nobody may write as symlinks to their branch",
    },
    {
      name: "symlinkify-timeout",
      kind: SIGNED_SECONDS,
      default_text: "3600",
      change: "live",
      help: "How old such a file must be",
    },
    {
      name: "xattr",
      kind: one_of(XATTR_WORDS),
      default_text: "passthrough",
      change: "live",
      help: "Extended attributes: from the branches, none (noattr), or unsupported (nosys)",
    },
  ],
};
