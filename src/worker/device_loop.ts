// The loop of one worker over the FUSE device: read a request, answer it, write the reply to the descriptor it came
// from. It returns only when the mount is gone or the worker is to retire.
import { EAGAIN, EINTR, ENODEV, ENOENT } from "../base/errno.ts";
import { ATTRIBUTES_ONLY, Notification, TO_THE_END } from "../fuse/notify.ts";
import { undo_reply } from "../ops/undo.ts";
import { Pool } from "../state/pool.ts";
import { read, write } from "../sys/file.ts";
import { MessageBuffers } from "./buffers.ts";
import { Handler } from "./handle.ts";
import { LoopEnd } from "./messages.ts";

/** What a loop needs beside its handler. */
export interface LoopParts {
  readonly index: number;
  readonly fd: number;
  readonly buffers: MessageBuffers;
  readonly handler: Handler;
  readonly pool: Pool;
  /** Called when this worker took the last free place of the pool. */
  readonly on_stall: () => void;
}

const notification = new Notification();

/** Serves until the mount ends (0 or the errno of the device), or until the worker is asked to retire. */
export function serve_device(parts: LoopParts): { end: LoopEnd; errno: number } {
  const { index, fd, buffers, handler, pool } = parts;
  for (;;) {
    const length = read(fd, buffers.incoming, buffers.incoming.length);
    if (length === -EINTR || length === -EAGAIN || length === -ENOENT) continue;
    if (length === -ENODEV || length === 0) return { end: "unmounted", errno: 0 };
    if (length < 0) return { end: "failed", errno: -length };
    if (pool.begin(index)) parts.on_stall();
    const bugs_before = handler.bugs;
    handler.handle_device_message(buffers.message_at, length);
    deliver(parts);
    if (handler.bugs > bugs_before) pool.count_bug(index);
    pool.end(index);
    if (pool.should_retire(index)) return { end: "retired", errno: 0 };
  }
}

// What goes wrong here must not end the worker either.
function deliver(parts: LoopParts): void {
  try {
    send_notices(parts);
    send_reply(parts);
  } catch (error) {
    parts.handler.report_bug("the delivery of a reply", error);
  }
}

function send_reply(parts: LoopParts): void {
  const { reply } = parts.buffers;
  if (reply.length === 0) return;
  const written = write(parts.fd, parts.buffers.outgoing, reply.length);
  // The requester gave up meanwhile (operations §7.7); other failures have no one to tell.
  if (written === -ENOENT) undo_reply(parts.handler.context);
}

// Before the reply, so that whoever made the change sees it through every name of the file (departures D8).
function send_notices(parts: LoopParts): void {
  const { notices } = parts.handler.context;
  if (!notices.is_empty) {
    notices.send((low, high) => {
      return write(parts.fd, notification.u8, notification.inval_inode(low, high, ATTRIBUTES_ONLY, TO_THE_END));
    });
  }
  // Names one by one would take the root's lock, which a caller may hold while it waits for this worker.
  if (notices.all_names) write(parts.fd, notification.u8, notification.inc_epoch());
}
