// A worker thread: started by the daemon by URL, gets one message, serves until the mount ends.
import { from_words } from "../fuse/init.ts";
import { Context } from "../ops/context.ts";
import { Arena } from "../state/arena.ts";
import { Pool } from "../state/pool.ts";
import { BackingFiles, clone_device } from "../sys/device.ts";
import { errno_text } from "../base/errno.ts";
import type { LogLevel } from "../base/log.ts";
import { close, dup } from "../sys/file.ts";
import { has_kept_capabilities, keep_capabilities } from "../sys/identity.ts";
import { run_on_cpus } from "../sys/scheduling.ts";
import { MessageBuffers } from "./buffers.ts";
import { serve_device } from "./device_loop.ts";
import { Handler } from "./handle.ts";
import { LoopEnd, WorkerEvent, WorkerStart } from "./messages.ts";

const port = self as unknown as {
  postMessage(event: WorkerEvent): void;
  onmessage: ((event: MessageEvent<WorkerStart>) => void) | null;
};

port.onmessage = function start(event) {
  const { index, end, errno } = run(event.data);
  // The main thread ends the worker when it has got this: a worker that closes itself can take the message with it.
  port.postMessage({ kind: "ended", index, end, errno });
};

function log(level: LogLevel, message: string): void {
  port.postMessage({ kind: "log", level, message });
}

function run(start: WorkerStart): { index: number; end: LoopEnd; errno: number } {
  const { index } = start;
  const arena = Arena.attach(start.arena);
  const pool = new Pool(arena);
  const init = from_words(new Uint32Array(arena.init_outcome), 0);
  // Capabilities are inherited from the main thread; a thread that has them not makes creates fail for users.
  if (!has_kept_capabilities()) keep_capabilities();
  pin(start);
  const buffers = new MessageBuffers(init.max_write_bytes, start.page_bytes);
  const { request, reply, body, write_data_at } = buffers;
  const events = { log, readers_wanted: () => port.postMessage({ kind: "readers_wanted" }) };
  const backing = new BackingFiles(start.session_fd);
  const context = new Context({ arena, worker: index, request, reply, body, write_data_at, init, backing, events });
  const handler = new Handler(context);
  port.postMessage({ kind: "ready", index });
  const is_needed = !start.is_spare || pool.park(index);
  const ended = is_needed ? serve(start, pool, buffers, handler) : { end: "retired" as const, errno: 0 };
  context.listing.release();
  buffers.release();
  return { index, ...ended };
}

function serve(
  start: WorkerStart,
  pool: Pool,
  buffers: MessageBuffers,
  handler: Handler,
): { end: LoopEnd; errno: number } {
  const { index } = start;
  const fd = own_descriptor(start.session_fd);
  pool.join(index);
  port.postMessage({ kind: "serving", index });
  const ended = serve_device({
    index,
    fd,
    buffers,
    handler,
    pool,
    on_stall: () => port.postMessage({ kind: "stall", index }),
  });
  pool.leave(index);
  if (fd !== start.session_fd) close(fd);
  return ended;
}

// Its own queue, so that a reply goes where its request came from; without one all workers share the mount's, but each
// by a number of its own, which it can close when it ends.
function own_descriptor(session_fd: number): number {
  const clone = clone_device(session_fd);
  if (clone >= 0) return clone;
  log("warning", `Cannot clone the FUSE device (${errno_text(clone)}): this worker shares the queue of the mount`);
  const fd = dup(session_fd);
  return fd >= 0 ? fd : session_fd;
}

function pin({ index, cpus }: WorkerStart): void {
  const result = cpus.length === 0 ? 0 : run_on_cpus(cpus);
  if (result < 0) log("warning", `Worker ${index} cannot be bound to CPU ${cpus.join(", ")}: ${errno_text(result)}`);
}
