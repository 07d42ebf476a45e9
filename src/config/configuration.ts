// The configuration as people see it: key → text, with the rules for setting and reading back (config spec §3, §5, §7).
// It can change; the request path uses Settings, which are made from it.

import { EINVAL, ELOOP, ENODATA, ENOENT, EROFS, errno_text } from "../base/errno.ts";
import { type Parsed, remedy_text } from "../base/parsed.ts";
import { path_text } from "../base/path_text.ts";
import { type BranchSpec, MODE_RO, MODE_RW } from "../branches/branch.ts";
import { edit_branches } from "../branches/edit.ts";
import { compare_bytewise } from "../branches/glob.ts";
import { leads_into } from "../branches/own_mount.ts";
import { print_branch_paths, print_branches } from "../branches/print.ts";
import { CATEGORIES, type Category } from "../policies/registry.ts";
import { type Environment, NO_ENVIRONMENT } from "./environment.ts";
import type { ConfigError } from "./errors.ts";
import { config_lines } from "./items.ts";
import type { Option } from "./option.ts";
import { file_hint, find_option, functions_of, normal_key, OPTIONS } from "./options.ts";

/** "startup": command line and config files, everything may be set. "runtime": the pool is mounted. */
export type Phase = "startup" | "runtime";

/** Deepest nesting of config files, the first one counted (config spec §1.6). */
const CONFIG_LEVELS_MAX = 6;
/** No option: beside their values, what the daemon found of "mountpoint". */
const CANONICAL_MOUNTPOINT = "canonical mountpoint";
/** No option: what was meant with a relative "log.file". */
const LOG_PATH = "log path";
const OUTSIDE_HINT = "name one outside of the pool";
/** cache.files=libfuse and the older keys that say what it meant; a non-false value is remembered (departures D16). */
const LEGACY_CACHE_KEYS = ["direct-io", "kernel-cache", "auto-cache"];

/** What a line of a config file says about an option. */
export interface Saying {
  readonly key: string;
  readonly value: string;
}

/** The same with its place. */
export interface FileLine extends Saying {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** What the config file said when it was last read as a whole, with the files that it names. */
interface LastRead {
  /** What relative paths started from at that time. */
  readonly directory: string;
  readonly sayings: readonly Saying[];
}

interface Serialized {
  readonly values: Readonly<Record<string, string>>;
  readonly branches: readonly (readonly [text: string, mode: number, own: string | null, canonical: boolean])[];
  readonly legacy: readonly string[];
  readonly last_directory: string;
  readonly last_sayings: readonly (readonly [key: string, value: string])[];
}

export class Configuration {
  /** What is wrong with the text of the last set() that failed; starts in lower case. */
  last_problem = "";
  /** What to do about it; may be empty. */
  last_hint = "";
  /** Lines of config files that failed, in order, until someone takes them. */
  readonly file_errors: ConfigError[] = [];
  /** Lines of the config file that set() has read last, and of the files that it names, in order. */
  file_lines: FileLine[] = [];

  #values = new Map<string, string>();
  #branches: readonly BranchSpec[] = [];
  #legacy = new Set<string>();
  #config_level = 0;
  #last_read: LastRead = { directory: "", sayings: [] };
  /** What relative paths start from in the file that is being read. */
  #directory = "";
  readonly #environment: Environment;

  constructor(environment: Environment = NO_ENVIRONMENT) {
    this.#environment = environment;
  }

  /** The branches, in order. The list is never changed in place. */
  get branches(): readonly BranchSpec[] {
    return this.#branches;
  }

  /** What the file of the option "config" said when it was last read as a whole, in order. */
  get file_sayings(): readonly Saying[] {
    return this.#last_read.sayings;
  }

  /** This counts as what the file said. */
  remember_sayings(sayings: readonly Saying[]): void {
    this.#last_read = { ...this.#last_read, sayings };
  }

  /** The mountpoint as an absolute path without symlinks; as given until the daemon has looked. */
  get canonical_mountpoint(): string {
    return this.#values.get(CANONICAL_MOUNTPOINT) ?? this.get("mountpoint")!;
  }

  set canonical_mountpoint(path: string) {
    this.#values.set(CANONICAL_MOUNTPOINT, path);
  }

  /** The file of "log.file" as an absolute path; empty when there is none. */
  get log_path(): string {
    const text = this.get("log.file")!;
    return text === "" ? "" : this.#values.get(LOG_PATH) ?? text;
  }

  /** Whether an absolute path leads into the pool, which has to be mounted: who serves it must not use that path. */
  leads_into_pool(path: string): boolean {
    return this.#own_mount()(path);
  }

  /** The older cache words that were given: "libfuse", "direct-io", "kernel-cache", "auto-cache" (departures D16). */
  get legacy_cache_words(): ReadonlySet<string> {
    return this.#legacy;
  }

  /** Problem and hint of the last failure as one clause. */
  get last_remedy(): string {
    return remedy_text(this.last_problem, this.last_hint);
  }

  /** The value as it reads back, undefined for an unknown key. The key is in the hyphen spelling. */
  get(key: string): string | undefined {
    const option = find_option(key);
    if (option === undefined) return undefined;
    if (option.alias_of !== undefined) return this.get(option.alias_of);
    if (key === "branches") return print_branches(this.#branches);
    if (key === "srcmounts") return print_branch_paths(this.#branches);
    const category = category_of(key);
    if (category !== undefined) return this.#category_text(category);
    return this.#values.get(key) ?? option.default_text;
  }

  /** Every key that is set to something else than its default, with its text, sorted. */
  changed(): (readonly [key: string, text: string])[] {
    return OPTIONS.filter((option) => option.alias_of === undefined && !option.is_hidden)
      .filter((option) => this.get(option.name) !== option.default_text)
      .map((option) => [option.name, this.get(option.name)!] as const);
  }

  /** 0 or -errno; after a failure the old value stays and last_problem, last_hint say why. Text is not trimmed here. */
  set(key: string, text: string, phase: Phase): number {
    const option = find_option(key);
    if (option === undefined) return this.#fail(ENODATA, `unknown option "${key}"`, file_hint(key));
    if (option.change === "never") return this.#fail(EROFS, `"${key}" can only be read`);
    if (option.change === "start" && phase === "runtime") {
      return this.#fail(EROFS, `"${key}" cannot be changed while the pool is mounted`, "unmount and mount again");
    }
    return this.#set_option(option, text, phase);
  }

  /** Stores what the daemon itself found out: pid, version, features that the kernel refused. No checks. */
  force(key: string, text: string): void {
    this.#values.set(key, text);
  }

  /**
   * RW branches with this path become RO (automatic switch to RO, config spec §4.7). True when there was one; whoever has
   * given it another mode meanwhile is right.
   */
  make_read_only(text: string): boolean {
    const before = this.#branches;
    this.#branches = before.map((branch) =>
      branch.text === text && branch.mode === MODE_RW ? { ...branch, mode: MODE_RO } : branch
    );
    return this.#branches.some((branch, at) => branch !== before[at]);
  }

  /** Everything as one text, for other threads and for a successor of the daemon. JSON without lone surrogates. */
  serialize(): string {
    const serialized: Serialized = {
      values: Object.fromEntries(this.#values),
      branches: this.#branches.map((branch) => [
        branch.text,
        branch.mode,
        branch.own_minfreespace?.toString() ?? null,
        branch.canonical,
      ]),
      legacy: [...this.#legacy],
      last_directory: this.#last_read.directory,
      last_sayings: this.#last_read.sayings.map(({ key, value }) => [key, value]),
    };
    return JSON.stringify(serialized);
  }

  /** The configuration behind a text of serialize(). Branches are not looked up again. */
  static parse(serialized: string, environment: Environment = NO_ENVIRONMENT): Configuration {
    const { values, branches, legacy, last_directory, last_sayings } = JSON.parse(serialized) as Serialized;
    const configuration = new Configuration(environment);
    configuration.#values = new Map(Object.entries(values));
    configuration.#legacy = new Set(legacy);
    const sayings = last_sayings.map(([key, value]) => ({ key, value }));
    configuration.#last_read = { directory: last_directory, sayings };
    configuration.#branches = branches.map(([text, mode, own, canonical]) => ({
      text,
      mode,
      own_minfreespace: own === null ? undefined : BigInt(own),
      canonical,
    }));
    return configuration;
  }

  /** A copy that can be changed and thrown away. */
  copy(environment: Environment = this.#environment): Configuration {
    return Configuration.parse(this.serialize(), environment);
  }

  #fail(errno: number, problem: string, hint = ""): number {
    this.last_problem = problem;
    this.last_hint = hint;
    return -errno;
  }

  #set_option(option: Option, text: string, phase: Phase): number {
    const is_older_word = option.name === "cache.files" && text === "libfuse";
    const value = option.kind.read(is_older_word ? "partial" : text, this.#environment.page_bytes);
    if (!value.ok) return this.#refuse(value);
    if (option.name === "branches") return this.#set_branches(text);
    if (option.name === "config") return this.#set_config(text, phase);
    if (option.name === "srcmounts") return 0;
    if (option.name === "log.file" && text !== "") {
      const result = this.#use_log_file(text);
      if (result < 0) return result;
    }
    if (is_older_word && phase === "runtime") {
      this.#environment.log(
        "warning",
        '"cache.files=libfuse" is an older spelling and taken as "cache.files=partial".',
      );
    }
    this.#store(option, value.value);
    this.#note_legacy(option.name, text);
    return 0;
  }

  #store(option: Option, text: string): void {
    const category = category_of(option.name);
    if (category === undefined) this.#values.set(option.alias_of ?? option.name, text);
    else for (const { name } of functions_of(category)) this.#values.set(name, text);
  }

  #refuse(value: Parsed<unknown>): number {
    return value.ok ? 0 : this.#fail(value.errno, value.problem, value.hint);
  }

  #note_legacy(name: string, text: string): void {
    if (name === "cache.files") {
      if (text === "libfuse") this.#legacy.add(text);
      else this.#legacy.delete("libfuse");
    } else if (LEGACY_CACHE_KEYS.includes(name)) {
      if (["false", "f", "0", "off", "no"].includes(text)) this.#legacy.delete(name);
      else this.#legacy.add(name);
    }
  }

  #use_log_file(text: string): number {
    const path = absolute_path(text, this.#environment.working_directory());
    if (this.leads_into_pool(path)) return this.#fail(EINVAL, `"${text}" lies inside this pool`, OUTSIDE_HINT);
    const opened = this.#environment.try_append(path);
    if (opened < 0) return this.#fail(-opened, `cannot append to "${text}": ${errno_text(opened)}`);
    this.#values.set(LOG_PATH, path);
    return 0;
  }

  #set_branches(text: string): number {
    const { branch_files: files, log } = this.#environment;
    const edited = edit_branches(this.#branches, text, { files, log, is_own_mount: this.#own_mount() });
    if (edited.ok) this.#branches = edited.value;
    return this.#refuse(edited);
  }

  /** What tells whether a path leads into the mounted pool. Before the mount its directory is one like others. */
  #own_mount(): (path: string) => boolean {
    const mountpoint = this.#values.get(CANONICAL_MOUNTPOINT);
    if (mountpoint === undefined) return () => false;
    const { working_directory, branch_files, places_of_mount } = this.#environment;
    const [directory, places] = [working_directory(), places_of_mount(mountpoint)];
    return (path) => leads_into(absolute_path(path, directory), places, branch_files.read_link);
  }

  #category_text(category: Category): string {
    const names = new Set(functions_of(category).map((option) => this.get(option.name)!));
    return [...names].sort(compare_bytewise).join(",");
  }

  #set_config(text: string, phase: Phase): number {
    const path = text === "" ? this.get("config")! : text;
    if (path === "") return this.#fail(ENOENT, "no config file was read before", "name a file");
    if (this.#config_level >= CONFIG_LEVELS_MAX) {
      return this.#fail(ELOOP, `config files include each other more than ${CONFIG_LEVELS_MAX} levels deep`);
    }
    const is_outermost = this.#config_level === 0;
    if (is_outermost) {
      this.#directory = text === "" ? this.#last_read.directory : this.#environment.working_directory();
      this.file_lines = [];
    }
    const absolute = absolute_path(path, this.#directory);
    if (this.leads_into_pool(absolute)) return this.#fail(EINVAL, `"${path}" lies inside this pool`, OUTSIDE_HINT);
    const content = this.#environment.read_file(absolute);
    if (typeof content === "number") return this.#cannot_read(path, content);
    this.#config_level++;
    const failed = this.#apply_lines(path, path_text(content), phase);
    this.#config_level--;
    if (failed > 0) return this.#fail(EINVAL, `${failed} line${failed === 1 ? "" : "s"} of "${path}" refused`);
    if (!is_outermost) return 0;
    this.#values.set("config", path);
    this.#last_read = { directory: this.#directory, sayings: this.file_lines };
    return 0;
  }

  #cannot_read(path: string, errno: number): number {
    const problem = `cannot read "${path}": ${errno_text(errno)}`;
    this.file_errors.push({ errno: -errno, text: path, remedy: errno_text(errno) });
    return this.#fail(-errno, problem);
  }

  /** Applies every line; returns how many failed, each noted in file_errors. */
  #apply_lines(path: string, text: string, phase: Phase): number {
    let failed = 0;
    for (const { item, line } of config_lines(text)) {
      const key = normal_key(item.key);
      const result = this.set(key, item.value, phase);
      if (result === 0) {
        if (key !== "config") this.file_lines.push({ key, value: item.value, file: path, line });
        continue;
      }
      failed++;
      this.file_errors.push({ errno: -result, text: item.text, remedy: this.last_remedy, file: path, line });
    }
    return failed;
  }
}

function absolute_path(path: string, directory: string): string {
  return path.startsWith("/") || directory === "" ? path : `${directory}/${path}`;
}

/** The category that a "category.X" key sets; undefined for other keys. */
export function category_of(key: string): Category | undefined {
  return CATEGORIES.find((category) => key === `category.${category}`);
}
