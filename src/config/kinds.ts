// The kinds of values (config spec §2): how a text is read, and how the value reads back. A kind turns the text that a
// person wrote into the text that is stored and printed; Settings takes the numbers out of that.

import { EINVAL } from "../base/errno.ts";
import { bad, good, type Parsed } from "../base/parsed.ts";
import { parse_int, parse_pages, parse_s64, parse_u64 } from "../base/size.ts";
import { suggestion } from "../base/suggest.ts";
import { compare_bytewise } from "../branches/glob.ts";
import { find_policy, policy_hint } from "../policies/registry.ts";
import { READDIR_WORDS, READDIRPLUS_WORDS } from "./words.ts";

export interface Kind {
  /** What stands behind "=" in help and documentation. */
  readonly placeholder: string;
  /** The words that are allowed, where only these are. */
  readonly words?: readonly string[];
  /** The text as it reads back, or what is wrong with it. */
  readonly read: (text: string, page_bytes: number) => Parsed<string>;
}

const TRUE_WORDS = ["true", "t", "1", "on", "yes"];
const FALSE_WORDS = ["false", "f", "0", "off", "no"];
const INT_MAX = 0x7fff_ffff;

function read_bool(text: string): Parsed<string> {
  if (TRUE_WORDS.includes(text)) return good("true");
  if (FALSE_WORDS.includes(text)) return good("false");
  return bad(EINVAL, `"${text}" is neither true nor false`, "use true or false");
}

/** The text of a number, or the number's problem. */
function printed(value: Parsed<bigint | number>): Parsed<string> {
  return value.ok ? good(value.value.toString()) : value;
}

function unknown_word<T>(text: string, words: readonly string[]): Parsed<T> {
  return bad(EINVAL, `unknown value "${text}"`, suggestion(text, words, `use one of ${words.join(", ")}`));
}

function read_policy(text: string): Parsed<string> {
  if (find_policy(text) !== undefined) return good(text);
  return bad(EINVAL, `unknown policy "${text}"`, policy_hint(text));
}

/** Any text that system calls can take. */
function read_text(text: string): Parsed<string> {
  return text.includes("\0") ? bad(EINVAL, "the value has a NUL byte") : good(text);
}

function read_size_or_percent(text: string): Parsed<string> {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (percent === null) return printed(parse_u64(text));
  return Number(percent[1]) <= 100 ? good(text) : bad(EINVAL, `"${text}" is more than everything`, "use 0% to 100%");
}

/** A set has no order and no duplicates; the words are not trimmed. */
function read_set(text: string): Parsed<string> {
  return good(text === "" ? "" : [...new Set(text.split("|"))].sort(compare_bytewise).join("|"));
}

function read_readdir(text: string): Parsed<string> {
  const match = /^([a-z]{1,15})(?::([0-9]+))?(?::([0-9]+))?$/.exec(text);
  if (match === null || !(READDIR_WORDS as readonly string[]).includes(match[1]!)) {
    return bad(
      EINVAL,
      `"${text}" is no way to read directories`,
      "use seq, cosr[:THREADS[:DEPTH]] or cor[:THREADS[:DEPTH]]",
    );
  }
  if (Number(match[2] ?? 0) > INT_MAX || Number(match[3] ?? 0) > INT_MAX) {
    return bad(EINVAL, `a number in "${text}" does not fit 32 bits`);
  }
  return good(text);
}

/** Nothing means true; a number means true unless it is 0 (so -1 is true); else a bool (config spec §3.2). */
function read_remember(text: string): Parsed<string> {
  if (text === "") return good("true");
  const number = parse_s64(text);
  return number.ok ? good(number.value === 0n ? "false" : "true") : read_bool(text);
}

/** A bool, or the policy to move by. */
function read_move_policy(text: string): Parsed<string> {
  const bool = read_bool(text);
  if (bool.ok) return good(bool.value === "true" ? "pfrd" : "false");
  if (find_policy(text) !== undefined) return good(text);
  return bad(EINVAL, `"${text}" is neither true, false nor a policy`, policy_hint(text));
}

function read_readdirplus(text: string): Parsed<string> {
  if (text === "auto") return good(text);
  const bool = read_bool(text);
  return bool.ok ? bool : unknown_word(text, READDIRPLUS_WORDS);
}

function read_fuse_pages(text: string, page_bytes: number): Parsed<string> {
  const pages = parse_pages(text, page_bytes);
  // Without a page no request fits: the connection would die (config spec §10.1 item 3).
  return pages.ok && pages.value === 0n ? good("1") : printed(pages);
}

/** One of a few words. */
export function one_of(words: readonly string[]): Kind {
  return {
    placeholder: words.join("|"),
    words,
    read: (text) => words.includes(text) ? good(text) : unknown_word(text, words),
  };
}

export const BOOL: Kind = { placeholder: "true|false", read: read_bool };
export const INT: Kind = { placeholder: "NUMBER", read: (text) => printed(parse_int(text)) };
export const SIZE: Kind = { placeholder: "SIZE", read: (text) => printed(parse_u64(text)) };
/** A size, or a part of something in per cent. */
export const SIZE_OR_PERCENT: Kind = { placeholder: "SIZE|PERCENT%", read: read_size_or_percent };
export const SECONDS: Kind = { placeholder: "SECONDS", read: (text) => printed(parse_u64(text)) };
export const KIBIBYTES: Kind = { placeholder: "KIB", read: (text) => printed(parse_u64(text)) };
export const SIGNED: Kind = { placeholder: "NUMBER", read: (text) => printed(parse_s64(text)) };
export const SIGNED_SECONDS: Kind = { placeholder: "SECONDS", read: (text) => printed(parse_s64(text)) };
export const TEXT: Kind = { placeholder: "TEXT", read: read_text };
export const PATH: Kind = { placeholder: "PATH", read: read_text };
export const POLICY: Kind = { placeholder: "POLICY", read: read_policy };
export const PAGES: Kind = { placeholder: "SIZE", read: read_fuse_pages };
export const SET: Kind = { placeholder: "NAME|NAME…", read: read_set };
export const READDIR: Kind = { placeholder: "seq|cosr|cor[:THREADS[:DEPTH]]", read: read_readdir };
export const REMEMBER: Kind = { placeholder: "true|false", read: read_remember };
export const MOVE_POLICY: Kind = { placeholder: "true|false|POLICY", read: read_move_policy };
export const READDIRPLUS: Kind = { placeholder: "auto|true|false", words: READDIRPLUS_WORDS, read: read_readdirplus };
/** The list of branches; Configuration keeps it as a list. */
export const BRANCHES: Kind = { placeholder: "LIST", read: good };
/** Accepted for the sake of old configurations; any value, no effect, reads back empty. */
export const DUMMY: Kind = { placeholder: "ANY", read: () => good("") };
