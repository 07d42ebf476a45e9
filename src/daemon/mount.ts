// The mount half of starting: from a configuration to a device descriptor, an arena, and an answered INIT. What comes
// after it needs nothing but the arena and the descriptor (shared design, §10).
import { EINVAL, ENODEV, ENOENT, errno_text } from "../base/errno.ts";
import { c_string } from "../base/bytes.ts";
import { log } from "../base/log.ts";
import { StatxBuffer } from "../base/statx.ts";
import { SYSTEM_BRANCH_FILES } from "../branches/branch_files.ts";
import { leads_into } from "../branches/own_mount.ts";
import { Configuration } from "../config/configuration.ts";
import { open_device, remount, Session } from "../sys/device.ts";
import { close } from "../sys/file.ts";
import { geteuid } from "../sys/identity.ts";
import { AT_FDCWD, stat } from "../sys/path.ts";
import { remove_dead_mount } from "./former_mount.ts";
import { load_libfuse } from "./libfuse.ts";
import { mount_options } from "./mount_options.ts";
import { catching_standard_error } from "./standard_error.ts";
import { StartError } from "./start_error.ts";

/** The absolute path of the mountpoint. A dead mount on it, left by a killed daemon, is taken away first. */
export function resolve_mountpoint(as_given: string): string {
  remove_dead_mount(as_given);
  const found = stat(AT_FDCWD, c_string(as_given), stat_buffer);
  if (found < 0) {
    throw new StartError(`bad mount point \`${as_given}': ${errno_text(found)} (${remedy_for(as_given, found)})`);
  }
  if (!stat_buffer.is_directory) {
    throw new StartError(`bad mount point \`${as_given}': Not a directory (the pool is mounted on a directory)`);
  }
  return Deno.realPathSync(as_given);
}

/** Throws a StartError when the trace would be written into the pool: nobody would answer, or each line make new ones. */
export function refuse_log_inside(configuration: Configuration, mountpoint: string): void {
  const path = configuration.log_path;
  if (path === "" || !leads_into(path, [mountpoint], SYSTEM_BRANCH_FILES.read_link)) return;
  throw new StartError(`"log.file=${configuration.get("log.file")}" lies inside the pool (name a file outside of it)`);
}

function remedy_for(mountpoint: string, errno: number): string {
  if (mountpoint.includes(":")) return "the mountpoint comes last: BRANCH:BRANCH MOUNTPOINT";
  return errno === -ENOENT ? `create it with "mkdir -p ${mountpoint}"` : "check it and the way to it";
}

const stat_buffer = new StatxBuffer();

/** Mounts the pool, or throws a StartError with the reason. */
export function mount_pool(
  program: string,
  configuration: Configuration,
  words: readonly string[],
  mountpoint: string,
): Session {
  const is_root = geteuid() === 0;
  check_device(is_root);
  const libfuse = load_libfuse();
  const options = mount_options(configuration, words, is_root);
  const { result: session, text } = catching_standard_error(() => libfuse.mount(program, options.libfuse, mountpoint));
  if (session === undefined) {
    throw new StartError(`mount failed: ${reason_of(text)} (${remedy_of(is_root, text, words)})`);
  }
  if (options.remount_flags !== 0n) set_flags(mountpoint, options.remount_flags);
  return session;
}

/** The pool is of use without them, so it stays mounted when they are refused. */
function set_flags(mountpoint: string, flags: bigint): void {
  const result = remount(mountpoint, flags, "");
  if (result < 0) log("warning", `The time options of the mount are refused: ${errno_text(result)}`);
}

function check_device(is_root: boolean): void {
  const fd = open_device();
  if (fd >= 0) {
    close(fd);
    return;
  }
  if (fd === -ENOENT || fd === -ENODEV) {
    throw new StartError(
      "device not found, try 'modprobe fuse' first (a container needs --device /dev/fuse)",
    );
  }
  const remedy = is_root
    ? "a container needs --device /dev/fuse and CAP_SYS_ADMIN"
    : "as root: chmod 666 /dev/fuse, or start as root";
  throw new StartError(`failed to open /dev/fuse: ${errno_text(fd)} (${remedy})`);
}

function reason_of(text: string): string {
  const line = text.split("\n").filter((part) => part.trim() !== "").join("; ");
  return line === "" ? "no reason given" : line.replace(/^(fuse|fusermount3): mount failed: |^fuse: /, "");
}

function remedy_of(is_root: boolean, text: string, words: readonly string[]): string {
  const valued = words.filter((word) => word.includes("=") && !word.startsWith("x-"));
  if (text.includes(errno_text(EINVAL)) && valued.length > 0) {
    return `check the mount words ${valued.map((word) => `"${word}"`).join(", ")}, or leave them away`;
  }
  if (is_root) return "check the mount options; a container needs CAP_SYS_ADMIN";
  if (text.includes("allow_other")) return `add "user_allow_other" to /etc/fuse.conf, or leave "allow_other" away`;
  if (text.includes("fusermount3")) return "as a user: the mountpoint must be yours, and fusermount3 set-uid root";
  return "install fuse3 for fusermount3, or start as root";
}
