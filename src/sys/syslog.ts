// The system log, syslog(3): where a daemon without a terminal speaks. Without the console as a fallback (which the
// reference has): writing to a serial console takes seconds, and the main thread must never block.
import { c_string } from "../base/bytes.ts";
import { libc } from "./libc.ts";

const LOG_PID = 0x01;
const LOG_USER = 1 << 3;
export const LOG_ERR = 3;
export const LOG_WARNING = 4;
export const LOG_INFO = 6;
export const LOG_DEBUG = 7;

// openlog keeps the pointer, so these bytes must live as long as the process.
let ident: Uint8Array<ArrayBuffer> | undefined;
const FORMAT = c_string("%s");

export function openlog(name: string): void {
  ident = c_string(name);
  libc.openlog(ident, LOG_PID, LOG_USER);
}

export function syslog(priority: number, text: string): void {
  libc.syslog(priority, FORMAT, c_string(text));
}
