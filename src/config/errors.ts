// How errors in the configuration are told to people (config spec §1.7, departures D19).

import { EINVAL, ELOOP, ENODATA, ENOENT, EROFS, errno_text } from "../base/errno.ts";

/** One thing that is wrong. */
export interface ConfigError {
  /** Positive; 0 where the text says it all. */
  readonly errno: number;
  /** What the user wrote, or what is missing. */
  readonly text: string;
  /** What is wrong in detail and what to do; empty when there is nothing to add. */
  readonly remedy: string;
  /** The config file and the line in it, where it came from one. */
  readonly file?: string;
  readonly line?: number;
  /** The text is the whole line. */
  readonly is_verbatim?: true;
}

const REASONS: ReadonlyMap<number, string> = new Map([
  [0, ""],
  [EINVAL, "invalid value"],
  [ENODATA, "unknown option"],
  [EROFS, "read-only option"],
  [ELOOP, "too many levels of config"],
  [ENOENT, "no value set"],
]);

/** The words for an errno in an error line. */
export function reason_text(errno: number): string {
  return REASONS.get(errno) ?? errno_text(errno);
}

/** Reason, text, and in parentheses where it stands and what to do: one line, for the log. */
export function error_text(error: ConfigError): string {
  if (error.is_verbatim) return error.text;
  const place = error.file === undefined ? "" : `${error.file}:${error.line}`;
  const details = [place, error.remedy].filter((part) => part !== "").join(": ");
  const behind = details === "" ? "" : ` (${details})`;
  return `${reason_text(error.errno)} - ${error.text}${behind}`;
}

/** The line for standard error, without line end; `program` is the name the daemon was started by. */
export function format_error(error: ConfigError, program: string): string {
  return error.is_verbatim ? error.text : `${program}: ERROR - ${error_text(error)}`;
}
