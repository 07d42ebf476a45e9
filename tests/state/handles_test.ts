// The handle table (operations §16.2, §16.3, §30.7): a canonical handle outlives its own release, directory handles serve
// one request at a time.

import { assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { EAGAIN, EBADF, ENFILE } from "../../src/base/errno.ts";
import { broken_invariants } from "../support/invariants.ts";
import * as at from "../../src/state/layout.ts";
import { Table } from "../support/table.ts";
import { with_threads } from "../support/threads.ts";
import { wait_until } from "../support/wait_until.ts";

const STATE_THREAD = new URL("../support/state_thread.ts", import.meta.url);
const ROOT = at.ROOT_SLOT;
const NEVER_MS = 600_000;

// Opens as the daemon does: the first one as canonical, the others beside it.
function open(table: Table, node: number, fd: number): number {
  const pinned = table.handles.pin(node) >= 0;
  return table.handles.add_file(node, fd, 1, 2, 4, pinned);
}

function release(table: Table, handle: number): number[] {
  table.handles.release_file(handle);
  return closing(table);
}

function closing({ handles }: Table): number[] {
  return [...handles.closing.subarray(0, handles.closing_count)];
}

function check(table: Table): void {
  assertEquals(broken_invariants(table.arena), []);
}

Deno.test("a handle keeps what it was made with, and its number means nothing once it is free", () => {
  const table = Table.create();
  const { handles } = table;
  const node = table.remember(ROOT, "f");
  const handle = handles.add_file(node, 50, 3, 0x8002, 0x21, false);
  const words = [at.F_NODE, at.F_FD, at.F_BRANCH, at.F_FLAGS, at.F_REPLY_FLAGS].map((word) =>
    handles.word(handle, word)
  );
  assertEquals(words, [node, 50, 3, 0x8002, 0x21]);
  assertEquals([handle, handles.reuse_of(handle), handles.canonical_of(node)], [1, 0, handle]);
  handles.set_path_hash(handle, -5, 6);
  assertEquals([handles.word(handle, at.F_PATH_HASH_LOW), handles.word(handle, at.F_PATH_HASH_HIGH)], [-5, 6]);
  const find = (high: number, kind = at.KIND_FILE) => handles.find(handle, high, kind);
  assertEquals([find(0), find(1), find(0, at.KIND_DIRECTORY)], [handle, 0, 0]);
  assertEquals([handles.find(0, 0, at.KIND_FILE), handles.find(2, 0, at.KIND_FILE), handles.find(-1, 0, 1)], [0, 0, 0]);
  assertEquals([release(table, handle), find(0), find(1)], [[50], 0, 0]);
  assertEquals([open(table, node, 51), handles.reuse_of(handle), find(0), find(1)], [handle, 1, 0, handle]);
  assertEquals(handles.word(handle, at.F_PATH_HASH_LOW), 0);
  check(table);
});

Deno.test("nine opens of one node: the first descriptor stays until the last handle is gone", () => {
  const table = Table.create();
  const node = table.remember(ROOT, "f");
  const opened = Array.from({ length: 9 }, (_, i) => open(table, node, 100 + i));
  assertEquals(table.word(node, at.N_OPENS), 9);
  assertEquals(release(table, opened[0]!), []); // the canonical one: nine descriptors still
  assertEquals(table.handles.find(opened[0]!, 0, at.KIND_FILE), 0);
  check(table);
  assertEquals(table.handles.pin(node), 100);
  table.handles.unpin(node);
  assertEquals(closing(table), []);
  for (const i of [8, 1, 4, 5, 2, 7, 3]) assertEquals(release(table, opened[i]!), [100 + i]);
  check(table);
  assertEquals(release(table, opened[6]!), [106, 100]);
  assertEquals([table.handles.canonical_of(node), table.handles.pin(node)], [0, -EBADF]);
  check(table);
});

Deno.test("the canonical handle released last closes once", () => {
  const table = Table.create();
  const node = table.remember(ROOT, "f");
  const [first, second] = [open(table, node, 100), open(table, node, 101)];
  assertEquals([release(table, second), release(table, first)], [[101], [100]]);
  check(table);
});

Deno.test("an open file keeps its node, the last release drops it", () => {
  const table = Table.create();
  const node = table.remember_path("d/f");
  const handle = open(table, node, 100);
  table.forget(table.nodes.parent_of(node));
  table.nodes.detach(node);
  table.forget(node);
  assertEquals([table.nodes.count, table.handles.pin(node)], [2, 100]);
  release(table, handle);
  assertEquals(table.nodes.count, 2);
  table.handles.unpin(node);
  assertEquals([closing(table), table.nodes.count], [[100], 1]);
  check(table);
});

Deno.test("who opens a node that another thread has just opened starts over", () => {
  const table = Table.create();
  const other = new Table(table.arena, 1);
  const node = table.remember(ROOT, "f");
  assertEquals([table.handles.pin(node), other.handles.pin(node)], [-EBADF, -EBADF]);
  const first = table.handles.add_file(node, 100, 1, 0, 0, false);
  assertEquals(other.handles.add_file(node, 101, 2, 0, 0, false), -EAGAIN);
  assertEquals(other.handles.pin(node), 100);
  const second = other.handles.add_file(node, 101, 1, 0, 0, true);
  assertEquals([release(table, first), release(other, second)], [[], [101, 100]]);
  check(table);
});

Deno.test("the backing id of the first open is every open's, until the last of them or of the pins is gone", () => {
  const table = Table.create();
  const { handles } = table;
  const node = table.remember(ROOT, "f");
  const add = (fd: number, pinned: boolean, backing: number) => handles.add_file(node, fd, 1, 2, 4, pinned, backing);
  const first = add(100, false, 7);
  assertEquals([add(101, false, 8), handles.backing_of(node)], [-EAGAIN, 7]);
  handles.pin(node);
  const second = add(102, true, 0);
  handles.pin(node);
  for (const handle of [first, second]) {
    release(table, handle);
    assertEquals([handles.closing_backing, handles.backing_of(node)], [0, 7]);
  }
  handles.unpin(node);
  assertEquals([handles.closing_backing, closing(table), handles.backing_of(node)], [7, [100], 0]);
  const without = add(103, false, 0);
  handles.pin(node);
  const third = add(104, true, 9);
  assertEquals(handles.backing_of(node), 0);
  release(table, without);
  release(table, third);
  assertEquals([handles.closing_backing, closing(table)], [0, [104, 103]]);
  check(table);
});

Deno.test("what was open for reading and writing with a backing id may be mapped, until somebody has looked", () => {
  const table = Table.create();
  const { handles } = table;
  const [RDONLY, WRONLY, RDWR] = [0, 1, 2];
  const cases: readonly (readonly [flags: number, backing: number, expected: boolean])[] = [
    [RDONLY, 7, false],
    [WRONLY, 7, false],
    [RDWR, 7, true],
    [RDWR, 0, false],
  ];
  for (const [at_case, [flags, backing, expected]] of cases.entries()) {
    const node = table.remember(ROOT, `f${at_case}`);
    const first = handles.add_file(node, 100, 1, RDONLY, 0, false, backing);
    handles.pin(node);
    release(table, handles.add_file(node, 101, 1, flags, 0, true));
    assertEquals(handles.has_backing(node), backing !== 0);
    release(table, first);
    assertEquals(handles.has_backing(node), expected);
    handles.set_mappable(node, !expected);
    assertEquals([handles.has_backing(node), handles.backing_of(node)], [!expected, 0]);
  }
  check(table);
});

Deno.test("a full table answers ENFILE and counts nothing", () => {
  const table = Table.create();
  const node = table.remember(ROOT, "f");
  const { header } = table.arena;
  const top = header[at.H_HANDLE_TOP]!;
  header[at.H_HANDLE_TOP] = at.HANDLES_MAX;
  assertEquals([open(table, node, 100), table.handles.add_directory(ROOT)], [-ENFILE, -ENFILE]);
  header[at.H_HANDLE_TOP] = top;
  assertEquals(table.word(node, at.N_OPENS), 0);
  check(table);
});

Deno.test("a directory handle: listing, lock, release", () => {
  const table = Table.create();
  const { handles } = table;
  const handle = handles.add_directory(ROOT);
  assertEquals([handles.word(handle, at.F_NODE), handles.word(handle, at.F_FD)], [ROOT, -1]);
  assertEquals([handles.find(handle, 0, at.KIND_DIRECTORY), handles.find(handle, 0, at.KIND_FILE)], [handle, 0]);
  assertEquals([handles.lock_directory(handle, 1), handles.lock_directory(handle, 0)], [-EBADF, handle]);
  handles.set_listing(handle, 60, 12, 4096);
  handles.unlock_directory(handle);
  assertEquals([at.F_LISTING_COUNT, at.F_LISTING_INDEX].map((word) => handles.word(handle, word)), [12, 4096]);
  handles.lock_directory(handle, 0);
  assertEquals([handles.release_directory(handle), handles.lock_directory(handle, 0)], [60, -EBADF]);
  const again = handles.add_directory(ROOT);
  assertEquals([again, handles.reuse_of(again), handles.word(again, at.F_LISTING_COUNT)], [handle, 1, 0]);
  check(table);
});

Deno.test("requests on one directory handle wait for each other, those behind its release find it gone", async () => {
  const table = Table.create();
  const { handles } = table;
  await with_threads(STATE_THREAD, 2, async (...threads) => {
    for (const [i, thread] of threads.entries()) await thread.call("attach", table.arena.address(), i + 1, NEVER_MS);
    const waiters = (count: number) =>
      wait_until(`${count} wait`, () => table.arena.header[at.H_RELEASE_WAITERS] === count);
    const [handle, other] = [handles.add_directory(ROOT), handles.add_directory(ROOT)];
    handles.lock_directory(handle, 0);
    assertEquals(await threads[1]!.call("lock_directory", other, 0), other);
    await threads[1]!.call("unlock_directory", other);
    const waiting = threads[0]!.call("lock_directory", handle, 0);
    await waiters(1);
    handles.unlock_directory(handle);
    assertEquals(await waiting, handle);
    await threads[0]!.call("unlock_directory", handle);
    handles.lock_directory(handle, 0);
    const late = threads.map((thread) => thread.call("lock_directory", handle, 0));
    await waiters(2);
    handles.release_directory(handle);
    assertNotEquals(handles.add_directory(ROOT), other);
    assertEquals(await Promise.all(late), [-EBADF, -EBADF]);
    assertEquals(handles.word(handle, at.F_BUSY), 0);
  });
  check(table);
});

Deno.test("pins race with releases: the canonical descriptor is closed once, by the last of them", async () => {
  const ROUNDS = 20_000;
  const table = Table.create();
  const node = table.remember(ROOT, "f");
  await with_threads(STATE_THREAD, 2, async (...threads) => {
    for (const [i, thread] of threads.entries()) await thread.call("attach", table.arena.address(), i + 1, NEVER_MS);
    const pinning = threads.map((thread) => thread.call("pin_rounds", node, ROUNDS) as Promise<number[]>);
    const closed: number[] = [];
    const opened: number[] = [];
    for (let fd = 1; fd <= ROUNDS; fd++) {
      const handle = table.handles.add_file(node, fd, 1, 0, 0, false);
      if (handle < 0) continue; // a pin still keeps the one before
      opened.push(fd);
      closed.push(...release(table, handle));
    }
    for (const [_pinned, ...fds] of await Promise.all(pinning)) closed.push(...fds);
    assertEquals(closed.sort((a, b) => a - b), opened);
  });
  check(table);
});

Deno.test("opens, pins and releases against a model", () => {
  const table = Table.create();
  const nodes = ["a", "b", "c"].map((name) => table.remember(ROOT, name));
  const kinds = ["open", "open", "release", "release", "pin", "unpin"] as const;
  const command = fc.tuple(fc.constantFrom(...kinds), fc.nat(2), fc.nat(20));
  fc.assert(fc.property(fc.array(command, { maxLength: 60, size: "max" }), (commands) => {
    const model = nodes.map(() => ({ canonical: 0, open: [] as { fd: number; handle: number }[], pins: 0 }));
    let last_fd = 0;
    const expected_closing = (n: number, fd: number) => {
      const { canonical, open, pins } = model[n]!;
      const closed = fd === 0 || fd === canonical ? [] : [fd];
      if (open.length + pins > 0) return closed;
      model[n]!.canonical = 0;
      return [...closed, canonical];
    };
    const drop = (n: number, which: number) => {
      const [gone] = model[n]!.open.splice(which % model[n]!.open.length, 1);
      assertEquals(release(table, gone!.handle), expected_closing(n, gone!.fd));
    };
    const unpin = (n: number) => {
      model[n]!.pins--;
      table.handles.unpin(nodes[n]!);
      assertEquals(closing(table), expected_closing(n, 0));
    };
    for (const [kind, n, which] of commands) {
      const { canonical, open: opened, pins } = model[n]!;
      if (kind === "open") {
        const fd = ++last_fd;
        opened.push({ fd, handle: open(table, nodes[n]!, fd) });
        if (canonical === 0) model[n]!.canonical = fd;
      } else if (kind === "pin") {
        assertEquals(table.handles.pin(nodes[n]!), canonical === 0 ? -EBADF : canonical);
        if (canonical !== 0) model[n]!.pins++;
      } else if (kind === "unpin" && pins > 0) unpin(n);
      else if (kind === "release" && opened.length > 0) drop(n, which);
    }
    model.forEach((_, n) => {
      while (model[n]!.pins > 0) unpin(n);
    });
    check(table);
    model.forEach((_, n) => {
      while (model[n]!.open.length > 0) drop(n, 0);
    });
    check(table);
    assertEquals(table.arena.header[at.H_HANDLE_COUNT], 0);
  }));
});

Deno.test("a file that may be mapped and a name that stands for another object are two things", () => {
  const table = Table.create();
  const [mapped, replaced] = [table.remember(at.ROOT_SLOT, "mapped"), table.remember(at.ROOT_SLOT, "replaced")];
  table.handles.set_mappable(mapped, true);
  table.nodes.supersede(replaced);
  assertEquals([mapped, replaced].map((node) => table.nodes.is_superseded(node)), [false, true]);
  assertEquals([mapped, replaced].map((node) => table.handles.has_backing(node)), [true, false]);
});
