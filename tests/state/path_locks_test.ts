// Path locks between threads (operations §7.6, departures D6). The thread of the test holds locks; other threads wait for
// them, which is seen at the number of waiters in the arena.

import { assertEquals } from "@std/assert";
import { EINVAL, ENAMETOOLONG, ESTALE } from "../../src/base/errno.ts";
import { broken_invariants } from "../support/invariants.ts";
import { H_RELEASE_WAITERS, N_EXCLUSIVE, N_SHARED_LOCKS, N_WANTED, ROOT_SLOT } from "../../src/state/layout.ts";
import { type Place, Table } from "../support/table.ts";
import { type Thread, with_threads } from "../support/threads.ts";
import { wait_until } from "../support/wait_until.ts";

const STATE_THREAD = new URL("../support/state_thread.ts", import.meta.url);
const ROOT = ROOT_SLOT;
/** Longer than any test runs: nothing may depend on a timeout. */
const NEVER_MS = 600_000;

async function with_state_threads(
  count: number,
  patience_ms: number,
  use: (table: Table, ...threads: Thread[]) => Promise<void>,
): Promise<void> {
  const table = Table.create();
  await with_threads(STATE_THREAD, count, async (...threads) => {
    for (const [i, thread] of threads.entries()) await thread.call("attach", table.arena.address(), i + 1, patience_ms);
    await use(table, ...threads);
    assertEquals(broken_invariants(table.arena), []);
  });
}

async function until_waiting(table: Table, count: number): Promise<void> {
  await wait_until(`${count} threads wait`, () => table.arena.header[H_RELEASE_WAITERS] === count);
}

function locks_of(table: Table, slot: number): number[] {
  return [N_SHARED_LOCKS, N_EXCLUSIVE, N_WANTED].map((word) => table.word(slot, word));
}

Deno.test("a path is locked from its node up to below the root", () => {
  const table = Table.create();
  const file = table.remember_path("a/b/file");
  const b = table.nodes.parent_of(file);
  assertEquals([table.lock_path(b), table.path.bytes[table.path.length]], ["a/b", 0]);
  assertEquals([file, b, table.find(ROOT, "a"), ROOT].map((slot) => locks_of(table, slot)[0]), [0, 1, 1, 0]);
  table.locks.release();
  table.locks.release();
  assertEquals([table.lock_path(file), table.lock_path(ROOT)], ["a/b/file", ""]);
  table.locks.release();
  assertEquals(broken_invariants(table.arena), []);
});

Deno.test("a path longer than PATH_MAX is refused, one of just that length is not", () => {
  const table = Table.create();
  const name = "n".repeat(255);
  const directory = table.remember_path(new Array(15).fill(name).join("/"));
  const longest = table.remember(directory, name);
  assertEquals((table.lock_path(longest) as string).length, 4095);
  table.locks.release();
  const too_long = table.remember(longest, "x");
  const by_one = table.remember(table.remember(directory, name.slice(1)), "x");
  assertEquals(table.lock_path(by_one), -ENAMETOOLONG);
  assertEquals([table.lock_path(too_long), table.lock_victim([longest, "x"])], [-ENAMETOOLONG, -ENAMETOOLONG]);
  assertEquals(table.lock_two(longest, too_long), -ENAMETOOLONG);
  assertEquals(table.lock_rename([ROOT, "a"], [longest, "x"]), -ENAMETOOLONG);
  assertEquals(table.lock_victim([ROOT, "n".repeat(256)]), -ENAMETOOLONG);
  assertEquals(broken_invariants(table.arena), []);
});

Deno.test("the locks of requests that modify: victim, both directories, both names", () => {
  const table = Table.create();
  const [x, y] = [table.remember_path("a/x"), table.remember_path("b/y")];
  const [a, b] = [table.nodes.parent_of(x), table.nodes.parent_of(y)];
  assertEquals([table.lock_victim([a, "x"]), table.locks.victim], [a, x]);
  assertEquals([locks_of(table, a), locks_of(table, x)], [[1, 0, 0], [0, 1, 0]]);
  table.locks.release();
  assertEquals([table.lock_victim([a, "none"]), table.locks.victim], [a, 0]);
  table.locks.release();
  assertEquals([table.lock_rename([a, "x"], [b, "y"]), table.locks.old_node, table.locks.new_node], [0, x, y]);
  assertEquals([a, b, x, y].map((slot) => locks_of(table, slot)), [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]]);
  table.locks.release();
  assertEquals([table.lock_rename([a, "x"], [a, "x"]), table.locks.old_node, table.locks.new_node], [0, x, 0]);
  assertEquals(locks_of(table, a), [2, 0, 0]);
  table.locks.release();
  assertEquals([table.lock_two(x, b), locks_of(table, a), locks_of(table, b)], [b, [1, 0, 0], [1, 0, 0]]);
  table.locks.release();
  assertEquals(broken_invariants(table.arena), []);
});

Deno.test("renaming into the own subtree, or over an own ancestor, is refused", () => {
  const table = Table.create();
  const c = table.remember_path("a/b/c");
  const b = table.nodes.parent_of(c);
  const a = table.nodes.parent_of(b);
  assertEquals(table.lock_rename([ROOT, "a"], [c, "x"]), -EINVAL);
  assertEquals(table.lock_rename([ROOT, "a"], [a, "x"]), -EINVAL);
  assertEquals(table.lock_rename([b, "c"], [ROOT, "a"]), -EINVAL);
  assertEquals(broken_invariants(table.arena), []);
});

Deno.test("a request on what was removed is stale, and locks nothing", () => {
  const table = Table.create();
  const file = table.remember_path("a/file");
  const a = table.nodes.parent_of(file);
  table.nodes.detach(a);
  assertEquals([table.lock_path(file), table.lock_victim([a, "file"]), table.lock_two(ROOT, file)], [
    -ESTALE,
    -ESTALE,
    -ESTALE,
  ]);
  assertEquals([table.lock_two(file, ROOT), table.lock_rename([ROOT, "x"], [a, "y"])], [-ESTALE, -ESTALE]);
  assertEquals(table.lock_rename([a, "x"], [ROOT, "y"]), -ESTALE);
  assertEquals(broken_invariants(table.arena), []);
});

Deno.test("FORGET does not wait: the last unlock drops the node", () => {
  const table = Table.create();
  const [first, second] = [new Table(table.arena, 1), new Table(table.arena, 2)];
  const file = table.remember_path("a/file");
  first.lock_path(file);
  second.lock_path(file);
  table.forget(file);
  table.forget(table.nodes.parent_of(file));
  first.locks.release();
  assertEquals(table.nodes.count, 3);
  second.locks.release();
  assertEquals(table.nodes.count, 1);
  assertEquals(broken_invariants(table.arena), []);
});

Deno.test("shared locks of several threads go together", async () => {
  await with_state_threads(2, NEVER_MS, async (table, one, other) => {
    const file = table.remember_path("a/file");
    table.lock_path(file);
    assertEquals(await one!.call("lock_path", file), "a/file");
    assertEquals(await other!.call("lock_two", file, table.nodes.parent_of(file)), table.nodes.parent_of(file));
    for (const thread of [one!, other!]) assertEquals(await thread.call("waits"), 0);
    for (const thread of [one!, other!]) await thread.call("release");
    table.locks.release();
  });
});

Deno.test("an exclusive lock waits for a shared one on the node and below it", async () => {
  await with_state_threads(1, NEVER_MS, async (table, thread) => {
    const file = table.remember_path("d/file");
    const directory = table.nodes.parent_of(file);
    for (const held of [file, directory]) {
      table.lock_path(held);
      const waiting = thread!.call("lock_victim", [ROOT, "d"]);
      await until_waiting(table, 1);
      table.locks.release();
      assertEquals(await waiting, [ROOT, directory]);
      await thread!.call("release");
    }
    assertEquals(await thread!.call("waits"), 2);
  });
});

Deno.test("a rename takes all its locks at once or none", async () => {
  await with_state_threads(1, NEVER_MS, async (table, thread) => {
    const [x, y] = [table.remember_path("a/x"), table.remember_path("b/y")];
    const [a, b] = [table.nodes.parent_of(x), table.nodes.parent_of(y)];
    for (const held of [x, y]) {
      table.lock_path(held);
      const waiting = thread!.call("lock_rename", [a, "x"], [b, "y"]);
      await until_waiting(table, 1);
      const others = [a, b, x, y].filter((slot) => slot !== held && slot !== table.nodes.parent_of(held));
      for (const slot of others) assertEquals(locks_of(table, slot), [0, 0, 0]);
      table.locks.release();
      assertEquals(await waiting, [0, x, y]);
      await thread!.call("release");
    }
  });
});

Deno.test("shared locks wait for an exclusive one, and find out what became of the node", async () => {
  await with_state_threads(2, NEVER_MS, async (table, one, other) => {
    const file = table.remember_path("d/file");
    const directory = table.nodes.parent_of(file);
    table.lock_rename([ROOT, "d"], [ROOT, "e"]);
    const reading = one!.call("lock_path", file);
    const linking = other!.call("lock_two", ROOT, file);
    await until_waiting(table, 2);
    table.move(directory, [ROOT, "e"]);
    table.locks.release();
    assertEquals([await reading, await linking], ["e/file", file]);
    for (const thread of [one!, other!]) await thread.call("release");
    table.lock_victim([directory, "file"]);
    const late = one!.call("lock_path", file);
    await until_waiting(table, 1);
    table.nodes.detach(file);
    table.locks.release();
    assertEquals(await late, -ESTALE);
  });
});

Deno.test("exclusive locks on one name come one after the other", async () => {
  await with_state_threads(2, NEVER_MS, async (table, one, other) => {
    const x = table.remember_path("x");
    table.lock_victim([ROOT, "x"]);
    const removing = one!.call("lock_victim", [ROOT, "x"]);
    const renaming = other!.call("lock_rename", [ROOT, "y"], [ROOT, "x"]);
    await until_waiting(table, 2);
    table.nodes.detach(x);
    table.locks.release();
    assertEquals([await removing, await renaming], [[ROOT, 0], [0, 0, 0]]);
    for (const thread of [one!, other!]) await thread.call("release");
  });
});

Deno.test("a hung request stops nobody on other paths, nor shared ones on its own", async () => {
  await with_state_threads(2, NEVER_MS, async (table, waiter, passer) => {
    const hung = table.remember_path("a/hung");
    const a = table.nodes.parent_of(hung);
    const other = table.remember_path("b/other");
    table.lock_path(hung);
    const waiting = waiter!.call("lock_victim", [a, "hung"]);
    await until_waiting(table, 1);
    assertEquals(await passer!.call("lock_path", other), "b/other");
    await passer!.call("release");
    assertEquals(await passer!.call("lock_victim", [table.nodes.parent_of(other), "other"]), [
      table.nodes.parent_of(other),
      other,
    ]);
    await passer!.call("release");
    assertEquals(await passer!.call("lock_victim", [a, "new"]), [a, 0]);
    await passer!.call("release");
    // The exclusive one that waits does not stop a later shared one either.
    assertEquals(await passer!.call("lock_path", hung), "a/hung");
    await passer!.call("release");
    assertEquals(await passer!.call("waits"), 0);
    table.locks.release();
    await waiting;
    await waiter!.call("release");
  });
});

Deno.test("after its patience an exclusive lock goes before later shared ones", async () => {
  await with_state_threads(2, 1, async (table, waiter, later) => {
    const file = table.remember_path("d/file");
    const directory = table.nodes.parent_of(file);
    table.lock_path(file);
    const waiting = waiter!.call("lock_victim", [ROOT, "d"]);
    await wait_until("its patience is over", () => table.word(directory, N_WANTED) === 2);
    const reading = later!.call("lock_path", file);
    await until_waiting(table, 2);
    assertEquals(locks_of(table, file)[0], 1);
    table.locks.release();
    assertEquals([await waiting, locks_of(table, directory)], [[ROOT, directory], [0, 2, 0]]);
    await waiter!.call("detach", directory);
    await waiter!.call("release");
    assertEquals(await reading, -ESTALE);
  });
});

Deno.test("who waited too long for two nodes goes before later exclusive locks on one of them", async () => {
  await with_state_threads(2, 1, async (table, waiter, later) => {
    await later!.call("attach", table.arena.address(), 2, NEVER_MS);
    const [x, y] = [table.remember_path("x"), table.remember_path("y")];
    table.lock_path(y);
    const renaming = waiter!.call("lock_rename", [ROOT, "x"], [ROOT, "y"]);
    await wait_until("its patience is over", () => table.word(x, N_WANTED) === 2);
    const removing = later!.call("lock_victim", [ROOT, "x"]);
    await until_waiting(table, 2);
    table.locks.release();
    assertEquals(await renaming, [0, x, y]);
    await waiter!.call("move", x, [ROOT, "y"]);
    await waiter!.call("release");
    assertEquals(await removing, [ROOT, 0]);
    await later!.call("release");
  });
});

Deno.test("two directories that are renamed into each other do not wait for each other's claim", async () => {
  await with_state_threads(2, 1, async (table, ...threads) => {
    const [x, y] = [table.remember_path("x"), table.remember_path("y")];
    const holder = new Table(table.arena, 3);
    table.lock_path(x);
    holder.lock_path(y);
    const finish = async (thread: Thread, from: Place, to: Place) => {
      const result = await thread.call("lock_rename", from, to);
      await thread.call("release");
      return result;
    };
    const first = finish(threads[0]!, [ROOT, "x"], [y, "n"]);
    const second = finish(threads[1]!, [ROOT, "y"], [x, "n"]);
    await wait_until("both claim", () => table.word(x, N_WANTED) === 2 && table.word(y, N_WANTED) === 3);
    table.locks.release();
    holder.locks.release();
    assertEquals(await Promise.all([first, second]), [[0, x, 0], [0, y, 0]]);
  });
});

Deno.test("who waited too long and then gets an error lets those behind it go on", async () => {
  await with_state_threads(2, 1, async (table, waiter, later) => {
    await later!.call("attach", table.arena.address(), 2, NEVER_MS);
    const file = table.remember_path("d/e/file");
    const e = table.nodes.parent_of(file);
    const d = table.nodes.parent_of(e);
    table.lock_path(file);
    const waiting = waiter!.call("lock_victim", [d, "e"]);
    await wait_until("its patience is over", () => table.word(e, N_WANTED) === 2);
    const reading = later!.call("lock_path", e);
    await until_waiting(table, 2);
    // Nobody releases anything: the first one looks again by itself, the second is woken by it.
    table.nodes.detach(d);
    assertEquals([await waiting, await reading], [[-ESTALE, 0], -ESTALE]);
    assertEquals(table.word(e, N_WANTED), 0);
    table.locks.release();
  });
});

Deno.test("a claim ends when the name it was for leads elsewhere", async () => {
  await with_state_threads(1, 1, async (table, waiter) => {
    const [former, next] = [table.remember_path("name"), table.remember_path("next")];
    const holder = new Table(table.arena, 3);
    table.lock_rename([ROOT, "name"], [ROOT, "away"]);
    holder.lock_path(next);
    const waiting = waiter!.call("lock_victim", [ROOT, "name"]);
    await wait_until("its patience is over", () => table.word(former, N_WANTED) === 2);
    table.nodes.exchange(former, next);
    table.locks.release();
    await wait_until("it wants the other node", () => table.word(next, N_WANTED) === 2);
    assertEquals(locks_of(table, former), [0, 0, 0]);
    holder.locks.release();
    assertEquals(await waiting, [ROOT, next]);
    await waiter!.call("release");
  });
});

Deno.test("a request that waits for its directory claims nothing of the request before it", async () => {
  await with_state_threads(1, 0, async (table, waiter) => {
    const file = table.remember_path("d/file");
    const before = table.remember_path("before");
    const in_directory = [table.nodes.parent_of(file), "file"];
    for (const request of ["lock_victim", "lock_rename"]) {
      await waiter!.call(request, [ROOT, "before"], [ROOT, "none"]);
      await waiter!.call("release");
      table.lock_victim([ROOT, "d"]);
      const waiting = waiter!.call(request, in_directory, in_directory);
      await until_waiting(table, 1);
      assertEquals(table.word(before, N_WANTED), 0);
      table.locks.release();
      await waiting;
      await waiter!.call("release");
    }
  });
});

Deno.test("requests that all waited too long do not wait for each other in a ring", async () => {
  await with_state_threads(4, 1, async (table, ...threads) => {
    const nodes = ["x", "y", "z"].map((name) => table.remember_path(name));
    const request = async (thread: number, kind: string, ...names: string[]) => {
      await threads[thread]!.call(kind, ...names.map((name) => [ROOT, name]));
      await threads[thread]!.call("release");
    };
    const claimed = (node: number, thread: number) =>
      wait_until(`thread ${thread} claims`, () => table.word(nodes[node]!, N_WANTED) === thread + 2);
    for (let round = 0; round < 10; round++) {
      const holders = nodes.map((slot, i) => {
        const holder = new Table(table.arena, 10 + i);
        holder.lock_path(slot);
        return holder;
      });
      const removing = request(0, "lock_victim", "z");
      await claimed(2, 0);
      const second = request(1, "lock_rename", "y", "z");
      await claimed(1, 1);
      const third = request(2, "lock_rename", "x", "y");
      await claimed(0, 2);
      const fourth = request(3, "lock_rename", "z", "x");
      await until_waiting(table, 4);
      // The claim on z is free for whoever looks first; if that is the fourth, each has what another one wants.
      holders[2]!.locks.release();
      await removing;
      for (const holder of holders) holder.locks.release();
      await Promise.all([second, third, fourth]);
    }
  });
});

Deno.test("a release between looking and sleeping is not slept through", () => {
  const DEADLINE_MS = 30_000;
  const table = Table.create();
  const other = new Table(table.arena, 1);
  other.lock_path(table.remember_path("a"));
  const lock = table.nodes.table;
  const unlock = lock.unlock.bind(lock);
  lock.lock();
  lock.unlock = () => {
    unlock();
    other.locks.release();
  };
  const started_ms = performance.now();
  table.locks.sleep_until_release(DEADLINE_MS);
  assertEquals(performance.now() - started_ms < DEADLINE_MS, true);
  assertEquals(broken_invariants(table.arena), []);
});

Deno.test("several workers at once: nobody has what another has, no wake-up is lost, nothing is left", async () => {
  const WORKERS = 4;
  for (const patience_ms of [NEVER_MS, 0]) {
    await with_state_threads(WORKERS, patience_ms, async (table, ...threads) => {
      const held = new Int32Array(new SharedArrayBuffer(4096));
      const rounds = threads.map((thread, i) => thread.call("stress_locks", i + 1, 4000, held));
      assertEquals(await Promise.all(rounds), threads.map(() => 0));
      assertEquals(table.nodes.count, 1);
    });
  }
});
