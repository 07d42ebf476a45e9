// The mount table of this process, from /proc/self/mountinfo (proc_pid_mountinfo(5)).

export interface MountEntry {
  readonly mountpoint: string;
  readonly type: string;
  readonly source: string;
  /** Options of the mount and of the file system, comma separated each. */
  readonly mount_options: string;
  readonly super_options: string;
}

/** All mounts, in the order in which they were made. */
export function read_mount_table(): MountEntry[] {
  return Deno.readTextFileSync("/proc/self/mountinfo").split("\n").filter((line) => line !== "").map(parse_line);
}

/** The mounts below a directory, the newest first, as they have to be unmounted. */
export function mounts_below(directory: string): MountEntry[] {
  return read_mount_table().filter(({ mountpoint }) => mountpoint.startsWith(`${directory}/`)).reverse();
}

/** The topmost mount at exactly this place. */
export function find_mount(mountpoint: string): MountEntry | undefined {
  return read_mount_table().findLast((entry) => entry.mountpoint === mountpoint);
}

function parse_line(line: string): MountEntry {
  const fields = line.split(" ");
  const separator = fields.indexOf("-");
  const field = (at: number) => unescape_octal(fields[at] ?? "");
  return {
    mountpoint: field(4),
    type: field(separator + 1),
    source: field(separator + 2),
    mount_options: field(5),
    super_options: field(separator + 3),
  };
}

function unescape_octal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
