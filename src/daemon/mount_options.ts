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

/** Words libfuse 3.14 refuses but mount(2) knows; the flag they set, or clear. */
const TIME_WORDS: Readonly<Record<string, { readonly set: bigint; readonly clear: bigint }>> = {
  relatime: { set: MS_RELATIME, clear: MS_STRICTATIME },
  norelatime: { set: 0n, clear: MS_RELATIME },
  strictatime: { set: MS_STRICTATIME, clear: MS_RELATIME },
  nostrictatime: { set: 0n, clear: MS_STRICTATIME },
  diratime: { set: 0n, clear: MS_NODIRATIME },
  nodiratime: { set: MS_NODIRATIME, clear: 0n },
  lazytime: { set: MS_LAZYTIME, clear: 0n },
  nolazytime: { set: 0n, clear: MS_LAZYTIME },
};

/** What mount(2) has to be told again at a remount, because a remount sets all flags anew. */
const PLAIN_FLAGS: Readonly<Record<string, bigint>> = {
  ro: MS_RDONLY,
  noexec: MS_NOEXEC,
  sync: MS_SYNCHRONOUS,
  dirsync: MS_DIRSYNC,
  noatime: MS_NOATIME,
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
    else if (is_for_libfuse(key) && !options.includes(word)) options.push(escaped(word));
  }
  options.push(`subtype=${escaped(subtype)}`);
  return { libfuse: options.join(","), remount_flags: is_root ? remount_flags(words) : 0n };
}

function is_for_libfuse(key: string): boolean {
  return !(key in TIME_WORDS) && !DROPPED.has(key) && key !== "subtype" && !key.startsWith("x-");
}

/** libfuse splits its options at commas and takes a backslash as an escape. */
function escaped(text: string): string {
  return text.replace(/[\\,]/g, "\\$&");
}

function remount_flags(words: readonly string[]): bigint {
  if (!words.some((word) => word in TIME_WORDS)) return 0n;
  let flags = 0n;
  if (!words.includes("suid")) flags |= MS_NOSUID;
  if (!words.includes("dev")) flags |= MS_NODEV;
  for (const word of words) {
    flags |= PLAIN_FLAGS[word] ?? 0n;
    const time = TIME_WORDS[word];
    if (time !== undefined) flags = (flags & ~time.clear) | time.set;
  }
  return flags;
}
