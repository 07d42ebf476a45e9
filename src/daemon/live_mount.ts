// What the helper of mount(8) does with a pool that is mounted already: it leaves it alone, or changes its flags
// (departures D18).
import { c_string } from "../base/bytes.ts";
import { errno_text } from "../base/errno.ts";
import { path_text } from "../base/path_text.ts";
import { remount } from "../sys/device.ts";
import { getxattr } from "../sys/xattr.ts";
import { mount_flags } from "./mount_options.ts";
import { StartError } from "./start_error.ts";

const CONTROL_FILE = ".mergerfs";
const BRANCH_PATHS = c_string("user.mergerfs.srcmounts");
/** Linux hands out no longer value (xattr(7)). */
const VALUE_BYTES_MAX = 65_536;

/** Whether a live pool is mounted there that has exactly these branches: canonical paths joined with ":". */
export function answers_with_branches(mountpoint: string, branch_paths: string): boolean {
  const value = new Uint8Array(VALUE_BYTES_MAX);
  const length = getxattr(c_string(`${mountpoint}/${CONTROL_FILE}`), BRANCH_PATHS, value, value.length);
  return length > 0 && path_text(value.subarray(0, length)) === branch_paths;
}

/** Gives a mount the flags that the words name, and no others; options of the pool are not concerned. */
export function remount_pool(mountpoint: string, words: readonly string[]): void {
  const result = remount(mountpoint, mount_flags(words), "");
  if (result < 0) {
    const remedy = "is it mounted, are no files open for writing, and are you root?";
    throw new StartError(`cannot remount "${mountpoint}": ${errno_text(result)} (${remedy})`);
  }
}
