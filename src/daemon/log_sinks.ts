// Where the daemon's messages go: standard error in the foreground, the system log without a terminal (operations §26).
import { LogLevel, set_log_sink } from "../base/log.ts";
import { LOG_DEBUG, LOG_ERR, LOG_INFO, LOG_WARNING, openlog, syslog } from "../sys/syslog.ts";

const PRIORITIES: Readonly<Record<LogLevel, number>> = {
  debug: LOG_DEBUG,
  info: LOG_INFO,
  warning: LOG_WARNING,
  error: LOG_ERR,
};

/** Messages go to standard error, one line each, the program's name in front. */
export function log_to_standard_error(program: string): void {
  set_log_sink((level, message) => {
    const mark = level === "info" || level === "debug" ? "" : `${level.toUpperCase()}: `;
    console.error(`${program}: ${mark}${message}`);
  }, "info");
}

/** One message for the system log, whoever listens to the others. */
export function write_to_syslog(program: string, level: LogLevel, message: string): void {
  openlog(program);
  syslog(PRIORITIES[level], message);
}

/** Messages go to the system log under the program's name. */
export function log_to_syslog(program: string): void {
  openlog(program);
  set_log_sink((level, message) => syslog(PRIORITIES[level], message), "info");
}
