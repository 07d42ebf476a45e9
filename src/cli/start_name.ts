// What the program was started as: the base name of argv[0] makes it the helper of mount(8) or not (config §1.11), and
// stands in front of its messages (departures D19).

/** `mount.TYPE` and `mount.fuse.TYPE`, as mount(8) calls its helpers. */
const HELPER_NAME = /^mount\.(?:fuse\.|fuseblk\.)?(mergerfs(?:-ts)?)$/;

export interface StartName {
  /** As the caller wrote it. */
  readonly argv0: string;
  /** For messages: "mergerfs" when started by that name, else "mergerfs-ts". */
  readonly program: string;
  readonly is_mount_helper: boolean;
}

/**
 * `command_line` as in /proc/PID/cmdline, the last `count` arguments of which are the program's own. (Deno itself tells
 * only the path of the executable, symlinks resolved.)
 */
export function start_name(command_line: string, count: number): StartName {
  const all = command_line.split("\0").slice(0, -1);
  const before = all.slice(0, all.length - count);
  // A program that is started through the loader gets its name by an option of that.
  const argv0 = before[before.indexOf("--argv0") + 1] ?? "";
  const base = argv0.slice(argv0.lastIndexOf("/") + 1);
  const helper = HELPER_NAME.exec(base);
  return { argv0, program: program_name(helper?.[1] ?? base), is_mount_helper: helper !== null };
}

/** The name for messages of a program, or of the type of a mount. */
export function program_name(name: string): string {
  return name === "mergerfs" ? name : "mergerfs-ts";
}
