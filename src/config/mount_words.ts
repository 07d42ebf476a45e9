// Words on the command line that are for the mount, not for the configuration (config spec §1.12.3).

/** Mount flags, and words that go into the mount data or to the mount helper. */
export const MOUNT_WORDS: ReadonlySet<string> = new Set([
  ..."ro rw suid nosuid dev nodev exec noexec async sync dirsync atime noatime relatime norelatime".split(" "),
  ..."lazytime nolazytime diratime nodiratime strictatime nostrictatime".split(" "),
  ..."allow_other default_permissions large_read max_read blksize context fscontext defcontext rootcontext".split(" "),
  ..."auto_unmount blkdev user subtype".split(" "),
]);

/** Words of mount(8) and of older FUSE libraries that are dropped without a word. */
const QUIET_WORDS: ReadonlySet<string> = new Set([
  ..."auto noauto nofail _netdev users nouser owner noowner group nogroup comment loop uhelper silent loud".split(" "),
  ..."allow_root attr_timeout entry_timeout ac_attr_timeout sync_read max_background congestion_threshold".split(" "),
  ..."max_write max_readahead readdir_ino -s".split(" "),
]);

export type WordFate = "mount" | "quiet" | "unknown";

/** What happens to an item whose key is no option; the key is as written, "-" and "_" are different here. */
export function fate_of_word(key: string): WordFate {
  if (MOUNT_WORDS.has(key) || key.startsWith("x-")) return "mount";
  return QUIET_WORDS.has(key) || key.startsWith("X-") ? "quiet" : "unknown";
}
