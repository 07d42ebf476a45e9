// `mount -o remount`: flags of the mount change, options of the pool do not. mount(8) hands on all words of the fstab line
// as well, so only those options are told that are not in force.
import { mount_on } from "../branches/mount_table.ts";
import { adjust_after_parsing } from "../config/adjust.ts";
import type { CommandLine } from "../config/command_line.ts";
import type { Configuration } from "../config/configuration.ts";
import { format_error } from "../config/errors.ts";
import { split_group, split_item } from "../config/items.ts";
import type { Option } from "../config/option.ts";
import { find_option, normal_key } from "../config/options.ts";
import { attribute_name, CONTROL_FILE, control_value, remount_pool } from "../daemon/live_mount.ts";
import { can_be_refused } from "../fuse/init.ts";
import type { HelperArguments } from "./helper_arguments.ts";
import { read_arguments } from "./start.ts";

/** The value in force; undefined when the pool does not tell. */
export type LiveValue = (option: Option) => string | undefined;

/** The exit code is 1 when something was asked for that a remount cannot do, and nothing else has changed. */
export function remount({ program, argv, is_fake }: HelperArguments): number {
  // mount(8) takes SOURCE from the mount table, where it is only a name.
  const [, target, flag, list] = argv;
  const line = read_arguments([flag!, list!, target!]);
  if (is_fake) return 0;
  const before = mount_on(target!)?.options;
  remount_pool(target!, line.mount_words);
  const problems = [
    ...option_errors(line).map((error) => format_error(error, program)),
    ...options_left(line.configuration, split_group(list!), target!, (option) => control_value(target!, option))
      .map((text) => `${program}: ${text}`),
  ];
  problems.forEach((problem) => console.error(problem));
  return problems.length > 0 && mount_on(target!)?.options === before ? 1 : 0;
}

/** That no branches are named is right here. */
function option_errors({ errors }: CommandLine) {
  return errors.filter(({ text }) => text !== "branches not set");
}

/** One sentence for each option among the words that has another value in force, with what changes it. */
export function options_left(
  configuration: Configuration,
  words: readonly string[],
  target: string,
  live_value: LiveValue,
): string[] {
  adjust_after_parsing(configuration);
  const written = new Map(words.map(split_item).map(({ key, value }) => [find_option(normal_key(key)), value]));
  return [...written].flatMap(function tell([option, value]) {
    if (option === undefined || option.change === "never") return [];
    const live = live_value(option);
    if (live === undefined || is_in_force(option, configuration.get(option.name)!, live)) return [];
    const left = `a remount leaves "${option.name}" at "${live}"`;
    if (option.change === "start") return [`${left} (unmount and mount again to change it)`];
    const words = [attribute_name(option), "-v", value, `${target}/${CONTROL_FILE}`].map(quoted).join(" ");
    return [`${left} (change it with: setfattr -n ${words})`];
  });
}

/**
 * What the kernel has refused reads back so. And branches of the command line stand in fstab's first field, which is not
 * handed on.
 */
function is_in_force(option: Option, wanted: string, live: string): boolean {
  if (can_be_refused(option.name) && ["false", "off"].includes(live)) return true;
  if (option.name !== "branches") return wanted === live || option.name === "fuse-msg-size";
  const there = new Set(live.split(":"));
  return wanted.split(":").every((branch) => there.has(branch));
}

/** For a shell. */
function quoted(word: string): string {
  return /^[\w./:=+,@%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
