// The one logger of the daemon. Who listens (standard error, the system log) is decided once, at the start.
// The library is a stand-in for @std/log (docs/architecture.md); it is imported here only.
import { configureSync, getLogger, type LogRecord } from "@logtape/logtape";

export type LogLevel = "debug" | "info" | "warning" | "error";

const CATEGORY = "mergerfs-ts";
const logger = getLogger([CATEGORY]);

/** One message; errors of single requests are never logged, they are returned (operations §26). */
export function log(level: LogLevel, message: string): void {
  logger[level]("{message}", { message });
}

/** From now on every message of at least `lowest` goes to `write`. */
export function set_log_sink(write: (level: LogLevel, message: string) => void, lowest: LogLevel): void {
  configureSync({
    reset: true,
    sinks: { only: (record) => write(level_of(record), record.message.join("")) },
    loggers: [
      { category: [CATEGORY], sinks: ["only"], lowestLevel: lowest },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
    ],
  });
}

function level_of(record: LogRecord): LogLevel {
  return record.level === "fatal" ? "error" : record.level === "trace" ? "debug" : record.level;
}
