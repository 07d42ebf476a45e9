// The loop of a worker over a pair of sockets that keep messages apart, as the device does.

import { assertEquals } from "@std/assert";
import { EIO, ENOENT } from "../../src/base/errno.ts";
import { H_HANDLE_COUNT } from "../../src/state/layout.ts";
import { Pool as WorkerStates } from "../../src/state/pool.ts";
import { close, O_CREAT, O_EXCL, write } from "../../src/sys/file.ts";
import { serve_device } from "../../src/worker/device_loop.ts";
import { LoopEnd } from "../../src/worker/messages.ts";
import { Answer } from "../support/answer.ts";
import { Pool, with_pool } from "../support/handler.ts";
import { end_messages, read_messages, socket_pair } from "../support/socket_pair.ts";
import { fails_with, type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const NOTIFY_INVAL_INODE = 2;
const NOTIFY_INC_EPOCH = 8;

interface Served {
  readonly end: LoopEnd;
  readonly errno: number;
  /** Everything the loop wrote. */
  readonly messages: readonly Uint8Array[];
  /** How often it said that the last worker was taken. */
  readonly stalls: number;
}

/** Lets the loop serve these messages; then the mount is gone. */
function serve(pool: Pool, requests: readonly Uint8Array[], states: WorkerStates): Served {
  const [kernel, worker] = socket_pair();
  for (const request of requests) write(kernel, request.slice(), request.length);
  end_messages(kernel);
  let stalls = 0;
  const parts = { index: 0, fd: worker, buffers: pool.buffers, handler: pool.handler, pool: states };
  const ended = serve_device({ ...parts, on_stall: () => stalls++ });
  end_messages(worker);
  const messages = read_messages(kernel);
  close(worker);
  close(kernel);
  return { ...ended, messages, stalls };
}

function states_of(pool: Pool, is_only_worker: boolean): WorkerStates {
  const states = new WorkerStates(pool.arena);
  states.clear_stall_message();
  states.reset(0);
  states.join(0);
  if (!is_only_worker) states.join(1);
  return states;
}

function leave(states: WorkerStates, is_only_worker: boolean): void {
  states.leave(0);
  if (!is_only_worker) states.leave(1);
}

Deno.test("requests are answered in turn until the mount is gone; those without a reply get none", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const states = states_of(pool, false);
    const requests = [wire.lookup(1n, 1, "f"), wire.interrupt(2n, 1n), wire.getattr(3n, 77), wire.getattr(4n, 1)];
    const { end, errno, messages, stalls } = serve(pool, requests, states);
    assertEquals([end, errno, stalls], ["unmounted", 0, 0]);
    const answers = messages.map((message) => new Answer(message));
    assertEquals(answers.map(({ unique, result }) => [unique, result]), [[1n, "ok"], [3n, "EBADF"], [4n, "ok"]]);
    assertEquals([states.busy, states.requests() >= 4], [0, true]);
    leave(states, false);
  });
});

Deno.test("a request that met a bug is counted for the whole pool", () => {
  with_pool({}, (pool) => {
    const states = states_of(pool, false);
    const before = states.bugs();
    const { handler } = pool;
    const answer = handler.handle_device_message;
    handler.handle_device_message = () => handler.report_bug("a test", "made by a test");
    serve(pool, [wire.getattr(1n, 1)], states);
    handler.handle_device_message = answer;
    assertEquals([states.bugs() - before, handler.bugs], [1, 1]);
    handler.bugs = 0;
    leave(states, false);
  });
});

Deno.test("the worker that takes the last place says so once", () => {
  with_pool({}, (pool) => {
    const states = states_of(pool, true);
    const { stalls } = serve(pool, [wire.getattr(1n, 1), wire.getattr(2n, 1)], states);
    assertEquals(stalls, 1);
    leave(states, true);
    states.clear_stall_message();
  });
});

Deno.test("a worker that is asked to retire ends after its reply", () => {
  with_pool({}, (pool) => {
    const states = states_of(pool, false);
    states.ask_to_retire(0);
    const { end, messages } = serve(pool, [wire.getattr(1n, 1), wire.getattr(2n, 1)], states);
    assertEquals([end, messages.length], ["retired", 1]);
    states.reset(0);
    leave(states, false);
  });
});

Deno.test("an error of the device ends the loop with its number", () => {
  with_pool({}, (pool) => {
    const states = states_of(pool, false);
    const parts = { index: 0, fd: 1_000_000, buffers: pool.buffers, handler: pool.handler, pool: states };
    assertEquals(serve_device({ ...parts, on_stall: () => {} }), { end: "failed", errno: 9 });
    leave(states, false);
  });
});

Deno.test("other names of a changed file are made known before the reply, attributes only", () => {
  with_pool({ tree: ["0/a"] }, (pool) => {
    Deno.linkSync(pool.on(0, "a"), pool.on(0, "b"));
    const [a, b] = [pool.node("a"), pool.node("b")];
    const states = states_of(pool, false);
    const { messages } = serve(pool, [wire.setattr(1n, a, { mode: 0o600 })], states);
    leave(states, false);
    assertEquals(messages.length, 2);
    const notice = new DataView(messages[0]!.buffer);
    assertEquals([notice.getInt32(4, true), notice.getBigUint64(8, true)], [NOTIFY_INVAL_INODE, 0n]);
    assertEquals([notice.getBigUint64(16, true), notice.getBigInt64(24, true) < 0n], [b, true]);
    assertEquals(new Answer(messages[1]!).unique, 1n);
  });
});

Deno.test("invalidate-all-nodes makes the kernel look every name up again", () => {
  with_pool({ tree: ["0/g"] }, (pool) => {
    const states = states_of(pool, false);
    const node = pool.node(".mergerfs");
    const { messages } = serve(pool, [wire.setxattr(1n, node, "user.mergerfs.cmd.invalidate-all-nodes", "")], states);
    leave(states, false);
    assertEquals(messages.length, 2);
    assertEquals(new DataView(messages[0]!.buffer).getInt32(4, true), NOTIFY_INC_EPOCH);
  });
});

for (const [number, what] of [[ENOENT, "taken back"], [EIO, "left as it is"]] as const) {
  Deno.test(`what a reply gave is ${what} when the device answers errno ${number} to it (operations §7.7)`, () => {
    with_pool({ tree: ["0/d/f"] }, (pool) => {
      const [node, directory] = [pool.node("d/f"), pool.node("d")];
      const states = states_of(pool, false);
      const refuse: StandIn = (real, [, bytes]) => bytes === pool.buffers.outgoing ? fails_with(number) : real();
      const requests = [
        wire.lookup(1n, directory, "f"),
        wire.open(2n, node, 0),
        wire.opendir(3n, directory),
        wire.create(4n, directory, "new", O_CREAT | O_EXCL, 0o100644),
      ];
      with_stand_ins({ write: refuse }, () => serve(pool, requests, states));
      leave(states, false);
      const held = [pool.lookups(node), pool.context.nodes.count, pool.arena.header[H_HANDLE_COUNT]];
      assertEquals(held, number === ENOENT ? [1, 3, 0] : [2, 4, 3]);
    });
  });
}
