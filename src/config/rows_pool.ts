// Options about the pool itself: its branches, its mount, its space.

import { BOOL, BRANCHES, INT, one_of, PATH, SECONDS, SIZE, TEXT } from "./kinds.ts";
import type { OptionSection } from "./option.ts";
import { STATFS_IGNORE_WORDS, STATFS_WORDS } from "./words.ts";

export const POOL: OptionSection = {
  title: "Pool and mount",
  rows: [
    {
      name: "branches",
      kind: BRANCHES,
      default_text: "",
      change: "live",
      help:
        'Directories of the pool: PATH[=RW|RO|NC[,MINFREESPACE]], joined with ":"; also +PATH, +<PATH, -PATH, -<, ->',
    },
    {
      name: "branches-mount-timeout",
      kind: SECONDS,
      default_text: "0",
      change: "start",
      help: "Wait this long for the disks of all branches before mounting the pool",
    },
    {
      name: "branches-mount-timeout-fail",
      kind: BOOL,
      default_text: "false",
      change: "start",
      help: "Do not mount the pool when that time is over and a disk is still missing",
    },
    {
      name: "config",
      kind: PATH,
      default_text: "",
      change: "live",
      help: "Read options from this file, one KEY=VALUE a line",
    },
    {
      name: "fsname",
      kind: TEXT,
      default_text: "",
      change: "start",
      help: "Source shown in the mount table; made from the branch paths when empty",
    },
    {
      name: "kernel-permissions-check",
      kind: BOOL,
      default_text: "true",
      change: "start",
      help: "Let the kernel check permissions; false removes every check of access rights",
    },
    {
      name: "lazy-umount-mountpoint",
      kind: BOOL,
      default_text: "false",
      change: "live",
      acts_at_start: true,
      help: "Unmount what is on the mountpoint, lazily, before mounting",
    },
    {
      name: "minfreespace",
      kind: SIZE,
      default_text: "4294967295",
      change: "live",
      help: "A branch with less free space gets no new files, unless it has a threshold of its own",
    },
    { name: "mountpoint", kind: PATH, default_text: "", change: "start", help: "Where the pool appears" },
    {
      name: "statfs",
      kind: one_of(STATFS_WORDS),
      default_text: "base",
      change: "live",
      help: "Which path df adds up: the branch, or the same path on each branch (full)",
    },
    {
      name: "statfs-ignore",
      kind: one_of(STATFS_IGNORE_WORDS),
      default_text: "none",
      change: "live",
      help: "Whose free space df leaves out: branches of mode RO and NC (ro), or NC (nc)",
    },
  ],
};

export const PROCESS: OptionSection = {
  title: "Process, threads, diagnosis",
  rows: [
    {
      name: "debug",
      kind: BOOL,
      default_text: "false",
      change: "live",
      help: "Trace every request and reply, one line each, to log.file",
    },
    {
      name: "log.file",
      kind: PATH,
      default_text: "",
      change: "live",
      help: "File that the trace is appended to; standard error when empty",
    },
    { name: "pid", kind: INT, default_text: "0", change: "never", help: "Process number of the daemon" },
    {
      name: "pin-threads",
      kind: TEXT,
      default_text: "false",
      change: "start",
      help: "Which CPUs the threads run on: R1L, R1P, RP1L, RP1P, R1LP1L, R1PP1P, RPSL, RPSP, R1PPSP, or false",
    },
    {
      name: "process-thread-count",
      kind: INT,
      default_text: "-1",
      change: "start",
      help: "With read-thread-count: number of threads that serve requests; 0 / -1 grows and shrinks by need",
    },
    {
      name: "process-thread-queue-depth",
      kind: INT,
      default_text: "2",
      change: "start",
      help: "Accepted and read back; threads take requests from the kernel themselves",
    },
    {
      name: "read-thread-count",
      kind: INT,
      default_text: "0",
      change: "start",
      help: "With process-thread-count: number of threads that serve requests",
    },
    {
      name: "scheduling-priority",
      kind: INT,
      default_text: "-10",
      change: "start",
      help: "Nice value of the daemon, from -20 (favoured) to 19",
    },
    {
      name: "strict",
      kind: BOOL,
      default_text: "false",
      change: "start",
      help: "Refuse to start when an option on the command line is unknown",
      is_own: true,
    },
    { name: "version", kind: TEXT, default_text: "", change: "never", help: "Version of the daemon" },
  ],
};
