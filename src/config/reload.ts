// Reading the config file again while the pool is mounted (departures D22). What the file says differently from when it
// was last read is put in force, and nothing else: a value that was changed through the control file, or that the command
// line gave, stays until somebody changes its line in the file.

import { REPLACE, split_instruction } from "../branches/grammar.ts";
import { category_of, type Configuration, type FileLine, type Saying } from "./configuration.ts";
import { type Environment, NO_BRANCH_FILES } from "./environment.ts";
import type { ConfigError } from "./errors.ts";
import { find_option, functions_of } from "./options.ts";

/** What became of it. With errors nothing has changed. */
export interface Reload {
  readonly errors: readonly ConfigError[];
  /** Lines that are in force now. */
  readonly applied: readonly FileLine[];
  /** Lines that wait for the next mount, because their option cannot be changed before. */
  readonly refused: readonly FileLine[];
}

/** What a file says about one option: one line, or all lines of the branch list. */
type ByOption<T extends Saying> = ReadonlyMap<string, readonly T[]>;

/**
 * Reads the remembered config file again and changes the configuration, which is of no use any more when there are
 * errors. The option "config" must not be empty.
 */
export function reload(configuration: Configuration, environment: Environment): Reload {
  const path = configuration.get("config")!;
  // Tried as at the start, without looking for branches: a file with any mistake changes nothing.
  const branch_files = { ...NO_BRANCH_FILES, read_link: environment.branch_files.read_link };
  const trial = configuration.copy({ ...environment, branch_files, log: () => {} });
  const read = trial.set("config", "", "startup");
  if (read < 0 && trial.file_errors.length > 0) return failed(trial.file_errors);
  if (read < 0) return failed([{ errno: -read, text: path, remedy: trial.last_remedy }]);

  const former = by_option(configuration.file_sayings);
  const applied = new Set<FileLine>();
  const refused: FileLine[] = [];
  for (const [key, lines] of by_option(trial.file_lines)) {
    const changed = changed_lines(former.get(key) ?? [], lines, key);
    if (find_option(key)!.change !== "live") {
      if (changed.length > 0 && trial.get(key) !== configuration.get(key)) refused.push(changed.at(-1)!);
      continue;
    }
    for (const line of changed) {
      const result = configuration.set(key, line.value, "runtime");
      if (result < 0) return failed([line_error(line, -result, configuration.last_remedy)]);
      applied.add(line);
    }
  }
  // What waits is told again at the next reading, as long as it waits.
  configuration.remember_sayings(trial.file_lines.filter((line) => !refused.includes(line)));
  return { errors: [], applied: [...applied], refused };
}

function failed(errors: readonly ConfigError[]): Reload {
  return { errors, applied: [], refused: [] };
}

function line_error(line: FileLine, errno: number, remedy: string): ConfigError {
  return { errno, text: `${line.key}=${line.value}`, remedy, file: line.file, line: line.line };
}

/** A later line about an option replaces an earlier one; those about branches add up. */
function by_option<T extends Saying>(lines: readonly T[]): ByOption<T> {
  const found = new Map<string, T[]>();
  for (const line of lines) {
    const category = category_of(line.key);
    const keys = category === undefined ? [line.key] : functions_of(category).map(({ name }) => name);
    for (const key of keys) {
      const earlier = key === "branches" ? found.get(key) ?? [] : [];
      found.set(key, [...earlier, line]);
    }
  }
  return found;
}

/** The lines to put in force: none when the file says the same as before. */
function changed_lines(former: readonly Saying[], lines: readonly FileLine[], key: string): readonly FileLine[] {
  const values = former.map(({ value }) => value);
  if (lines.length === values.length && lines.every(({ value }, at) => value === values[at])) return [];
  if (key !== "branches" || starts_anew(lines[0]!.value)) return lines;
  // A list that only adds to that of the command line: what was added before is there already.
  return lines.filter(({ value }) => !values.includes(value));
}

function starts_anew(branches: string): boolean {
  const split = split_instruction(branches);
  return split.ok && split.value.instruction === REPLACE;
}
