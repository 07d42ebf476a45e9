// Mappings, memfds and futexes.

import { assert, assertEquals } from "@std/assert";
import { c_string, to_bytes, to_text } from "../../src/base/bytes.ts";
import { EAGAIN, EBADF, ETIMEDOUT } from "../../src/base/errno.ts";
import { close, ftruncate, pread, pwrite } from "../../src/sys/file.ts";
import {
  discard_pages,
  futex_wait,
  futex_wake,
  map_private,
  map_shared,
  memfd_create,
  sched_yield,
  view_at,
} from "../../src/sys/memory.ts";
import { wait_until } from "../support/wait_until.ts";
import { with_threads } from "../support/threads.ts";

const PAGE_BYTES = 4096;

Deno.test("a memfd mapped shared: the file and the memory are one", () => {
  const fd = memfd_create(c_string("test"));
  assertEquals(ftruncate(fd, 2 * PAGE_BYTES), 0);
  const mapping = map_shared(fd, 2 * PAGE_BYTES)!;
  assertEquals(pwrite(fd, to_bytes("hello"), 5, PAGE_BYTES), 5);
  assertEquals(to_text(new Uint8Array(mapping.buffer, PAGE_BYTES, 5)), "hello");
  new Uint8Array(view_at(mapping.address, PAGE_BYTES).buffer).set(to_bytes("there"));
  const bytes = new Uint8Array(5);
  assertEquals([pread(fd, bytes, 5, 0), to_text(bytes)], [5, "there"]);
  // Still there without the descriptor.
  assertEquals(close(fd), 0);
  assertEquals(new Uint8Array(mapping.buffer)[0], 0x74);
});

Deno.test("mappings that are refused", () => {
  assertEquals(map_shared(1 << 20, PAGE_BYTES), undefined);
  assertEquals(ftruncate(1 << 20, 1), -EBADF);
  assertEquals(map_private(2 ** 50), undefined);
});

Deno.test("discard_pages gives pages of private memory back", () => {
  const mapping = map_private(4 * PAGE_BYTES)!;
  const bytes = new Uint8Array(mapping.buffer).fill(7);
  discard_pages(mapping, PAGE_BYTES, 2 * PAGE_BYTES);
  assertEquals([bytes[0], bytes[PAGE_BYTES], bytes[3 * PAGE_BYTES - 1], bytes[3 * PAGE_BYTES]], [7, 0, 0, 7]);
});

Deno.test("futex_wait returns at once when the word has changed, and at the timeout", () => {
  const { buffer } = map_private(PAGE_BYTES)!;
  const word = new Uint8Array(buffer, 0, 4);
  new Int32Array(buffer)[0] = -1;
  assertEquals(futex_wait(word, 5, 10_000), -EAGAIN);
  assertEquals(futex_wait(word, 0xffff_ffff, 1), -ETIMEDOUT);
  assertEquals(futex_wait(word, 0xffff_ffff, 0.5), -ETIMEDOUT);
  assertEquals(futex_wake(word, 1), 0);
  sched_yield();
});

Deno.test("futex_wake wakes another thread, and says how many", async () => {
  const fd = memfd_create(c_string("futex"));
  ftruncate(fd, PAGE_BYTES);
  const { address, buffer } = map_shared(fd, PAGE_BYTES)!;
  const words = new Int32Array(buffer);
  const word = new Uint8Array(buffer, 0, 4);
  await with_threads(new URL("../support/futex_thread.ts", import.meta.url), 1, async (thread) => {
    const sleeping = thread!.call("sleep_on", address, 0);
    await wait_until("the thread is about to sleep", () => words[1] === 1);
    // The word is unchanged, so the thread sleeps again; it was asleep when somebody was woken.
    await wait_until("somebody was woken", () => futex_wake(word, 10) === 1);
    Atomics.store(words, 0, 1);
    futex_wake(word, 1);
    assert([0, -EAGAIN].includes(await sleeping as number));
  });
  close(fd);
});
