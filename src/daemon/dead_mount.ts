// A mount whose server was killed stays in the mount table and answers every call with ENOTCONN. It is taken away before
// a new one is made (config §1.8).
import { c_string } from "../base/bytes.ts";
import { ECONNABORTED, ENOTCONN, EPERM } from "../base/errno.ts";
import { unmount_lazily } from "../sys/device.ts";
import { close, O_DIRECTORY, O_NONBLOCK, O_RDONLY } from "../sys/file.ts";
import { AT_FDCWD, openat } from "../sys/path.ts";
import { lock_directory } from "./directory_lock.ts";

/** Unmounts a dead mount on `path`, once. Of several processes that find it one does, and none hits the mount after it. */
export function remove_dead_mount(path: string): void {
  if (!is_dead_mount(path)) return;
  using _lock = lock_directory(parent_of(path));
  if (is_dead_mount(path) && unmount_lazily(path) === -EPERM) unmount_as_user(path);
}

// Opening asks the server; stat(2) may be answered from the kernel's cache for a second after the server has died.
function is_dead_mount(path: string): boolean {
  const fd = openat(AT_FDCWD, c_string(path), O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
  if (fd >= 0) close(fd);
  return fd === -ENOTCONN || fd === -ECONNABORTED;
}

/** By the text alone: a dead mount cannot be asked for its "..". */
function parent_of(path: string): string {
  const parts = /^(.*?)\/*[^/]+\/*$/s.exec(path);
  if (parts?.[1] !== "") return parts?.[1] ?? "/";
  return path.startsWith("/") ? "/" : ".";
}

/** What fails here is told by the mount that follows. */
function unmount_as_user(path: string): void {
  try {
    new Deno.Command("fusermount3", { args: ["-u", "-z", "--", path], stdin: "null" }).outputSync();
  } catch {
    // there is no fusermount3
  }
}
