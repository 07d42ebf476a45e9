// The option table: all rows, and how a name is found.

import { suggestion } from "../base/suggest.ts";
import { compare_bytewise } from "../branches/glob.ts";
import type { Category } from "../policies/registry.ts";
import { fate_of_word } from "./mount_words.ts";
import type { Option, OptionSection } from "./option.ts";
import { CACHES, KERNEL } from "./rows_cache.ts";
import { COMPATIBILITY } from "./rows_compatibility.ts";
import { FILES } from "./rows_files.ts";
import { POLICY_OPTIONS } from "./rows_policies.ts";
import { POOL, PROCESS } from "./rows_pool.ts";

/** The sections, in the order of help and documentation. */
export const SECTIONS: readonly OptionSection[] = [POOL, POLICY_OPTIONS, CACHES, FILES, KERNEL, PROCESS, COMPATIBILITY];

/** Every row, sorted bytewise by name. */
export const OPTIONS: readonly Option[] = SECTIONS.flatMap((section) => section.rows)
  .sort((a, b) => compare_bytewise(a.name, b.name));

const BY_NAME: ReadonlyMap<string, Option> = new Map(OPTIONS.map((option) => [option.name, option]));

/** The listed keys of the reference, in the order of the xattr list (config spec §3.1). */
export const LISTED_OPTIONS: readonly Option[] = OPTIONS.filter((option) => !option.is_hidden && !option.is_own);
/** The listed keys of our own, which come after them (departures D20). */
export const OWN_OPTIONS: readonly Option[] = OPTIONS.filter((option) => option.is_own);

/** The row of an exact name; undefined when there is none. */
export function find_option(name: string): Option | undefined {
  return BY_NAME.get(name);
}

/** The functions of a category, in the order of the table. */
export function functions_of(category: Category): readonly Option[] {
  return OPTIONS.filter((option) => option.category === category);
}

/** Key spelling of the command line, of config files and of reading at runtime: "_" means "-" (config spec §1.3). */
export function normal_key(key: string): string {
  return key.replaceAll("_", "-");
}

/** What to say to someone who wrote an unknown key; empty when no key is near. */
export function option_hint(key: string): string {
  return suggestion(normal_key(key), [...LISTED_OPTIONS, ...OWN_OPTIONS].map((option) => option.name));
}

/** The same where words for the mount have no place: in a config file. The key may be in either spelling. */
export function file_hint(key: string): string {
  const word = [key, key.replaceAll("-", "_")].find((each) => fate_of_word(each) !== "unknown");
  return word === undefined ? option_hint(key) : `"${word}" is a mount word: give it with -o or in fstab`;
}
