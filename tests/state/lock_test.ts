// Locks on words of the arena: threads count together and lose nothing.

import { assertEquals } from "@std/assert";
import { Arena } from "../../src/state/arena.ts";
import { H_CONTROL_FILE_TIME, H_INIT_OUTCOME } from "../../src/state/layout.ts";
import { SleepLock, SpinLock } from "../../src/state/lock.ts";
import { with_threads } from "../support/threads.ts";

const STATE_THREAD = new URL("../support/state_thread.ts", import.meta.url);
// Words that nothing else uses while there is no mount.
const WORD = H_INIT_OUTCOME;
const COUNTER = H_CONTROL_FILE_TIME;

for (const kind of ["spin", "sleep"]) {
  Deno.test(`counting under a ${kind} lock from three threads`, async () => {
    const ROUNDS = 100_000;
    const arena = Arena.create();
    await with_threads(STATE_THREAD, 3, async (...threads) => {
      for (const [i, thread] of threads.entries()) await thread.call("attach", arena.address(), i + 1, 1000);
      await Promise.all(threads.map((thread) => thread.call("count_under_lock", kind, WORD, COUNTER, ROUNDS)));
    });
    assertEquals([arena.header[COUNTER], arena.header[WORD]], [3 * ROUNDS, 0]);
  });
}

Deno.test("a spin lock names its owner", () => {
  const { header } = Arena.create();
  const [mine, other] = [new SpinLock(header, WORD, 5), new SpinLock(header, WORD, 6)];
  mine.lock();
  assertEquals([header[WORD], mine.is_mine(), other.is_mine()], [5, true, false]);
  mine.unlock();
  assertEquals([header[WORD], mine.is_mine()], [0, false]);
});

Deno.test("a sleep lock is free after use", () => {
  const arena = Arena.create();
  const lock = new SleepLock(arena, WORD);
  for (let round = 0; round < 3; round++) {
    lock.lock();
    assertEquals(arena.header[WORD], 1);
    lock.unlock();
    assertEquals(arena.header[WORD], 0);
  }
});
