// What the program was started as: the base name of argv[0] makes it the daemon, the helper of mount(8) or one of the helper
// programs (config §1.1, §1.11), and stands in front of its messages (departures D19).

/** `mount.TYPE` and `mount.fuse.TYPE`, as mount(8) calls its helpers. */
const MOUNT_NAME = /^mount\.(?:fuse\.|fuseblk\.)?(mergerfs(?:-ts)?)$/;
/** As the reference has it, and as mergerfs-tools had it. */
const FSCK_NAME = /^(?:fsck\.(mergerfs(?:-ts)?)|(mergerfs(?:-ts)?)\.fsck)$/;
const COLLECT_INFO_NAME = /^mergerfs(?:-ts)?\.collect-info$/;

/** A helper program that is part of this one. */
export type Tool = "fsck" | "collect-info";
const TOOLS: readonly string[] = ["fsck", "collect-info"] satisfies Tool[];

export interface StartName {
  /** As the caller wrote it. */
  readonly argv0: string;
  /** For messages: "mergerfs" when started by that name, else "mergerfs-ts". */
  readonly program: string;
  readonly role: "daemon" | "mount" | Tool;
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
  const helper = MOUNT_NAME.exec(base);
  if (helper !== null) return { argv0, program: program_name(helper[1]!), role: "mount" };
  const role = FSCK_NAME.test(base) ? "fsck" : COLLECT_INFO_NAME.test(base) ? "collect-info" : "daemon";
  return { argv0, program: role === "daemon" ? program_name(base) : base, role };
}

/**
 * The helper program that the first argument asks for, if any. It is none under the name "mergerfs", so that every line that
 * was written for the reference means what it meant; "./fsck" is a branch under every name.
 */
export function tool_asked_for({ program }: StartName, argv: readonly string[]): Tool | undefined {
  const word = argv[0];
  return program !== "mergerfs" && word !== undefined && TOOLS.includes(word) ? word as Tool : undefined;
}

/** The name for messages of a program, or of the type of a mount. */
export function program_name(name: string): string {
  return name === "mergerfs" ? name : "mergerfs-ts";
}
