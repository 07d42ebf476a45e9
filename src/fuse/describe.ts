// Requests and replies as one line of text each, for the debug trace (operations.md §26). Only run while tracing, so
// clarity goes before speed here. A line is `key=value` separated by blanks; strings stand in double quotes.

import { errno_text } from "../base/errno.ts";
import * as abi from "./abi.ts";
import { type Field, NOTICE_FIELDS, REPLY_FIELDS, REQUEST_FIELDS } from "./describe_fields.ts";
import { dirent_record_length, direntplus_record_length } from "./directory_entries.ts";
import { flags_text, open_flags_text } from "./flag_names.ts";
import type { Reply } from "./reply.ts";
import type { Request } from "./request.ts";

/**
 * One line for a request.
 *
 * A request that could not be decoded is shown as far as its header goes.
 * @param timestamp_ns CLOCK_MONOTONIC
 */
export function describe_request(request: Request, timestamp_ns: bigint): string {
  const parts = [
    line_start(timestamp_ns, "IN", request.unique_low, request.unique_high),
    `opcode=${abi.opcode_name(request.opcode)}`,
    `opcode_id=${request.opcode}`,
    `nodeid=${u64(request.node_low, request.node_high)}`,
    `uid=${request.uid}`,
    `gid=${request.gid}`,
    `pid=${request.pid}`,
  ];
  const fields = REQUEST_FIELDS[request.opcode] ?? [];
  push_fields(parts, fields, request.u32, request.args >> 2, request.args_bytes);
  push_names(parts, request);
  return parts.join(" ");
}

/**
 * One line for a finished reply; `""` when none is sent.
 *
 * @param opcode of the request that it answers
 * @param timestamp_ns CLOCK_MONOTONIC
 */
export function describe_reply(reply: Reply, opcode: number, timestamp_ns: bigint): string {
  if (reply.length === 0) return "";
  const at = reply.header >> 2;
  const error = reply.i32[at + 1]!;
  const parts = [
    line_start(timestamp_ns, "OUT", reply.u32[at + 2]!, reply.u32[at + 3]!),
    `error=${error}`,
  ];
  const body_bytes = reply.length - abi.OUT_HEADER_BYTES;
  if (body_bytes === 0) parts.push(`error_str="${error === 0 ? "Success" : errno_text(error)}"`);
  parts.push(`len=${reply.length}`);
  if (error === 0 && body_bytes > 0) push_body(parts, reply, opcode, body_bytes);
  return parts.join(" ");
}

/** One line for a message that nobody asked for: a header with unique 0, whose error field is the kind, and a body. */
export function describe_notice(words: Uint32Array, timestamp_ns: bigint): string {
  const kind = words[1]!;
  const parts = [line_start(timestamp_ns, "OUT", 0, 0), `error=0 notify=${abi.notify_name(kind)} notify_id=${kind}`];
  parts.push(`len=${words[0]}`);
  push_fields(parts, NOTICE_FIELDS[kind] ?? [], words, abi.OUT_HEADER_BYTES / 4, words[0]! - abi.OUT_HEADER_BYTES);
  return parts.join(" ");
}

/** Bytes of a name in double quotes: `"` and `\` escaped, control bytes and what is not UTF-8 as `\xNN`. */
export function quoted(bytes: Uint8Array, start: number, length: number): string {
  const end = start + length;
  let text = "";
  for (let at = start; at < end;) {
    const size = sequence_length(bytes, at, end);
    if (size === 0) text += hex_byte(bytes[at]!);
    else text += escaped(utf8.decode(bytes.slice(at, at + size)));
    at += size || 1;
  }
  return `"${text}"`;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const utf8_or_error = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Bytes of the printable character at `at`; 0 when there is none. */
function sequence_length(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return first < 0x20 || first === 0x7f ? 0 : 1;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || at + size > end) return 0;
  // U+0080 to U+009F are control characters as well.
  if (first === 0xc2 && bytes[at + 1]! < 0xa0) return 0;
  try {
    utf8_or_error.decode(bytes.slice(at, at + size));
    return size;
  } catch {
    return 0;
  }
}

function hex_byte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

function escaped(character: string): string {
  return character === '"' || character === "\\" ? `\\${character}` : character;
}

function line_start(timestamp_ns: bigint, direction: string, unique_low: number, unique_high: number): string {
  const unique = hex_word(unique_high) + hex_word(unique_low);
  return `ts=${timestamp_ns} dir=${direction} unique=0x${unique}`;
}

function hex_word(word: number): string {
  return word.toString(16).toUpperCase().padStart(8, "0");
}

function u64(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Adds `name=value` for each field that lies wholly in the first `bytes` bytes from `at_word` on. */
function push_fields(
  parts: string[],
  fields: readonly Field[],
  words: Uint32Array,
  at_word: number,
  bytes: number,
): void {
  for (const field of fields) {
    const [name, kind, word, extra] = field;
    const needs_two_words = kind === "u64" || kind === "i64" || kind === "time";
    const last_word = Math.max(needs_two_words ? word + 1 : word, typeof extra === "number" ? extra : 0);
    if ((last_word + 1) * 4 > bytes) continue;
    parts.push(`${name}=${field_text(field, words, at_word)}`);
    const names = bit_names(field, words[at_word + word]!);
    if (names !== "") parts.push(`${name}_str="${names}"`);
  }
}

function bit_names([, kind, , extra]: Field, value: number): string {
  if (kind === "open") return open_flags_text(value);
  return typeof extra === "object" ? flags_text(value, extra) : "";
}

function field_text([, kind, word, extra]: Field, words: Uint32Array, at_word: number): string {
  const low = words[at_word + word]!;
  const high = words[at_word + word + 1] ?? 0;
  switch (kind) {
    case "u32":
      return `${low}`;
    case "i32":
      return `${low | 0}`;
    case "u64":
      return `${u64(low, high)}`;
    case "i64":
      return `${BigInt.asIntN(64, u64(low, high))}`;
    case "octal":
      return `0${low.toString(8)}`;
    case "low16":
      return `${low & 0xffff}`;
    case "high16":
      return `${low >>> 16}`;
    case "time":
      return time_text(low, high, words[at_word + (extra as number)]!);
    case "hex":
    case "open":
      return `0x${low.toString(16)}`;
  }
}

function time_text(low: number, high: number, nanoseconds: number): string {
  return `${BigInt.asIntN(64, u64(low, high))}.${`${nanoseconds}`.padStart(9, "0")}`;
}

/** What the two strings of a request are, where it is not just "name". */
function name_keys(opcode: number): [string, string] {
  switch (opcode) {
    case abi.FUSE_SYMLINK:
      return ["name", "linkname"];
    case abi.FUSE_RENAME:
    case abi.FUSE_RENAME2:
      return ["oldname", "newname"];
    default:
      return ["name", ""];
  }
}

function push_names(parts: string[], request: Request): void {
  const [first, second] = name_keys(request.opcode);
  if (request.name_length > 0) parts.push(`${first}=${quoted(request.u8, request.name, request.name_length)}`);
  // An xattr value can be large and is not text; its size is among the fields.
  if (request.name2_length > 0 && second !== "") {
    parts.push(`${second}=${quoted(request.u8, request.name2, request.name2_length)}`);
  }
}

function push_body(parts: string[], reply: Reply, opcode: number, body_bytes: number): void {
  push_fields(parts, REPLY_FIELDS[opcode] ?? [], reply.u32, reply.body_word, body_bytes);
  if (opcode === abi.FUSE_READLINK) parts.push(`linkname=${quoted(reply.u8, reply.body, body_bytes)}`);
  const end = reply.body + body_bytes;
  if (opcode === abi.FUSE_READDIR) parts.push(`entries=${count_records(reply, end, dirent_record_length)}`);
  if (opcode === abi.FUSE_READDIRPLUS) parts.push(`entries=${count_records(reply, end, direntplus_record_length)}`);
}

function count_records(reply: Reply, end: number, record_length: (u8: Uint8Array, at: number) => number): number {
  let count = 0;
  for (let at = reply.body; at < end; at += record_length(reply.u8, at)) count++;
  return count;
}
