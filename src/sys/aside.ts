// Questions that a sleeping disk answers late and a dead one never: they are asked on a thread of the runtime, so that the
// thread that waits for the answer can also give up. They tell no errno, for that belongs to the other thread.
import { c_string } from "../base/bytes.ts";
import { STATX_BASIC_STATS, STATX_DEV_MAJOR_WORD, STATX_DEV_MINOR_WORD, StatxBuffer } from "../base/statx.ts";
import { libc } from "./libc.ts";
import { AT_FDCWD, AT_STATX_DONT_SYNC, AT_SYMLINK_NOFOLLOW } from "./path.ts";

const EMPTY = new Uint8Array(0);

/** The device that holds an object, "major:minor" as in /sys; undefined when there is no answer. Symlinks are not followed. */
export async function device_of(path: string): Promise<string | undefined> {
  const out = new StatxBuffer();
  // What the filesystem knows by itself is enough: so the pool itself may be asked as well.
  const flags = AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC;
  const result = await libc.statx_aside(AT_FDCWD, c_string(path), flags, STATX_BASIC_STATS, out.bytes);
  return result === 0 ? `${out.words[STATX_DEV_MAJOR_WORD]}:${out.words[STATX_DEV_MINOR_WORD]}` : undefined;
}

/** Whether something is there. */
export async function exists(path: string): Promise<boolean> {
  return await libc.statx_aside(AT_FDCWD, c_string(path), 0, STATX_BASIC_STATS, new StatxBuffer().bytes) === 0;
}

/** Whether an object has an extended attribute. */
export async function has_xattr(path: string, name: string): Promise<boolean> {
  return await libc.getxattr_aside(c_string(path), c_string(name), EMPTY, 0) >= 0;
}
