// The trace of requests and replies (option `debug`, operations §26): one line each, to `log.file` or standard error.
import { to_bytes } from "../base/bytes.ts";
import { OUT_HEADER_BYTES } from "../fuse/abi.ts";
import { describe_notice, describe_reply, describe_request } from "../fuse/describe.ts";
import { Reply } from "../fuse/reply.ts";
import { Request } from "../fuse/request.ts";
import { TraceCell } from "../state/trace_cell.ts";
import { monotonic_ns } from "../sys/clock.ts";
import { write } from "../sys/file.ts";

/** A request, its reply, and where lines about them go. */
export interface Traced {
  readonly request: Request;
  readonly reply: Reply;
  readonly trace: TraceCell;
}

/** Writes the line of a request; lines are written whole, so those of several workers do not mix. */
export function trace_request(c: Traced): void {
  write_line(c, describe_request(c.request, monotonic_ns()));
}

/**
 * The same for the reply; requests without one have no line. @param passthrough what was decided for an open and why; ""
 * for other requests
 */
export function trace_reply(c: Traced, passthrough = ""): void {
  const line = describe_reply(c.reply, c.request.opcode, monotonic_ns());
  const is_open = passthrough !== "" && c.reply.length > OUT_HEADER_BYTES;
  write_line(c, is_open ? `${line} passthrough="${passthrough}"` : line);
}

/** The line of a notice; `words` are those of the message. */
export function trace_notice(c: Traced, words: Uint32Array): void {
  write_line(c, describe_notice(words, monotonic_ns()));
}

function write_line(c: Traced, line: string): void {
  if (line === "") return;
  const bytes = to_bytes(`${line}\n`);
  write(c.trace.descriptor(), bytes, bytes.length);
}
