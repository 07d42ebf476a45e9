// What the helper of mount(8) does with a pool that is mounted already: it leaves it alone, or changes its flags
// (departures D18).
import { c_string } from "../base/bytes.ts";
import { errno_text } from "../base/errno.ts";
import { path_text } from "../base/path_text.ts";
import { compute_fsname } from "../branches/fsname.ts";
import { is_pool_type, mount_on } from "../branches/mount_table.ts";
import type { Configuration } from "../config/configuration.ts";
import type { Option } from "../config/option.ts";
import { find_option } from "../config/options.ts";
import { remount } from "../sys/device.ts";
import { getxattr } from "../sys/xattr.ts";
import { mount_flags } from "./mount_options.ts";
import { StartError } from "./start_error.ts";

export const CONTROL_FILE = ".mergerfs";
/** Linux hands out no longer value (xattr(7)). */
const VALUE_BYTES_MAX = 65_536;

/** The extended attribute of the control file that has an option's value (departures D20). */
export function attribute_name(option: Option): string {
  return `user.mergerfs${option.is_own ? "-ts" : ""}.${option.name}`;
}

/** The value of an option in the pool that is mounted there; undefined when none is or it does not tell (xattr=nosys). */
export function control_value(mountpoint: string, option: Option): string | undefined {
  const value = new Uint8Array(VALUE_BYTES_MAX);
  const path = c_string(`${mountpoint}/${CONTROL_FILE}`);
  const length = getxattr(path, c_string(attribute_name(option)), value, value.length);
  return length < 0 ? undefined : path_text(value.subarray(0, length));
}

/** What is known of a pool that is mounted where another one is to be. */
export type Former = "none" | "same" | "other";

/** Whether a pool is mounted there, and with these branches. One that does not tell them is known by its source. */
export function former_pool(configuration: Configuration): Former {
  const mountpoint = configuration.get("mountpoint")!;
  const branch_paths = control_value(mountpoint, find_option("srcmounts")!);
  if (branch_paths === configuration.get("srcmounts")) return "same";
  const mounted = mount_on(mountpoint);
  if (mounted === undefined || !is_pool_type(mounted.type)) return "none";
  const own_source = configuration.get("fsname") || compute_fsname(configuration.branches.map(({ text }) => text));
  return branch_paths === undefined && mounted.source === own_source ? "same" : "other";
}

/** Gives a mount the flags that the words name, and no others; options of the pool are not concerned. */
export function remount_pool(mountpoint: string, words: readonly string[]): void {
  const result = remount(mountpoint, mount_flags(words), "");
  if (result < 0) {
    const remedy = "is it mounted, are no files open for writing, and are you root?";
    throw new StartError(`cannot remount "${mountpoint}": ${errno_text(result)} (${remedy})`);
  }
}
