// The text of the option "branches": an instruction and a list (config spec §4.1).

import { EINVAL } from "../base/errno.ts";
import { bad, good, type Parsed } from "../base/parsed.ts";
import { parse_u64 } from "../base/size.ts";
import { suggestion } from "../base/suggest.ts";
import { MODE_RW, MODE_WORDS } from "./branch.ts";

export const REPLACE = "=";
export const APPEND = "+>";
export const PREPEND = "+<";
export const REMOVE_MATCHING = "-";
export const REMOVE_FIRST = "-<";
export const REMOVE_LAST = "->";

/** Every spelling of an instruction, and the one that the code knows. */
const INSTRUCTIONS: Readonly<Record<string, string>> = {
  "": REPLACE,
  "=": REPLACE,
  "+": APPEND,
  "+>": APPEND,
  "+<": PREPEND,
  "-": REMOVE_MATCHING,
  "-<": REMOVE_FIRST,
  "->": REMOVE_LAST,
};

/** One element of the list, not yet looked up in the file system. */
export interface BranchPattern {
  readonly pattern: string;
  readonly mode: number;
  readonly own_minfreespace: bigint | undefined;
}

/** The instruction, in its one known spelling, and the rest of the text. */
export function split_instruction(text: string): Parsed<{ instruction: string; list: string }> {
  const signs = /^[+<>=-]*/.exec(text)![0];
  const written = signs.slice(0, 2);
  const instruction = Object.hasOwn(INSTRUCTIONS, written) ? INSTRUCTIONS[written] : undefined;
  if (instruction === undefined) {
    return bad(EINVAL, `unknown branches instruction "${written}"`, 'use one of "=", "+", "+<", "+>", "-", "-<", "->"');
  }
  // A text of signs only has no list, however long it is.
  return good({ instruction, list: signs.length === text.length ? "" : text.slice(written.length) });
}

/** The elements of a list; an empty list has none. */
export function parse_branch_list(list: string): Parsed<BranchPattern[]> {
  if (list === "") return good([]);
  const patterns: BranchPattern[] = [];
  for (const element of list.split(":")) {
    const pattern = parse_branch(element);
    if (!pattern.ok) return pattern;
    patterns.push(pattern.value);
  }
  return good(patterns);
}

function parse_branch(element: string): Parsed<BranchPattern> {
  const equals = element.lastIndexOf("=");
  const pattern = equals < 0 ? element : element.slice(0, equals);
  if (pattern === "") return bad(EINVAL, `branch "${element}" has no path`, 'write PATH or PATH=MODE between the ":"');
  if (pattern.includes("\0")) return bad(EINVAL, "a branch path has a NUL byte");
  if (equals < 0) return good({ pattern, mode: MODE_RW, own_minfreespace: undefined });
  return parse_attributes(element, pattern, element.slice(equals + 1).split(","));
}

/** What stands behind the last "=": a mode, and perhaps a threshold. */
function parse_attributes(element: string, pattern: string, words: readonly string[]): Parsed<BranchPattern> {
  const mode = MODE_WORDS.indexOf(words[0]!);
  if (mode < 0) {
    return bad(EINVAL, `unknown mode "${words[0]}" of branch "${element}"`, mode_hint(words[0]!));
  }
  if (words.length > 2) return bad(EINVAL, `branch "${element}" has too many parts`, "write PATH=MODE,MINFREESPACE");
  if (words.length === 1) return good({ pattern, mode, own_minfreespace: undefined });
  const size = parse_u64(words[1]!);
  if (!size.ok) return bad(size.errno, `minfreespace of branch "${element}": ${size.problem}`, size.hint);
  return good({ pattern, mode, own_minfreespace: size.value });
}

function mode_hint(word: string): string {
  const upper = word.toUpperCase();
  return suggestion(MODE_WORDS.includes(upper) ? upper : word, MODE_WORDS, "use RW, RO or NC");
}
