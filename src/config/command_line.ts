// Reads the command line (config spec §1.2 to §1.7): strictly left to right, options and positionals mixed, every error
// collected.

import { ENODATA, ENOENT } from "../base/errno.ts";
import { suggestion } from "../base/suggest.ts";
import { Configuration } from "./configuration.ts";
import type { Environment } from "./environment.ts";
import type { ConfigError } from "./errors.ts";
import { split_group, split_item } from "./items.ts";
import { fate_of_word, MOUNT_WORDS } from "./mount_words.ts";
import { find_option, normal_key, option_hint } from "./options.ts";

export interface CommandLine {
  readonly configuration: Configuration;
  /** In order of occurrence. The start must fail when there is one. */
  readonly errors: readonly ConfigError[];
  /** Sentences for standard error; the start goes on. */
  readonly warnings: readonly string[];
  /** Words for the mount layer, unescaped, as written: "allow_other", "context=x". */
  readonly mount_words: readonly string[];
  readonly foreground: boolean;
  readonly debug: boolean;
  /** Print the usage, or the version, to standard output and exit 0; errors do not count then. */
  readonly help: boolean;
  readonly version: boolean;
}

class Reader {
  readonly configuration: Configuration;
  readonly errors: ConfigError[] = [];
  readonly warnings: string[] = [];
  readonly mount_words: string[] = [];
  foreground = false;
  help = false;
  version = false;

  /** Keys that nobody knows, with the hint; whether they are errors depends on "strict", which may come later. */
  readonly #unknown: { readonly text: string; readonly key: string; readonly hint: string; readonly at: number }[] = [];
  #pending = "";

  constructor(environment: Environment) {
    this.configuration = new Configuration(environment);
  }

  read(argv: readonly string[]): void {
    for (let at = 0; at < argv.length; at++) {
      const argument = argv[at]!;
      if (argument === "--") {
        for (const rest of argv.slice(at + 1)) this.#positional(rest);
        break;
      } else if (argument === "-o") {
        if (++at === argv.length) {
          this.errors.push({ errno: 0, text: "fuse: missing argument after `-o'", remedy: "", is_verbatim: true });
          return;
        }
        this.#group(argv[at]!);
      } else if (!this.#single(argument)) return;
    }
    this.#finish();
  }

  /** Anything but -o and "--"; false when scanning stops here. */
  #single(argument: string): boolean {
    if (!argument.startsWith("-")) this.#positional(argument);
    else if (argument === "-h" || argument === "--help") this.help = true;
    else if (argument === "-v" || argument === "-V" || argument === "--version") this.version = true;
    else if (argument === "-d") this.#item("debug=true");
    else if (argument === "-f") this.foreground = true;
    else if (argument === "-r") this.mount_words.push("ro");
    else if (argument.startsWith("-o")) this.#group(argument.slice(2));
    else if (argument !== "-n") this.#item(argument);
    return !this.help && !this.version;
  }

  #group(group: string): void {
    for (const item of split_group(group)) this.#item(item);
  }

  #item(text: string): void {
    const item = split_item(text);
    const key = normal_key(item.key);
    if (find_option(key) !== undefined) this.#set(key, item.value, item.text);
    else if (item.text !== "") this.#no_option(item.key, item.text);
  }

  #no_option(key: string, text: string): void {
    const fate = fate_of_word(key);
    if (fate === "mount") this.mount_words.push(text);
    if (fate !== "unknown") return;
    const hint = option_hint(key) || suggestion(key, MOUNT_WORDS);
    this.#unknown.push({ text, key, hint, at: this.errors.length });
  }

  #set(key: string, value: string, text: string): void {
    const result = this.configuration.set(key, value, "startup");
    this.errors.push(...this.configuration.file_errors.splice(0));
    if (result < 0) this.errors.push({ errno: -result, text, remedy: this.configuration.last_remedy });
  }

  #positional(text: string): void {
    if (this.#pending !== "") this.#append_branch(this.#pending);
    this.#pending = text;
  }

  #append_branch(text: string): void {
    this.#set("branches", `+>${text}`, text);
  }

  #finish(): void {
    if (this.#pending !== "") {
      if (this.configuration.get("mountpoint") === "") this.configuration.set("mountpoint", this.#pending, "startup");
      else this.#append_branch(this.#pending);
    }
    this.#judge_unknown();
    if (this.configuration.branches.length === 0) {
      const remedy = "name the directories of the pool, as in /mnt/disk1:/mnt/disk2";
      this.errors.push({ errno: ENOENT, text: "branches not set", remedy });
    }
    if (this.configuration.get("mountpoint") === "") {
      const remedy = "name the directory where the pool shall appear, as last argument";
      this.errors.push({ errno: ENOENT, text: "mountpoint not set", remedy });
    }
  }

  /** Warnings, or errors at the place where they occurred when "strict" was given anywhere. */
  #judge_unknown(): void {
    const is_strict = this.configuration.get("strict") === "true";
    for (const { text, key, hint, at } of this.#unknown.reverse()) {
      if (is_strict) this.errors.splice(at, 0, { errno: ENODATA, text, remedy: hint });
      else this.warnings.unshift(`Unknown option "${key}" is ignored${hint === "" ? "." : `; ${hint}`}`);
    }
  }
}

/** argv is without the program's name. Never throws for anything that a user wrote. */
export function parse_command_line(argv: readonly string[], environment: Environment): CommandLine {
  const reader = new Reader(environment);
  reader.read(argv);
  const { configuration, errors, warnings, mount_words, foreground, help, version } = reader;
  const debug = configuration.get("debug") === "true";
  return { configuration, errors, warnings, mount_words, foreground, debug, help, version };
}

/** The errors of branches that are the mountpoint itself (config spec §1.7); `is_same` compares device and inode. */
export function mountpoint_errors(
  configuration: Configuration,
  is_same: (branch: string, mountpoint: string) => boolean,
): ConfigError[] {
  const mountpoint = configuration.get("mountpoint")!;
  return configuration.branches.filter((branch) => is_same(branch.text, mountpoint)).map((branch) => ({
    errno: 0,
    text: `branches can not include the mountpoint: ${branch.text}`,
    remedy: "mount the pool on a directory that is not a branch",
  }));
}
