// The system log, as syslog(3) of glibc sends to it, but never waiting for longer than it is told: glibc waits for as long
// as a log daemon does not read, and the main thread would stand still. Without the console as a fallback (which the
// reference has), because a serial console takes seconds.
import { c_string } from "../base/bytes.ts";
import { EAGAIN, EPROTOTYPE } from "../base/errno.ts";
import { path_text_bytes } from "../base/path_text.ts";
import { can_write, close } from "./file.ts";
import { checked, libc } from "./libc.ts";

/** Levels of <syslog.h>. */
export const LOG_ERR = 3;
export const LOG_WARNING = 4;
export const LOG_NOTICE = 5;
export const LOG_INFO = 6;
export const LOG_DEBUG = 7;

const LOG_USER = 1 << 3;
const PATH = "/dev/log";
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Less than a datagram may be long; log daemons cut much earlier. */
const MESSAGE_BYTES_MAX = 64 * 1024;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The log under one name (ident), with the process id, facility user. */
export class SystemLog {
  private fd = -1;
  private is_stream = false;

  /** @param path of the socket of the log daemon */
  constructor(private readonly ident: string, private readonly path: string = PATH) {}

  /**
   * Sends one message; false when nobody takes it. A log daemon that is behind is waited for up to `wait_ms`; one that was
   * started anew is found.
   */
  write(level: number, text: string, wait_ms: number): boolean {
    const head = `<${LOG_USER | level}>${time_text(new Date())} ${this.ident}[${Deno.pid}]: `;
    const message = path_text_bytes(head + text).slice(0, MESSAGE_BYTES_MAX);
    for (let attempt = 0; attempt < 2; attempt++) {
      if (this.fd < 0 && !this.connect()) return false;
      const sent = this.send(message, wait_ms);
      if (sent >= 0) return true;
      if (sent === -EAGAIN) return false;
      close(this.fd);
      this.fd = -1;
    }
    return false;
  }

  private connect(): boolean {
    for (const type of [SOCK_DGRAM, SOCK_STREAM]) {
      const fd = checked(libc.socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      if (fd < 0) return false;
      const address = unix_address(this.path);
      const result = checked(libc.connect(fd, address, address.length));
      if (result === 0) {
        this.fd = fd;
        this.is_stream = type === SOCK_STREAM;
        return true;
      }
      close(fd);
      if (result !== -EPROTOTYPE) return false;
    }
    return false;
  }

  // In a stream a NUL ends each message.
  private send(message: Uint8Array<ArrayBuffer>, wait_ms: number): number {
    const bytes = this.is_stream ? Uint8Array.from([...message, 0]) : message;
    const send = () => checked(libc.send(this.fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL));
    const sent = send();
    return sent === -EAGAIN && wait_ms > 0 && can_write(this.fd, wait_ms) ? send() : sent;
  }
}

/** struct sockaddr_un (unix(7)). */
function unix_address(path: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([AF_UNIX, 0, ...c_string(path)]);
}

/** The form of RFC 3164, local time: "Nov  2 07:00:59". */
function time_text(now: Date): string {
  const two = (number: number) => `${number}`.padStart(2, "0");
  const clock = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(":");
  return `${MONTHS[now.getMonth()]} ${`${now.getDate()}`.padStart(2)} ${clock}`;
}
