// The pool of workers as the arena knows it (shared design §3).

import { assertEquals } from "@std/assert";
import { Arena } from "../../src/state/arena.ts";
import { WORKERS_MAX } from "../../src/state/layout.ts";
import * as pool_states from "../../src/state/pool.ts";
import { with_threads } from "../support/threads.ts";
import { wait_until } from "../support/wait_until.ts";

const STATE_THREAD = new URL("../support/state_thread.ts", import.meta.url);
const { Pool, WORKER_ENDED, WORKER_LEAVING, WORKER_NONE, WORKER_PARKED, WORKER_SERVING, WORKER_STARTING } = pool_states;

Deno.test("who takes the last free worker tells, once, until the message was seen", () => {
  const pool = new Pool(Arena.create());
  for (const worker of [0, 1, 2]) pool.join(worker);
  assertEquals([pool.serving, pool.busy], [3, 0]);
  assertEquals([pool.begin(0), pool.begin(1), pool.begin(2)], [false, false, true]);
  assertEquals(pool.busy, 3);
  pool.end(2);
  assertEquals(pool.begin(2), false);
  pool.end(2);
  pool.clear_stall_message();
  assertEquals(pool.begin(2), true);
  pool.end(2);
  pool.clear_stall_message();
  pool.hold_stall_message();
  assertEquals(pool.begin(2), false);
  for (const worker of [0, 1, 2]) pool.end(worker);
  assertEquals([pool.busy, pool.requests()], [0, 6]);
});

Deno.test("progress changes with every request that begins, and only then", () => {
  const pool = new Pool(Arena.create());
  pool.join(0);
  const before = pool.progress();
  pool.begin(0);
  const begun = pool.progress();
  pool.end(0);
  assertEquals([begun !== before, pool.progress() === begun], [true, true]);
});

Deno.test("bugs are counted over all workers", () => {
  const pool = new Pool(Arena.create());
  for (const worker of [0, 7, 7]) pool.count_bug(worker);
  assertEquals(pool.bugs(), 3);
});

Deno.test("the life of a worker index: starting, serving, asked to retire, ended, used again", () => {
  const pool = new Pool(Arena.create());
  assertEquals([pool.free_index(), pool.state_of(0), pool.last_serving()], [0, WORKER_NONE, -1]);
  pool.reset(0);
  assertEquals([pool.free_index(), pool.state_of(0)], [1, WORKER_STARTING]);
  pool.reset(1);
  for (const worker of [0, 1]) pool.join(worker);
  assertEquals([pool.last_serving(), pool.state_of(1)], [1, WORKER_SERVING]);
  pool.ask_to_retire(1);
  assertEquals([pool.should_retire(0), pool.should_retire(1), pool.last_serving()], [false, true, 0]);
  pool.leave(1);
  assertEquals([pool.serving, pool.state_of(1), pool.free_index()], [1, WORKER_LEAVING, 2]);
  pool.set_state(1, WORKER_ENDED); // the main thread has heard of it
  assertEquals([pool.staying(), pool.free_index()], [1, 1]);
  pool.reset(1);
  assertEquals(pool.should_retire(1), false);
});

Deno.test("a pool with all its workers has no free index", () => {
  const pool = new Pool(Arena.create());
  for (let worker = 0; worker < WORKERS_MAX; worker++) pool.set_state(worker, WORKER_PARKED);
  assertEquals(pool.free_index(), -1);
  pool.set_state(WORKERS_MAX - 1, WORKER_ENDED);
  assertEquals(pool.free_index(), WORKERS_MAX - 1);
});

Deno.test("call_spare wakes one parked worker, and says when there is none", async () => {
  const arena = Arena.create();
  const pool = new Pool(arena);
  assertEquals(pool.call_spare(), false);
  await with_threads(STATE_THREAD, 2, async (...threads) => {
    for (const [i, thread] of threads.entries()) await thread.call("attach", arena.address(), i + 1, 1000);
    const parked = threads.map((thread) => thread.call("park"));
    const states = () => [pool.state_of(1), pool.state_of(2)];
    await wait_until("both are parked", () => states().every((state) => state === WORKER_PARKED));
    assertEquals(pool.call_spare(), true);
    assertEquals(await parked[0], WORKER_STARTING);
    assertEquals(states(), [WORKER_STARTING, WORKER_PARKED]);
    assertEquals([pool.call_spare(), pool.call_spare()], [true, false]);
    assertEquals(await parked[1], WORKER_STARTING);
  });
});

Deno.test("dismiss_spare lets a parked worker end", async () => {
  const arena = Arena.create();
  const pool = new Pool(arena);
  assertEquals(pool.dismiss_spare(), false);
  await with_threads(STATE_THREAD, 1, async (thread) => {
    await thread.call("attach", arena.address(), 1, 1000);
    const parked = thread.call("park");
    await wait_until("it is parked", () => pool.state_of(1) === WORKER_PARKED);
    assertEquals([pool.dismiss_spare(), pool.dismiss_spare(), pool.call_spare()], [true, false, false]);
    assertEquals([await parked, pool.free_index()], [WORKER_LEAVING, 0]);
  });
});

Deno.test("counts of several threads add up", async () => {
  const ROUNDS = 50_000;
  const arena = Arena.create();
  const pool = new Pool(arena);
  await with_threads(STATE_THREAD, 2, async (...threads) => {
    for (const [i, thread] of threads.entries()) {
      await thread.call("attach", arena.address(), i + 1, 1000);
      pool.join(i + 1);
    }
    const told = await Promise.all(threads.map((thread) => thread.call("serve", ROUNDS) as Promise<number>));
    assertEquals(told[0]! + told[1]! <= 1, true);
  });
  assertEquals([pool.requests(), pool.busy, pool.serving], [2 * ROUNDS, 0, 2]);
});
