// A thread that sleeps on a word of a mapping, for tests/sys/memory_test.ts.

import { futex_wait, view_at } from "../../src/sys/memory.ts";
import { answer_calls } from "./threads.ts";

// Says in the next word that it is about to sleep; repeats until somebody has changed the word.
function sleep_on(address: bigint, expected: number): number {
  const { buffer } = view_at(address, 4096);
  const words = new Int32Array(buffer);
  words[1] = 1;
  let result = 0;
  while (Atomics.load(words, 0) === expected) result = futex_wait(new Uint8Array(buffer, 0, 4), expected, 10_000);
  return result;
}

answer_calls({ sleep_on });
