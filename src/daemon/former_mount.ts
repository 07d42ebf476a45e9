// What is mounted on the mountpoint before the pool comes (config §1.8, §1.10): dead mounts are taken away, live ones when
// the user wants that.
import { c_string } from "../base/bytes.ts";
import { ECONNABORTED, EINVAL, ENOTCONN, EPERM, errno_text } from "../base/errno.ts";
import { log } from "../base/log.ts";
import { unmount_lazily } from "../sys/device.ts";
import { close, O_DIRECTORY, O_NONBLOCK, O_RDONLY } from "../sys/file.ts";
import { AT_FDCWD, openat } from "../sys/path.ts";
import { lock_directory } from "./directory_lock.ts";

/**
 * Unmounts a mount on `path` whose server was killed: it stays in the mount table and answers ENOTCONN to everything. Of
 * several processes that find it one does, and none hits the mount that comes after it.
 */
export function remove_dead_mount(path: string): void {
  if (!is_dead_mount(path)) return;
  using _lock = lock_directory(parent_of(path));
  if (is_dead_mount(path)) unmount(path); // what fails is told by the mount that follows
}

/** Takes what is mounted on the mountpoint away, also when it is in use (option lazy-umount-mountpoint, config §1.10). */
export function unmount_former(mountpoint: string): void {
  const result = unmount(mountpoint);
  if (result === 0) log("notice", `Unmounted what was mounted on "${mountpoint}"`);
  // EINVAL: nothing was.
  else if (result !== -EINVAL) log("warning", `Cannot unmount "${mountpoint}": ${errno_text(result)}`);
}

// Opening asks the server; stat(2) may be answered from the kernel's cache for a second after the server has died.
function is_dead_mount(path: string): boolean {
  const fd = openat(AT_FDCWD, c_string(path), O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
  if (fd >= 0) close(fd);
  return fd === -ENOTCONN || fd === -ECONNABORTED;
}

/** By the text alone: a dead mount cannot be asked for its "..". */
function parent_of(path: string): string {
  const above = path.replace(/\/*[^/]*\/*$/, "");
  if (above !== "") return above;
  return path.startsWith("/") ? "/" : ".";
}

/** 0 or -errno. What a user has mounted by fusermount3, that user may unmount by it. */
function unmount(path: string): number {
  const result = unmount_lazily(path);
  if (result !== -EPERM) return result;
  try {
    const io = { stdin: "null", stdout: "null", stderr: "null" } as const;
    const { success } = new Deno.Command("fusermount3", { args: ["-u", "-z", "--", path], ...io }).outputSync();
    return success ? 0 : result;
  } catch {
    return result; // there is no fusermount3
  }
}
