// The trace of requests and replies (option `debug`, operations §26): one line each, to `log.file` or standard error.
import { to_bytes } from "../base/bytes.ts";
import { describe_reply, describe_request } from "../fuse/describe.ts";
import { Context } from "../ops/context.ts";
import { monotonic_ns } from "../sys/clock.ts";
import { write } from "../sys/file.ts";

/** Writes what passes through a context; lines are written whole, so those of several workers do not mix. */
export function trace_request(c: Context): void {
  write_line(c, describe_request(c.request, monotonic_ns()));
}

/** The same for the reply; requests without one have no line. */
export function trace_reply(c: Context): void {
  write_line(c, describe_reply(c.reply, c.request.opcode, monotonic_ns()));
}

function write_line(c: Context, line: string): void {
  if (line === "") return;
  const bytes = to_bytes(`${line}\n`);
  write(c.trace.descriptor(), bytes, bytes.length);
}
