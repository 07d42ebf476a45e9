// The words that go to libfuse3, and the flags that a remount adds afterwards (config §1.8, §1.12.3, departures D17, D18).
import { Configuration } from "../config/configuration.ts";

// Flags of mount(2), include/uapi/linux/mount.h.
const MS_RDONLY = 1n;
const MS_NOSUID = 2n;
const MS_NODEV = 4n;
const MS_NOEXEC = 8n;
const MS_SYNCHRONOUS = 16n;
const MS_DIRSYNC = 128n;
const MS_NOATIME = 1024n;
const MS_NODIRATIME = 2048n;
const MS_RELATIME = 1n << 21n;
const MS_STRICTATIME = 1n << 24n;
const MS_LAZYTIME = 1n << 25n;

interface FlagChange {
  readonly set: bigint;
  readonly clear: bigint;
}

/** Words that libfuse knows. They matter for a remount, which sets all flags anew. */
const PLAIN_WORDS: Readonly<Record<string, FlagChange>> = {
  ...flag_pair("ro", "rw", MS_RDONLY),
  ...flag_pair("nosuid", "suid", MS_NOSUID),
  ...flag_pair("nodev", "dev", MS_NODEV),
  ...flag_pair("noexec", "exec", MS_NOEXEC),
  ...flag_pair("sync", "async", MS_SYNCHRONOUS),
  ...flag_pair("noatime", "atime", MS_NOATIME),
  dirsync: { set: MS_DIRSYNC, clear: 0n },
};

/** Words that libfuse 3.14 refuses and mount(2) knows. */
const TIME_WORDS: Readonly<Record<string, FlagChange>> = {
  ...flag_pair("relatime", "norelatime", MS_RELATIME),
  ...flag_pair("strictatime", "nostrictatime", MS_STRICTATIME),
  ...flag_pair("nodiratime", "diratime", MS_NODIRATIME),
  ...flag_pair("lazytime", "nolazytime", MS_LAZYTIME),
  relatime: { set: MS_RELATIME, clear: MS_STRICTATIME },
  strictatime: { set: MS_STRICTATIME, clear: MS_RELATIME },
};

const DROPPED = new Set(["large_read", "nonempty", "user", "blkdev"]);
const DEFAULT_SUBTYPE = "mergerfs";

/** How the pool is to be mounted. */
export interface MountOptions {
  /** For libfuse's `-o`. */
  readonly libfuse: string;
  /** Flags of a remount afterwards; 0 when none is needed. */
  readonly remount_flags: bigint;
}

/** Works out the options from the configuration and the words that the command line kept for the mount. */
export function mount_options(configuration: Configuration, words: readonly string[], is_root: boolean): MountOptions {
  const options: string[] = [];
  if (configuration.get("kernel-permissions-check") === "true") options.push("default_permissions");
  if (is_root) options.push("allow_other");
  options.push(`fsname=${escaped(configuration.get("fsname")!)}`);
  let subtype = DEFAULT_SUBTYPE;
  for (const word of words) {
    const key = word.split("=", 1)[0]!;
    if (key === "subtype" && word !== "subtype=") subtype = word.slice("subtype=".length);
    else if (is_for_libfuse(key) && (word in PLAIN_WORDS || !options.includes(word))) options.push(escaped(word));
  }
  options.push(`subtype=${escaped(subtype)}`);
  return { libfuse: options.join(","), remount_flags: is_root ? remount_flags(words) : 0n };
}

function is_for_libfuse(key: string): boolean {
  return !(key in TIME_WORDS) && !DROPPED.has(key) && key !== "subtype" && !key.startsWith("x-");
}

function flag_pair(setting: string, clearing: string, flag: bigint): Record<string, FlagChange> {
  return { [setting]: { set: flag, clear: 0n }, [clearing]: { set: 0n, clear: flag } };
}

/** libfuse splits its options at commas and takes a backslash as an escape. */
function escaped(text: string): string {
  return text.replace(/[\\,]/g, "\\$&");
}

/** Flags of a remount for words that the first mount could not set; 0 when there are none. */
function remount_flags(words: readonly string[]): bigint {
  return words.some((word) => word in TIME_WORDS) ? mount_flags(words) : 0n;
}

/** All flags of mount(2) that the words stand for; without any, those of a direct start: nosuid, nodev. */
export function mount_flags(words: readonly string[]): bigint {
  let flags = MS_NOSUID | MS_NODEV;
  for (const word of words) {
    const change = PLAIN_WORDS[word] ?? TIME_WORDS[word];
    if (change !== undefined) flags = (flags & ~change.clear) | change.set;
  }
  return flags;
}
