// What the program logs meanwhile.

import { set_log_sink } from "../../src/base/log.ts";

/** Runs `action` and returns the messages that it logged, as "level: message". */
export function log_lines(action: () => void): string[] {
  const lines = collect_log_lines();
  action();
  return lines;
}

/** A list that gets every message from now on. */
export function collect_log_lines(): string[] {
  const lines: string[] = [];
  set_log_sink((level, message) => void lines.push(`${level}: ${message}`), "info");
  return lines;
}
