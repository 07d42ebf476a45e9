// A pool without a mount whose first branch refuses to grow any file, as a full disk or a quota does.

import { ENOSPC } from "../../src/base/errno.ts";
import { Handler } from "../../src/worker/handle.ts";
import { MessageBuffers } from "../../src/worker/buffers.ts";
import { Context } from "../../src/ops/context.ts";
import { Answer } from "./answer.ts";
import { type Pool } from "./handler.ts";
import { type CallName, fails_with, path_of, type StandIn, with_stand_ins } from "./system_calls.ts";

type StandIns = Partial<Record<CallName, StandIn>>;

/** Calls that need room, and which of their values is the descriptor of the file that grows. */
const GROWING: readonly [CallName, number][] = [["pwrite", 0], ["fallocate", 0], ["ftruncate", 0], [
  "copy_file_range",
  2,
]];

/** Stand-ins for a full branch. `refusal` is what it says, an errno. */
export function full_branch(pool: Pool, index = 0, refusal = ENOSPC): StandIns {
  const is_there = (path: string) => path.startsWith(`${pool.branch(index)}/`);
  const entries = GROWING.map(([name, at]): [CallName, StandIn] => [
    name,
    (real, values) => is_there(path_of(values[at])) ? fails_with(refusal) : real(),
  ]);
  return Object.fromEntries(entries);
}

/** Runs `use` while the branch is full. */
export function while_full(pool: Pool, use: () => void, index = 0, refusal = ENOSPC): void {
  with_stand_ins(full_branch(pool, index, refusal), use);
}

/** Another worker of the same pool, in this thread: for requests in the middle of a request of the first one. */
export class SecondWorker {
  readonly buffers: MessageBuffers;
  readonly handler: Handler;

  constructor(pool: Pool) {
    const { init, backing } = pool.context;
    this.buffers = new MessageBuffers(init.max_write_bytes, 4096);
    const { request, reply, body, write_data_at } = this.buffers;
    const events = { log: () => {}, readers_wanted: () => {} };
    this.handler = new Handler(
      new Context({ arena: pool.arena, worker: 1, request, reply, body, write_data_at, init, backing, events }),
    );
  }

  send(message: Uint8Array): Answer {
    this.buffers.request.u8.set(message, this.buffers.message_at);
    this.handler.handle_device_message(this.buffers.message_at, message.length);
    return new Answer(this.buffers.outgoing.slice(0, this.buffers.reply.length));
  }
}
