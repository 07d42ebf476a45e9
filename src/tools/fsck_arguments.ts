// The arguments of fsck.mergerfs (operations §27.1), which are also those that the mergerfs.fsck of mergerfs-tools had, as
// far as they mean the same.
import { suggestion } from "../base/suggest.ts";
import { BOOL } from "../config/kinds.ts";
import { ToolError } from "./terminal.ts";

const FIX_WORDS = ["none", "manual", "newest", "largest"] as const;

/** Which copy is taken for the right one. */
export type Fix = typeof FIX_WORDS[number];

export interface FsckArguments {
  path: string;
  fix: Fix;
  /** Whether files of different sizes differ. */
  check_size: boolean;
  /** Whether a file is repaired by copying it whole, instead of giving others its owner and mode. */
  copy_file: boolean;
  help: boolean;
}

/** Exit codes of the reference (operations §27.1). */
export const BAD_ARGUMENT = 105;
export const MISSING_ARGUMENT = 106;

const OPTIONS = ["--fix", "--check-size", "--copy-file", "--help"];
const OWN_WORDS: Readonly<Record<string, string>> = {
  "-s": `the opposite of it is "--check-size=true", which also lists files whose sizes differ`,
  "--size": `the opposite of it is "--check-size=true", which also lists files whose sizes differ`,
};

/** The text of --help. */
export function fsck_help(program: string): string {
  return `Usage: ${program} [options] PATH

Finds files and directories of a pool whose copies on several branches have different types, modes or owners, and prints them.
PATH is a mounted pool or a directory in it.

  --fix none|manual|newest|largest  what else is done (default: none)
                     none     nothing
                     manual   asks for each which copy is right
                     newest   the one with the latest modification time is right
                     largest  the largest one is right
                     Others get the mode and the owner of the right one.
  --check-size BOOL  files of different sizes differ as well (default: false)
  --copy-file BOOL   a file is repaired by copying the right one over the others (default: false)
  -h, --help         print this text

What cannot be repaired is told on standard error. Exit code: 0, whatever was found; ${BAD_ARGUMENT} or ${MISSING_ARGUMENT} for bad arguments.
`;
}

/** Throws a ToolError that says what is wrong. */
export function read_fsck_arguments(argv: readonly string[]): FsckArguments {
  const found: FsckArguments = { path: "", fix: "none", check_size: false, copy_file: false, help: false };
  const words = argv.slice();
  let only_paths = false;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--" && !only_paths) only_paths = true;
    else if (only_paths || !word.startsWith("-")) set_path(found, word);
    else read_option(found, word, words);
    if (found.help) return found;
  }
  if (found.path === "") {
    throw new ToolError("PATH is missing (name the mounted pool, or a directory in it)", MISSING_ARGUMENT);
  }
  return found;
}

function set_path(found: FsckArguments, word: string): void {
  if (found.path !== "") throw bad(`"${word}" is one PATH too many`, `"${found.path}" is named already`);
  found.path = word;
}

function read_option(found: FsckArguments, word: string, rest: string[]): void {
  const equals = word.startsWith("--") ? word.indexOf("=") : -1;
  const name = equals < 0 ? word : word.slice(0, equals);
  const value = () => equals >= 0 ? word.slice(equals + 1) : value_behind(name, rest);
  if (name === "-h" || name === "--help") found.help = true;
  else if (name === "--fix" || name === "-f") found.fix = read_fix(value());
  else if (name === "--check-size") found.check_size = read_bool(name, value());
  else if (name === "--copy-file") found.copy_file = read_bool(name, value());
  else if (name !== "-v" && name !== "--verbose") {
    throw bad(`unknown option "${word}"`, OWN_WORDS[name] ?? suggestion(name, OPTIONS, "see --help"));
  }
}

function value_behind(name: string, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined) throw bad(`"${name}" has no value`, "see --help");
  return value;
}

function read_fix(text: string): Fix {
  const word = FIX_WORDS.find((each) => each === text);
  const remedy = () => suggestion(text, FIX_WORDS, `use one of ${FIX_WORDS.join(", ")}`);
  if (word === undefined) throw bad(`unknown value "${text}" of --fix`, remedy());
  return word;
}

function read_bool(name: string, text: string): boolean {
  const value = BOOL.read(text, 0);
  if (!value.ok) throw bad(`${value.problem}, which "${name}" wants`, value.hint);
  return value.value === "true";
}

function bad(problem: string, remedy: string): ToolError {
  return new ToolError(`${problem} (${remedy})`, BAD_ARGUMENT);
}
