// One request from bytes to bytes: decode, run the operation, finish the reply. It does not know where the bytes come
// from or go to, so that recorded bytes test it and any transport can carry them (shared design, §5).
import { EIO } from "../base/errno.ts";
import { opcode_name } from "../fuse/abi.ts";
import { IO_CHOICES } from "../ops/common/passthrough.ts";
import { release_pins } from "../ops/common/pins.ts";
import { tell_shortage } from "../ops/common/shortage.ts";
import { GIVEN_BACK, NO_REPLY } from "../ops/operation.ts";
import { Context } from "../ops/context.ts";
import { not_supported } from "../ops/whole_mount.ts";
import { OPERATIONS } from "../ops/table.ts";
import { undo_reply } from "../ops/undo.ts";
import { trace_reply, trace_request } from "./trace.ts";

/** Answers requests with one worker's context. */
export class Handler {
  /** Bugs caught since the start; each became EIO for its request. */
  bugs = 0;
  /** Whether the present request has a line in the trace: then its reply and its notices get theirs. */
  is_traced = false;

  constructor(readonly context: Context) {}

  /**
   * A message of `length` bytes at byte `header` of the request buffer; afterwards `context.reply` holds the answer, or
   * `context.data_locks.refused` says that it was given back. It `is_again` there then when it is handled anew.
   */
  handle_device_message(header: number, length: number, is_again = false): void {
    this.run(this.context.request.decode_device(header, length), is_again);
  }

  /** A message in three regions, as FUSE over io_uring delivers it. */
  handle_regions(header: number, args: number, payload: number, payload_end: number): void {
    this.run(this.context.request.decode(header, args, payload, payload_end), false);
  }

  // The one catch of the request path: a bug costs this request, not the mount (shared design, §7).
  private run(decoded: number, is_again: boolean): void {
    const c = this.context;
    c.reply.begin(c.request);
    this.is_traced = false;
    try {
      c.start();
      // Once for the whole request, which may itself switch the trace on or off.
      this.is_traced = c.settings.debug;
      if (this.is_traced && !is_again) trace_request(c);
      this.finish(decoded < 0 ? decoded : (OPERATIONS[c.request.opcode] ?? not_supported)(c));
      if (this.is_traced) trace_reply(c, IO_CHOICES[c.io_choice]);
    } catch (error) {
      c.credentials.restore();
      release_locks(c);
      undo_reply(c);
      c.data_locks.refused = 0;
      c.reply.error(EIO);
      if (this.is_traced) trace_reply(c);
      this.report_bug(`the answer to ${opcode_name(c.request.opcode)} for node ${c.request.node_low}`, error);
    } finally {
      release_locks(c);
    }
  }

  /** Counts a bug and says so in the log. */
  report_bug(where: string, error: unknown): void {
    this.bugs++;
    this.context.events.log(
      "error",
      `Bug in ${where}: ${error instanceof Error ? error.stack?.replace(/\n\s*/g, " ") : error}`,
    );
  }

  private finish(result: number): void {
    const reply = this.context.reply;
    if (result === NO_REPLY || result === GIVEN_BACK) reply.none();
    else if (result >= 0) reply.ok(result);
    else {
      reply.error(result);
      tell_shortage(this.context, result);
    }
  }
}

// The data lock first: what a pin kept may be gone afterwards, with the node and the lock's word.
function release_locks(c: Context): void {
  c.data_locks.release();
  release_pins(c);
  c.locks.release();
}
