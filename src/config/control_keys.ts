// Keys of the control file as extended attributes (config spec §7.1 to §7.3): which xattr name is which option.

import { EEXIST, ENODATA } from "../base/errno.ts";
import type { Configuration } from "./configuration.ts";
import { find_option, LISTED_OPTIONS, normal_key, OWN_OPTIONS } from "./options.ts";
import type { Option } from "./option.ts";

export const CONTROL_PREFIX = "user.mergerfs.";
/** Options and commands of our own, so that they never collide with a later one of the reference (departures D20). */
export const OWN_CONTROL_PREFIX = "user.mergerfs-ts.";
/** setxattr(2): fail if the attribute exists. */
const XATTR_CREATE = 1;

/** The names of a listing, in order: those of the reference, then ours. */
export const CONTROL_NAMES: readonly string[] = [
  ...LISTED_OPTIONS.map((option) => CONTROL_PREFIX + option.name),
  ...OWN_OPTIONS.map((option) => OWN_CONTROL_PREFIX + option.name),
];

/** The option that a name means; undefined when none. Each prefix knows its own options only. */
function option_of(name: string, spell: (key: string) => string): Option | undefined {
  for (const [prefix, is_own] of [[CONTROL_PREFIX, false], [OWN_CONTROL_PREFIX, true]] as const) {
    if (!name.startsWith(prefix)) continue;
    const option = find_option(spell(name.slice(prefix.length)));
    return option !== undefined && (option.is_own ?? false) === is_own ? option : undefined;
  }
  return undefined;
}

/** The value of a control attribute, or -ENODATA. "_" is read as "-". */
export function get_control(configuration: Configuration, name: string): string | number {
  const option = option_of(name, normal_key);
  return option === undefined ? -ENODATA : configuration.get(option.name)!;
}

/** Sets a control attribute at runtime, in the order of checks of config spec §7.3; 0 or -errno. Commands are not known here. */
export function set_control(configuration: Configuration, name: string, value: string, flags: number): number {
  const option = option_of(name, (key) => key);
  if (option === undefined) return -ENODATA;
  if ((flags & XATTR_CREATE) !== 0) return -EEXIST;
  return configuration.set(option.name, value, "runtime");
}
