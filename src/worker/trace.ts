// The trace of requests and replies (option `debug`, operations §26): one line each, to `log.file` or standard error.
import { to_bytes } from "../base/bytes.ts";
import { path_text_bytes } from "../base/path_text.ts";
import { describe_reply, describe_request } from "../fuse/describe.ts";
import { Context } from "../ops/context.ts";
import { monotonic_ns } from "../sys/clock.ts";
import { close, O_APPEND, O_CREAT, O_WRONLY, write } from "../sys/file.ts";
import { AT_FDCWD, openat } from "../sys/path.ts";

const STANDARD_ERROR = 2;

/** One worker's end of the trace; lines are written whole, so those of several workers do not mix. */
export class Trace {
  private path = "";
  private fd = STANDARD_ERROR;

  request(c: Context): void {
    this.write(c, describe_request(c.request, monotonic_ns()));
  }

  reply(c: Context): void {
    this.write(c, describe_reply(c.reply, c.request.opcode, monotonic_ns()));
  }

  private write(c: Context, line: string): void {
    if (line === "") return;
    if (c.settings.log_file !== this.path) this.open(c.settings.log_file);
    const bytes = to_bytes(`${line}\n`);
    write(this.fd, bytes, bytes.length);
  }

  // A file that cannot be opened leaves the former one in use; setting the option would have refused it.
  private open(path: string): void {
    this.path = path;
    let fd = STANDARD_ERROR;
    if (path !== "") {
      const name = path_text_bytes(path);
      const terminated = new Uint8Array(name.length + 1);
      terminated.set(name);
      fd = openat(AT_FDCWD, terminated, O_WRONLY | O_CREAT | O_APPEND, 0o644);
      if (fd < 0) return;
    }
    if (this.fd !== STANDARD_ERROR) close(this.fd);
    this.fd = fd;
  }
}
