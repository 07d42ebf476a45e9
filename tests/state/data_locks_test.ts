// Data locks between threads: those who change a file share its lock, who exchanges it has the lock alone.

import { assertEquals } from "@std/assert";
import { ESTALE } from "../../src/base/errno.ts";
import { H_DATA_WAITERS, H_RELEASE_WAITERS, N_DATA_LOCK } from "../../src/state/layout.ts";
import { broken_invariants } from "../support/invariants.ts";
import { Table } from "../support/table.ts";
import { type Thread, with_threads } from "../support/threads.ts";
import { wait_until } from "../support/wait_until.ts";

const STATE_THREAD = new URL("../support/state_thread.ts", import.meta.url);
const NEVER_MS = 600_000;

async function with_state_threads(
  count: number,
  use: (table: Table, file: number, ...threads: Thread[]) => Promise<void>,
): Promise<void> {
  const table = Table.create();
  const file = table.remember_path("a/file");
  await with_threads(STATE_THREAD, count, async (...threads) => {
    for (const [i, thread] of threads.entries()) await thread.call("attach", table.arena.address(), i + 1, NEVER_MS);
    await use(table, file, ...threads);
    assertEquals(broken_invariants(table.arena), []);
  });
}

async function until_waiting(table: Table, count: number): Promise<void> {
  await wait_until(`${count} threads wait`, () => table.arena.header[H_DATA_WAITERS] === count);
}

Deno.test("many share a data lock; a lock of no node is none", async () => {
  await with_state_threads(2, async (table, file, first, second) => {
    await first!.call("share_data", file);
    await second!.call("share_data", file);
    table.data_locks.share(file);
    assertEquals(table.word(file, N_DATA_LOCK), 3);
    table.data_locks.release();
    table.data_locks.release();
    table.data_locks.share(0);
    table.data_locks.release();
    await first!.call("release_data");
    await second!.call("release_data");
    assertEquals([table.word(file, N_DATA_LOCK), table.data_locks.waits], [0, 0]);
  });
});

Deno.test("who wants it alone waits for those who share it, and holds off later ones; other files go on", async () => {
  await with_state_threads(3, async (table, file, mover, early, late) => {
    await early!.call("share_data", file);
    const moving = mover!.call("take_data_alone", file);
    await until_waiting(table, 1);
    const writing = late!.call("share_data", file);
    await until_waiting(table, 2);
    assertEquals([table.data_locks.is_taken(file), table.word(file, N_DATA_LOCK) >> 20], [true, 2]);
    const other = table.remember_path("a/other");
    table.data_locks.share(other);
    table.data_locks.take_alone(other, false);
    table.data_locks.release();
    await early!.call("release_data");
    await moving;
    await until_waiting(table, 1);
    await mover!.call("release_data");
    await writing;
    assertEquals(table.word(file, N_DATA_LOCK), 1);
    await late!.call("release_data");
  });
});

Deno.test("two that want it alone have it one after the other", async () => {
  await with_state_threads(2, async (table, file, first, second) => {
    table.data_locks.share(file);
    table.data_locks.take_alone(file, false);
    const waiting = [first!, second!].map((thread) => thread.call("take_data_alone", file));
    await until_waiting(table, 2);
    table.data_locks.release();
    await Promise.any(waiting);
    await until_waiting(table, 1);
    const owner = (table.word(file, N_DATA_LOCK) >> 20) - 1;
    const [now, then] = owner === 1 ? [first!, second!] : [second!, first!];
    await now.call("release_data");
    await Promise.all(waiting);
    await then.call("release_data");
  });
});

Deno.test("a release of the file waits while somebody has it alone", async () => {
  await with_state_threads(1, async (table, file, thread) => {
    const handles = [3, 4].map((fd) =>
      table.handles.add_file(file, fd, 1, 0, 0, fd === 4 && table.handles.pin(file) > 0)
    );
    table.data_locks.take_alone(file, false);
    const released = thread!.call("release_file", handles[1]!);
    await until_waiting(table, 1);
    assertEquals(table.handles.handles_of(file), handles);
    table.data_locks.release();
    assertEquals(await released, 1);
    table.handles.release_file(handles[0]!);
  });
});

Deno.test("a node alone: its requests by path are over, its directory stays where it is", async () => {
  await with_state_threads(2, async (table, file, mover, other) => {
    assertEquals(table.lock_path(file), "a/file");
    const moving = mover!.call("lock_alone", file);
    await wait_until("the mover waits", () => table.arena.header[H_RELEASE_WAITERS] === 1);
    table.locks.release();
    assertEquals(await moving, "a/file");
    const opening = other!.call("lock_path", file);
    await wait_until("the request waits", () => table.arena.header[H_RELEASE_WAITERS] === 1);
    assertEquals(table.lock_path(table.nodes.parent_of(file)), "a");
    table.locks.release();
    await mover!.call("release");
    assertEquals(await opening, "a/file");
    await other!.call("release");
    table.nodes.detach(file);
    assertEquals(table.lock_alone(file), -ESTALE);
  });
});

Deno.test("several threads at once: nobody has what another has alone, no wake-up is lost", async () => {
  await with_state_threads(3, async (table, file, ...threads) => {
    const held = new Int32Array(new SharedArrayBuffer(4));
    const broken = await Promise.all(threads.map((thread) => thread.call("stress_data_lock", file, 2000, held)));
    assertEquals([broken, table.word(file, N_DATA_LOCK)], [[0, 0, 0], 0]);
  });
});
