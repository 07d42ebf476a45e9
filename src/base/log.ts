// The one logger of the daemon. Who listens (standard error, the system log) is decided once, at the start.
// The library is a stand-in for @std/log (docs/architecture.md); it is imported here only.
import { configureSync, getLogger } from "@logtape/logtape";

/** Those of syslog(3) that are used, from the least to the most urgent. */
export type LogLevel = "debug" | "info" | "notice" | "warning" | "error";

/** Takes one message. */
export type Log = (level: LogLevel, message: string) => void;

const CATEGORY = "mergerfs-ts";
const logger = getLogger([CATEGORY]);

/** One message; errors of single requests are never logged, they are returned (operations §26). */
export function log(level: LogLevel, message: string): void {
  // The library knows no notice, so the level travels beside the message.
  logger[level === "notice" ? "info" : level]("{message}", { message: one_line(message), level });
}

/** From now on every message of at least `lowest` goes to `write`. */
export function set_log_sink(write: Log, lowest: Exclude<LogLevel, "notice">): void {
  configureSync({
    reset: true,
    sinks: { only: ({ properties, message }) => write(properties.level as LogLevel, message.join("")) },
    loggers: [
      { category: [CATEGORY], sinks: ["only"], lowestLevel: lowest },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
    ],
  });
}

/** Names of files are in messages, and must not be able to forge one: control characters become `\xNN`. */
function one_line(message: string): string {
  // deno-lint-ignore no-control-regex
  return message.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
