// glob(3) for branch patterns: braces, then wildcards name by name, directories only, sorted bytewise (config spec §4.2).
// Reads directories through a function, so that it can be tested without a file system.

import { path_text_bytes } from "../base/path_text.ts";
import { fnmatch, has_magic, unescape_pattern } from "./fnmatch.ts";

/** What globbing asks the file system. */
export interface GlobFiles {
  /** True when anything is there; a dangling symlink counts. */
  exists(path: string): boolean;
  /** Names in a directory that are or lead to directories, without "." and ".."; empty when it cannot be read. */
  list_directories(path: string): readonly string[];
}

/** Orders texts by their bytes. */
export function compare_bytewise(a: string, b: string): number {
  const x = path_text_bytes(a), y = path_text_bytes(b);
  const length = Math.min(x.length, y.length);
  for (let i = 0; i < length; i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

/** Paths that match; empty when none does. */
export function glob(pattern: string, files: GlobFiles): string[] {
  return expand_braces(pattern).flatMap((alternative) => glob_one(alternative, files));
}

function glob_one(pattern: string, files: GlobFiles): string[] {
  if (!has_magic(pattern)) {
    const path = unescape_pattern(pattern);
    return path !== "" && files.exists(path) ? [path] : [];
  }
  let paths = [""];
  const parts = pattern.split("/");
  for (const [index, part] of parts.entries()) {
    const is_last = index === parts.length - 1;
    paths = paths.flatMap((path) => step(path, part, is_last, files));
  }
  return paths.sort(compare_bytewise);
}

/** The paths that one more name leads to. */
function step(path: string, part: string, is_last: boolean, files: GlobFiles): string[] {
  const behind = is_last ? "" : "/";
  if (!has_magic(part)) {
    const next = path + unescape_pattern(part);
    return is_last && !files.exists(next) ? [] : [next + behind];
  }
  const names = files.list_directories(path === "" ? "." : path);
  const matching = names.filter((name) => (!name.startsWith(".") || part.startsWith(".")) && fnmatch(part, name));
  return matching.map((name) => path + name + behind);
}

/** `a{b,c}d` → `abd`, `acd`, in the written order; a brace that is never closed makes all of them ordinary. */
export function expand_braces(pattern: string): string[] {
  const open = /^(?:[^\\{]|\\[^])*\{/.exec(pattern)?.[0].length;
  const parts = open === undefined ? undefined : split_braces(pattern, open - 1);
  if (parts === undefined) return [pattern];
  const [alternatives, end] = parts;
  const before = pattern.slice(0, open! - 1), behind = pattern.slice(end);
  return alternatives.flatMap((alternative) => expand_braces(before + alternative + behind));
}

/** The alternatives of the brace at `open`, and where the text goes on; undefined when it is never closed. */
function split_braces(pattern: string, open: number): [string[], number] | undefined {
  const alternatives: string[] = [];
  let depth = 0, start = open + 1;
  for (let at = open + 1; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "\\") at++;
    else if (character === "{") depth++;
    else if (character === "}" && depth > 0) depth--;
    else if ((character === "," || character === "}") && depth === 0) {
      alternatives.push(pattern.slice(start, at));
      start = at + 1;
      if (character === "}") return [alternatives, at + 1];
    }
  }
  return undefined;
}
