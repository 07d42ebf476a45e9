// A reply that the kernel did not want any more: what it gave is taken back (operations §7.7).

import { assertEquals } from "@std/assert";
import { undo_reply } from "../../src/ops/undo.ts";
import { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } from "../../src/sys/file.ts";
import * as at from "../../src/state/layout.ts";
import { Pool, with_pool } from "../support/handler.ts";
import * as wire from "../support/wire.ts";

/** What the kernel holds: look-ups and opens of all nodes, handles, descriptors. */
function held(pool: Pool): string {
  const { arena } = pool;
  const nodes: number[][] = [];
  for (let slot = at.ROOT_SLOT + 1; slot < arena.header[at.H_NODE_TOP]!; slot++) {
    const words = arena.nodes.subarray(slot * at.NODE_WORDS, (slot + 1) * at.NODE_WORDS);
    const is_there = (words[at.N_STATE]! & at.NODE_IN_USE) !== 0;
    if (is_there) nodes.push([slot, ...[at.N_REUSE, at.N_LOOKUPS_LOW, at.N_OPENS].map((word) => words[word]!)]);
  }
  return JSON.stringify([nodes, arena.header[at.H_HANDLE_COUNT], pool.open_descriptors().length]);
}

const NEXT = 7n;
/** Requests whose reply gives something, or might. */
const REQUESTS: Readonly<Record<string, (pool: Pool) => Uint8Array>> = {
  lookup: () => wire.lookup(NEXT, 1, "g"),
  "lookup of a known one": () => wire.lookup(NEXT, 1, "f"),
  "lookup of nothing": () => wire.lookup(NEXT, 1, "missing"),
  'lookup of "."': (pool) => wire.lookup(NEXT, pool.node("d"), "."),
  'lookup of ".."': (pool) => wire.lookup(NEXT, pool.node("d/e"), ".."),
  'lookup of the root as ".."': (pool) => wire.lookup(NEXT, pool.node("d"), ".."),
  mkdir: () => wire.mkdir(NEXT, 1, "new", 0o755),
  mknod: () => wire.mknod(NEXT, 1, "new", 0o100644),
  symlink: () => wire.symlink(NEXT, 1, "new", "target"),
  link: (pool) => wire.link(NEXT, 1, "new", pool.node("f")),
  "link of a nameless file": (pool) => wire.link(NEXT, 1, "new", nameless(pool)),
  create: () => wire.create(NEXT, 1, "new", O_CREAT | O_EXCL | O_RDWR, 0o100644),
  tmpfile: () => wire.tmpfile(NEXT, 1, O_RDWR, 0o600),
  open: (pool) => wire.open(NEXT, pool.node("f"), O_RDONLY),
  opendir: (pool) => wire.opendir(NEXT, pool.node("d")),
  readdirplus: (pool) => wire.readdirplus(NEXT, 1, pool.send(wire.opendir(1n, 1)).open().handle, 0, 4096),
  getattr: (pool) => wire.getattr(NEXT, pool.node("f")),
  "an error": () => wire.create(NEXT, 1, "d", O_CREAT | O_RDWR, 0o100644),
};
const TREE = ["0/f", "0/d/e/", "0/g", "0/h"];

function nameless(pool: Pool): bigint {
  return pool.send(wire.tmpfile(1n, 1, O_RDWR, 0o600)).entry().node;
}

for (const [name, request] of Object.entries(REQUESTS)) {
  Deno.test(`the undoing of a reply leaves what was before: ${name}`, () => {
    with_pool({ tree: TREE }, (pool) => {
      const message = request(pool);
      const before = held(pool);
      pool.send(message);
      undo_reply(pool.context);
      assertEquals(held(pool), before);
      undo_reply(pool.context);
      assertEquals(held(pool), before, "undone twice");
    });
  });
}

/** Calls `use` while the method fails in its `round`th call. */
function with_bug<Name extends string>(
  object: { [name in Name]: (...args: never[]) => unknown },
  name: Name,
  round: number,
  use: () => void,
): void {
  const method = object[name];
  let calls = 0;
  object[name] = (...args) => {
    if (++calls === round) throw new Error("made by a test");
    return method.apply(object, args);
  };
  try {
    use();
  } finally {
    object[name] = method;
  }
}

/** The request meets a bug: in the note of the attributes of its first, second, … entry, or when its reply is complete. */
function send_with_bug(pool: Pool, message: Uint8Array, entry: number): string {
  const { reply, notices } = pool.context;
  const before = pool.handler.bugs;
  let result = "";
  const send = () => result = pool.send(message).result;
  if (entry > 0) with_bug(notices, "note", entry, send);
  else with_bug(reply, "ok", 1, send);
  pool.handler.bugs = before;
  return result;
}

for (const [name, request] of Object.entries(REQUESTS)) {
  Deno.test(`a bug in the middle of a reply, or at its end, leaves what was before: ${name}`, () => {
    for (const entry of [0, 1, 2, 3]) {
      with_pool({ tree: TREE }, (pool) => {
        const message = request(pool);
        const before = held(pool);
        if (send_with_bug(pool, message, entry) !== "EIO") undo_reply(pool.context);
        assertEquals(held(pool), before, `entry ${entry}`);
      });
    }
  });
}

Deno.test("an undone look-up of a known node leaves its count", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const node = pool.node("f");
    pool.send(wire.lookup(pool.next(), 1, "f"));
    undo_reply(pool.context);
    assertEquals(pool.lookups(node), 1);
  });
});

Deno.test("an undone READDIRPLUS takes back the look-up of every entry", () => {
  with_pool({ tree: ["0/d/a", "0/d/b"] }, (pool) => {
    const node = pool.node("d");
    const kept = pool.node("d/a");
    const { handle } = pool.send(wire.opendir(pool.next(), node)).open();
    pool.send(wire.readdirplus(pool.next(), node, handle, 0, 4096));
    assertEquals([pool.lookups(kept), pool.context.nodes.count], [2, 4]);
    undo_reply(pool.context);
    assertEquals([pool.lookups(kept), pool.context.nodes.count], [1, 3]);
  });
});

Deno.test("an undone open of an open file leaves the file open", () => {
  with_pool({ tree: ["0/f:text"] }, (pool) => {
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDONLY)];
    pool.send(wire.open(pool.next(), node, O_RDONLY));
    undo_reply(pool.context);
    assertEquals(pool.open_descriptors().length, 1);
    assertEquals(pool.send(wire.read(pool.next(), node, handle, 0, 4)).text, "text");
  });
});
