// Where the daemon's messages go (operations §26): to the system log, and to standard error as long as there is one. A
// reader that has stopped costs one short wait, then messages until it reads again, and never the pool.
import { type Log, type LogLevel, set_log_sink } from "../base/log.ts";
import { path_text_bytes } from "../base/path_text.ts";
import { can_write, write } from "../sys/file.ts";
import { LOG_DEBUG, LOG_ERR, LOG_INFO, LOG_NOTICE, LOG_WARNING, SystemLog } from "../sys/syslog.ts";

const PRIORITIES: Readonly<Record<LogLevel, number>> = {
  debug: LOG_DEBUG,
  info: LOG_INFO,
  notice: LOG_NOTICE,
  warning: LOG_WARNING,
  error: LOG_ERR,
};
const STANDARD_ERROR = 2;
/** How long a reader that is behind may take, until messages are dropped. */
const PATIENCE_MS = 50;
/** With room for one byte a pipe has room for so many (pipe(7), PIPE_BUF). */
const PIPE_BYTES = 4096;

/** Whether the message was taken, within `wait_ms`. */
type TryLog = (level: LogLevel, message: string, wait_ms: number) => boolean;

/** Messages go to standard error, the program's name in front, and to the system log under it. */
export function log_to_both(program: string): void {
  if (is_journal()) return set_log_sink(lossy(for_the_journal(program)), "info");
  const to_standard_error = lossy(for_people(program));
  const to_system_log = lossy(for_syslog(program));
  set_log_sink((level, message) => {
    to_standard_error(level, message);
    to_system_log(level, message);
  }, "info");
}

/** Messages go to the system log under the program's name. */
export function log_to_syslog(program: string): void {
  set_log_sink(lossy(for_syslog(program)), "info");
}

/** One message for the system log, whoever listens to the others. */
export function write_to_syslog(program: string, level: LogLevel, message: string): void {
  for_syslog(program)(level, message, PATIENCE_MS);
}

/** Drops what is not taken, and tells later how many messages that were. */
export function lossy(write: TryLog): Log {
  let lost = 0;
  return function take(level, message) {
    const told = `Messages before this one that nobody read and that are lost: ${lost}`;
    if (lost > 0 && write("warning", told, 0)) lost = 0;
    if (!write(level, message, lost > 0 ? 0 : PATIENCE_MS)) lost++;
  };
}

const system_logs = new Map<string, SystemLog>();

function for_syslog(program: string): TryLog {
  const system_log = system_logs.get(program) ?? new SystemLog(program);
  system_logs.set(program, system_log);
  return (level, message, wait_ms) => system_log.write(PRIORITIES[level], message, wait_ms);
}

function for_people(program: string): TryLog {
  return function write(level, message, wait_ms) {
    const mark = level === "info" || level === "debug" ? "" : `${level.toUpperCase()}: `;
    return write_to_standard_error(`${program}: ${mark}${message}\n`, wait_ms);
  };
}

/** The number in front is the level (sd-daemon(3)). The system log would be the same journal once more. */
function for_the_journal(program: string): TryLog {
  return (level, message, wait_ms) =>
    write_to_standard_error(`<${PRIORITIES[level]}>${program}: ${message}\n`, wait_ms);
}

/** Whether standard error leads to systemd's journal, which says so in the environment (systemd.exec(5)). */
function is_journal(): boolean {
  const journal = Deno.env.get("JOURNAL_STREAM");
  if (journal === undefined) return false;
  try {
    const { dev, ino } = Deno.statSync(`/proc/self/fd/${STANDARD_ERROR}`);
    return journal === `${dev}:${ino}`;
  } catch {
    return false; // there is none
  }
}

function write_to_standard_error(text: string, wait_ms: number): boolean {
  const bytes = path_text_bytes(text);
  for (let at = 0; at < bytes.length; at += PIPE_BYTES) {
    if (!can_write(STANDARD_ERROR, wait_ms)) return false;
    const part = bytes.slice(at, at + PIPE_BYTES);
    write(STANDARD_ERROR, part, part.length);
  }
  return true;
}
