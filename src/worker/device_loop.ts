// The loop of one worker over the FUSE device: read a request, answer it, write the reply to the descriptor it came
// from. It returns only when the mount is gone or the worker is to retire.
//
// A request for a file that is being moved is parked, and the worker goes on; whoever has moved the file answers what was
// parked for it before it reads on (state/parked.ts).
import { EAGAIN, EINTR, ENODEV, ENOENT } from "../base/errno.ts";
import { ATTRIBUTES_ONLY, Notification, TO_THE_END } from "../fuse/notify.ts";
import { undo_reply } from "../ops/undo.ts";
import { Pool } from "../state/pool.ts";
import { close, read, write } from "../sys/file.ts";
import { MessageBuffers } from "./buffers.ts";
import { Handler } from "./handle.ts";
import { LoopEnd } from "./messages.ts";
import { trace_notice } from "./trace.ts";

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
  const { data_locks } = parts.handler.context;
  data_locks.gives_back = true;
  const ended = serve(parts);
  data_locks.gives_back = false;
  return ended;
}

function serve(parts: LoopParts): { end: LoopEnd; errno: number } {
  const { index, fd, buffers, pool } = parts;
  for (;;) {
    const length = read(fd, buffers.incoming, buffers.incoming.length);
    if (length === -EINTR || length === -EAGAIN || length === -ENOENT) continue;
    if (length === -ENODEV || length === 0) return { end: "unmounted", errno: 0 };
    if (length < 0) return { end: "failed", errno: -length };
    answer(parts, length, fd, false);
    answer_parked(parts);
    if (pool.should_retire(index)) return { end: "retired", errno: 0 };
  }
}

/** The message in `incoming`, whose reply goes to `device`. It `is_again` there when it was parked. */
function answer(parts: LoopParts, length: number, device: number, is_again: boolean): void {
  const { index, handler, pool } = parts;
  if (pool.begin(index)) parts.on_stall();
  const bugs_before = handler.bugs;
  handle_or_park(parts, length, device, is_again);
  deliver(parts, device);
  if (handler.bugs > bugs_before) pool.count_bug(index);
  pool.end(index);
}

// A request that cannot be parked, because the lock is free by now or too many are, is made here at once, and may wait.
function handle_or_park(parts: LoopParts, length: number, device: number, is_again: boolean): void {
  const { buffers, handler } = parts;
  const { data_locks, parked } = handler.context;
  handler.handle_device_message(buffers.message_at, length, is_again);
  if (data_locks.refused === 0 || parked.park(data_locks.refused, buffers.incoming, length, device)) return;
  data_locks.gives_back = false;
  handler.handle_device_message(buffers.message_at, length, true);
  data_locks.gives_back = true;
}

function answer_parked(parts: LoopParts): void {
  const { data_locks } = parts.handler.context;
  while (data_locks.freed !== 0) {
    const slot = data_locks.freed;
    data_locks.freed = 0;
    while (answer_next(parts, slot));
  }
}

function answer_next(parts: LoopParts, slot: number): boolean {
  const { parked } = parts.handler.context;
  const length = parked.take(slot, parts.buffers.incoming);
  if (length === 0) return false;
  const { device } = parked;
  answer(parts, length, device, true);
  close(device);
  return true;
}

// What goes wrong here must not end the worker either.
function deliver(parts: LoopParts, device: number): void {
  try {
    send_notices(parts);
    send_reply(parts, device);
  } catch (error) {
    parts.handler.report_bug("the delivery of a reply", error);
  }
}

function send_reply(parts: LoopParts, device: number): void {
  const { reply } = parts.buffers;
  if (reply.length === 0) return;
  const written = write(device, parts.buffers.outgoing, reply.length);
  // The requester gave up meanwhile (operations §7.7); other failures have no one to tell.
  if (written === -ENOENT) undo_reply(parts.handler.context);
}

// Before the reply, so that whoever made the change sees it through every name of the file (departures D8).
function send_notices(parts: LoopParts): void {
  const { notices } = parts.handler.context;
  if (!notices.is_empty) {
    notices.send((low, high) => {
      notification.inval_inode(low, high, ATTRIBUTES_ONLY, TO_THE_END);
      return send_notice(parts);
    });
  }
  // Names one by one would take the root's lock, which a caller may hold while it waits for this worker.
  if (!notices.all_names) return;
  notification.inc_epoch();
  send_notice(parts);
}

function send_notice({ fd, handler }: LoopParts): number {
  if (handler.is_traced) trace_notice(handler.context, notification.u32);
  return write(fd, notification.u8, notification.length);
}
