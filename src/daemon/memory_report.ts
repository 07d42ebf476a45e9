// While the option debug is on, a block of figures about memory is appended once a minute to a file in the system's
// directory for temporary files (config §3.2, operations §26). Everyone may make names there, so nothing that is found
// under the file's name is ever written to.
import { c_string, to_bytes } from "../base/bytes.ts";
import { errno_text } from "../base/errno.ts";
import { log } from "../base/log.ts";
import { StatxBuffer } from "../base/statx.ts";
import { Configuration } from "../config/configuration.ts";
import { system_environment } from "../config/environment.ts";
import { Arena } from "../state/arena.ts";
import { ConfigCell } from "../state/config_cell.ts";
import { usage } from "../state/usage.ts";
import { close, ftruncate, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, write } from "../sys/file.ts";
import { AT_FDCWD, fstat, openat, unlinkat } from "../sys/path.ts";

const INTERVAL_MS = 60_000;
const FILE_BYTES_MAX = 1024 * 1024;

/** Reports now and once a minute, as long as the option is on. */
export function report_memory(arena: Arena): void {
  const directory = Deno.env.get("TMPDIR") ?? "/tmp";
  const file = new ReportFile(directory);
  const cell = new ConfigCell(arena);
  let is_inside_told = false;
  function round(): void {
    const configuration = Configuration.parse(cell.read().text, system_environment(log));
    if (configuration.get("debug") !== "true") return;
    if (!configuration.leads_into_pool(directory)) return file.append(report(arena));
    // The main thread must never wait for the pool: it calls the workers that the pool needs when disks hang.
    if (!is_inside_told) {
      log("warning", `No memory reports: "${directory}" lies inside the pool (set TMPDIR to another one)`);
    }
    is_inside_told = true;
  }
  round();
  Deno.unrefTimer(setInterval(round, INTERVAL_MS));
}

/** One block: a time, then `key=value` lines, then an empty line. */
export function report(arena: Arena): string {
  const { rss, heapTotal, heapUsed } = Deno.memoryUsage();
  const figures = { ...usage(arena), resident_bytes: rss, main_heap_bytes: heapTotal, main_heap_used_bytes: heapUsed };
  const lines = Object.entries(figures).map(([key, value]) => `${key}=${value}\n`);
  return `time=${new Date().toISOString()}\n${lines.join("")}\n`;
}

/** The file of this process. It is made anew by the first block and stays open. */
export class ReportFile {
  readonly path: string;
  private readonly stat = new StatxBuffer();
  private fd = -1;
  private has_failed = false;

  constructor(directory: string) {
    this.path = `${directory}/mergerfs.${Deno.pid}.info`;
  }

  /** Appends a block; a file that has grown beyond 1 MiB starts again. What fails is said once. */
  append(block: string): void {
    if (!this.is_open()) this.fd = this.make();
    if (this.fd < 0) return;
    if (this.stat.size_bytes > FILE_BYTES_MAX) ftruncate(this.fd, 0);
    const bytes = to_bytes(block);
    write(this.fd, bytes, bytes.length);
  }

  // A file that somebody has removed meanwhile is made again.
  private is_open(): boolean {
    if (this.fd < 0) return false;
    if (fstat(this.fd, this.stat) === 0 && this.stat.nlink > 0) return true;
    close(this.fd);
    return false;
  }

  private make(): number {
    const path = c_string(this.path);
    unlinkat(AT_FDCWD, path, 0);
    const fd = openat(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    if (fd < 0 && !this.has_failed) log("warning", `Cannot make "${this.path}": ${errno_text(fd)}; no memory reports`);
    this.has_failed ||= fd < 0;
    if (fd >= 0) fstat(fd, this.stat);
    return fd;
  }
}
