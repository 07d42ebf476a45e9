// The mounts that this process sees (proc_pid_mountinfo(5)).
import { path_text } from "../base/path_text.ts";
import { SYSTEM_BRANCH_FILES } from "./branch_files.ts";

const POOL_TYPES = ["fuse.mergerfs", "fuse.mergerfs-ts"];

export interface MountEntry {
  /** "major:minor", the same wherever a filesystem is mounted. */
  readonly device: string;
  readonly mountpoint: string;
  /** "fuse.mergerfs" for a pool, unless the option "subtype" says otherwise. */
  readonly type: string;
  readonly source: string;
  /** Those of the mount and those of the filesystem, as they are written. */
  readonly options: string;
}

/** Whether mounts of this type are pools; one that was given another "subtype" does not look like one. */
export function is_pool_type(type: string): boolean {
  return POOL_TYPES.includes(type);
}

/** What is mounted on a directory; the topmost one, undefined when nothing is. */
export function mount_on(directory: string): MountEntry | undefined {
  const mountpoint = SYSTEM_BRANCH_FILES.realpath(directory);
  return mounts().findLast((entry) => entry.mountpoint === mountpoint);
}

/** A mountpoint, as the kernel names it, and all others where the same filesystem or a part of it is mounted (bind mounts). */
export function places_of_mount(mountpoint: string): string[] {
  const all = mounts();
  const device = all.findLast((entry) => entry.mountpoint === mountpoint)?.device;
  return [mountpoint, ...all.filter((entry) => entry.device === device).map((entry) => entry.mountpoint)];
}

function mounts(): MountEntry[] {
  return parse_mountinfo(Deno.readFileSync("/proc/self/mountinfo"));
}

/** The mounts in the order in which they were made. Paths are reversible texts (base/path_text.ts). */
export function parse_mountinfo(content: Uint8Array<ArrayBuffer>): MountEntry[] {
  return path_text(content).split("\n").filter((line) => line !== "").map(function parse(line) {
    const fields = line.split(" ").map(unescape_octal);
    // Optional fields stand before the "-", so those behind it are counted from there.
    const separator = fields.indexOf("-");
    const [type, source, super_options] = fields.slice(separator + 1);
    const device = fields[2]!;
    return { device, mountpoint: fields[4]!, type: type!, source: source!, options: `${fields[5]} ${super_options}` };
  });
}

/** The kernel writes white space, backslash and "#" as octal numbers. */
function unescape_octal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
