// One request from bytes to bytes: decode, run the operation, finish the reply. It does not know where the bytes come
// from or go to, so that recorded bytes test it and any transport can carry them (shared design, §5).
import { EIO } from "../base/errno.ts";
import { NO_REPLY } from "../ops/operation.ts";
import { Context } from "../ops/context.ts";
import { not_supported } from "../ops/whole_mount.ts";
import { OPERATIONS } from "../ops/table.ts";
import { Trace } from "./trace.ts";

/** Answers requests with one worker's context. */
export class Handler {
  /** Bugs caught since the start; each became EIO for its request. */
  bugs = 0;

  constructor(readonly context: Context, private readonly trace: Trace) {}

  /** A message of `length` bytes at byte `header` of the request buffer; afterwards `context.reply` holds the answer. */
  handle_device_message(header: number, length: number): void {
    this.run(this.context.request.decode_device(header, length));
  }

  /** A message in three regions, as FUSE over io_uring delivers it. */
  handle_regions(header: number, args: number, payload: number, payload_end: number): void {
    this.run(this.context.request.decode(header, args, payload, payload_end));
  }

  private run(decoded: number): void {
    const c = this.context;
    c.start();
    c.reply.begin(c.request);
    if (c.settings.debug) this.trace.request(c);
    this.finish(decoded < 0 ? decoded : this.run_operation());
    if (c.settings.debug) this.trace.reply(c);
  }

  // The one catch of the request path: a bug costs this request, not the mount (shared design, §7).
  private run_operation(): number {
    const c = this.context;
    try {
      return (OPERATIONS[c.request.opcode] ?? not_supported)(c);
    } catch (error) {
      this.bugs++;
      c.credentials.restore();
      c.events.log("error", `Bug in the answer to ${describe(c)}: ${error instanceof Error ? error.stack : error}`);
      return -EIO;
    } finally {
      c.locks.release();
    }
  }

  private finish(result: number): void {
    const reply = this.context.reply;
    if (result === NO_REPLY) reply.none();
    else if (result < 0) reply.error(result);
    else reply.ok(result);
  }
}

function describe(c: Context): string {
  return `request with opcode ${c.request.opcode} for node ${c.request.node_low}`;
}
