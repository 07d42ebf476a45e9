// Requests for a file that another worker has alone: the loop parks them and goes on, and whoever had the file answers them,
// to the descriptor that they came from.

import { assertEquals } from "@std/assert";
import { EIO } from "../../src/base/errno.ts";
import { H_PARKED_COUNT } from "../../src/state/layout.ts";
import { Pool as WorkerStates } from "../../src/state/pool.ts";
import { close, O_RDWR, write } from "../../src/sys/file.ts";
import { serve_device } from "../../src/worker/device_loop.ts";
import { Handler } from "../../src/worker/handle.ts";
import { MessageBuffers } from "../../src/worker/buffers.ts";
import { Answer } from "../support/answer.ts";
import { CHANGING_REQUESTS } from "../support/changing_requests.ts";
import { full_branch, SecondWorker } from "../support/full_branch.ts";
import { type Pool, with_pool } from "../support/handler.ts";
import { end_messages, read_messages, socket_pair } from "../support/socket_pair.ts";
import { fails_with, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

/** A device of one worker, with all that it is to read. */
class Device {
  private readonly kernel: number;
  private readonly fd: number;

  constructor(private readonly states: WorkerStates, requests: readonly Uint8Array[]) {
    [this.kernel, this.fd] = socket_pair();
    for (const request of requests) write(this.kernel, request.slice(), request.length);
    end_messages(this.kernel);
  }

  serve(worker: { readonly buffers: MessageBuffers; readonly handler: Handler }, index: number): void {
    const { states: pool, fd } = this;
    pool.reset(index);
    pool.join(index);
    serve_device({ index, fd, pool, buffers: worker.buffers, handler: worker.handler, on_stall: () => {} });
    pool.leave(index);
  }

  /** What was answered, in order, as "UNIQUE RESULT"; the device is gone then. */
  answers(): string[] {
    end_messages(this.fd);
    const messages = read_messages(this.kernel).filter((message) => unique_of(message) !== 0n); // notices have none
    close(this.fd);
    close(this.kernel);
    return messages.map((message) => `${unique_of(message)} ${new Answer(message).result}`);
  }
}

interface Setting {
  readonly pool: Pool;
  readonly mover: SecondWorker;
  readonly node: bigint;
  readonly handle: bigint;
  device(...requests: Uint8Array[]): Device;
}

/** A file that is open, and a second worker that has it alone. */
function with_file_taken(use: (setting: Setting) => void): void {
  with_pool({ branches: ["", ""], tree: ["0/f:text"] }, (pool) => {
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDWR)];
    pool.send(wire.setxattr(pool.next(), node, "user.a", "a"));
    const mover = new SecondWorker(pool);
    mover.handler.context.data_locks.take_alone(Number(node & 0xffff_ffffn), false);
    const states = new WorkerStates(pool.arena);
    use({ pool, mover, node, handle, device: (...requests) => new Device(states, requests) });
    states.clear_stall_message();
  });
}

const RELEASE = ["close", (pool: Pool, node: bigint, fh: bigint) => wire.release(pool.next(), node, fh)] as const;

for (const [what, [call, request]] of Object.entries({ ...CHANGING_REQUESTS, release: RELEASE })) {
  Deno.test(`${what} waits for the file without a worker, and is made when the file is free`, () => {
    with_file_taken(({ pool, mover, node, handle, device }) => {
      const [waiting, other] = [request(pool, node, handle), wire.getattr(pool.next(), 1n)];
      const [unique, other_unique] = [unique_of(waiting), unique_of(other)];
      const first = device(waiting, other);
      let calls = 0;
      const stand_in = (real: () => number) => {
        calls++;
        return real();
      };
      with_stand_ins(call === "close" ? {} : { [call]: stand_in }, () => first.serve(pool, 0));
      assertEquals([calls, pool.arena.header[H_PARKED_COUNT]], [0, 1]);
      mover.handler.context.data_locks.release();
      const last = wire.getattr(pool.next(), node);
      const second = device(last);
      second.serve(mover, 1);
      assertEquals(first.answers(), [`${other_unique} ok`, `${unique} ok`]);
      assertEquals(second.answers(), [`${unique_of(last)} ok`]);
      assertEquals(pool.arena.header[H_PARKED_COUNT], 0);
    });
  });
}

function unique_of(message: Uint8Array): bigint {
  return new DataView(message.buffer, message.byteOffset).getBigUint64(8, true);
}

Deno.test("writers of a file that has become full by now move it in the worker that answers them, each once", () => {
  with_file_taken(({ pool, mover, node, handle, device }) => {
    const text = new TextEncoder();
    const writes = ["+1", "+2", "+3"].map((it, at) => {
      return wire.write(pool.next(), node, handle, 4 + 2 * at, text.encode(it));
    });
    const first = device(...writes);
    first.serve(pool, 0);
    mover.handler.context.data_locks.release();
    const second = device(wire.getattr(pool.next(), 1n));
    with_stand_ins(full_branch(pool), () => second.serve(mover, 1));
    assertEquals(first.answers(), writes.map((message) => `${unique_of(message)} ok`));
    second.answers();
    assertEquals([pool.tree(), Deno.readTextFileSync(pool.on(1, "f"))], [["1/f"], "text+1+2+3"]);
  });
});

Deno.test("a bug in a parked request is EIO for it alone", () => {
  with_file_taken(({ pool, mover, node, handle, device }) => {
    const text = new TextEncoder().encode("x");
    const writes = [0, 1].map((at) => wire.write(pool.next(), node, handle, at, text));
    const first = device(...writes);
    first.serve(pool, 0);
    mover.handler.context.data_locks.release();
    let is_first = true;
    const pwrite = (real: () => number) => {
      if (!is_first) return real();
      is_first = false;
      throw new Error("made by a test");
    };
    const second = device(wire.getattr(pool.next(), 1n));
    with_stand_ins({ pwrite }, () => second.serve(mover, 1));
    assertEquals(first.answers(), [`${unique_of(writes[0]!)} EIO`, `${unique_of(writes[1]!)} ok`]);
    second.answers();
    assertEquals(mover.handler.bugs, 1);
  });
});

Deno.test("a request that cannot be parked is made by its worker as before", () => {
  with_file_taken(({ pool, mover, node, handle, device }) => {
    const message = wire.write(pool.next(), node, handle, 0, new TextEncoder().encode("TEXT"));
    const first = device(message);
    const memfd_create = () => {
      mover.handler.context.data_locks.release(); // else this thread would wait for itself
      return fails_with(EIO);
    };
    with_stand_ins({ memfd_create }, () => first.serve(pool, 0));
    assertEquals([first.answers(), Deno.readTextFileSync(pool.on(0, "f"))], [[`${unique_of(message)} ok`], "TEXT"]);
  });
});
