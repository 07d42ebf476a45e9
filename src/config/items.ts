// "key=value" items as they stand in -o groups and config files (config spec §1.3, §1.6).

import { path_text, path_text_bytes } from "../base/path_text.ts";

/** White space of C's isspace(). */
const OUTER_SPACE = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g;

export interface Item {
  /** Trimmed, as written. */
  readonly key: string;
  /** Trimmed; empty when there is no "=". */
  readonly value: string;
  /** Key and value as one text, for messages. */
  readonly text: string;
}

/** A line of a config file that says something. */
export interface ConfigLine {
  readonly item: Item;
  /** Counted from 1. */
  readonly line: number;
}

/** Without white space at both ends, as C's isspace() has it. */
export function trim_space(text: string): string {
  return text.replace(OUTER_SPACE, "");
}

/** Splits at the first "=". */
export function split_item(text: string): Item {
  const equals = text.indexOf("=");
  if (equals < 0) {
    const key = trim_space(text);
    return { key, value: "", text: key };
  }
  const key = trim_space(text.slice(0, equals)), value = trim_space(text.slice(equals + 1));
  return { key, value, text: `${key}=${value}` };
}

/** The items of an -o group: split at unescaped commas, escapes undone, empty ones left out; a NUL ends its item. */
export function split_group(group: string): string[] {
  // An escape stands for a byte, so this works on bytes, one character each.
  const bytes = Array.from(path_text_bytes(group), (byte) => String.fromCharCode(byte)).join("");
  const items: string[] = [];
  let item = "";
  for (let at = 0; at < bytes.length; at++) {
    const character = bytes[at]!;
    if (character === ",") {
      items.push(item);
      item = "";
    } else if (character === "\\" && at + 1 < bytes.length) {
      const octal = /^[0-3][0-7]{2}/.exec(bytes.slice(at + 1, at + 4));
      item += octal === null ? bytes[at + 1]! : String.fromCharCode(parseInt(octal[0], 8));
      at += octal === null ? 1 : 3;
    } else item += character;
  }
  items.push(item);
  return items.map((each) => each.split("\0", 1)[0]!).filter((each) => each !== "")
    .map((each) => path_text(Uint8Array.from(each, (byte) => byte.charCodeAt(0))));
}

/** The opposite of split_group() for one item, as the mount layer wants it. */
export function escape_item(item: string): string {
  return item.replace(/[\\,]/g, "\\$&");
}

/** The lines of a config file that are neither empty nor a comment. */
export function config_lines(text: string): ConfigLine[] {
  const lines: ConfigLine[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = trim_space(raw);
    if (line !== "" && !line.startsWith("#")) lines.push({ item: split_item(line), line: index + 1 });
  }
  return lines;
}
