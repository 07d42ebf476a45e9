// A reply that the kernel did not want any more: what it gave is taken back (operations §7.7).

import { assertEquals } from "@std/assert";
import { undo_reply } from "../../src/ops/undo.ts";
import { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } from "../../src/sys/file.ts";
import { H_HANDLE_COUNT } from "../../src/state/layout.ts";
import { Pool, with_pool } from "../support/handler.ts";
import * as wire from "../support/wire.ts";

/** What the kernel holds: look-ups of all nodes, handles, descriptors. */
function held(pool: Pool): string {
  const { nodes } = pool.context;
  const lookups = ["f", "d"].map((name) => pool.lookups(pool.node(name)));
  return JSON.stringify([nodes.count, pool.arena.header[H_HANDLE_COUNT], pool.open_descriptors().length, lookups]);
}

Deno.test("the undoing of every reply that gives something leaves what was before", () => {
  const next = 7n;
  const requests: Readonly<Record<string, (pool: Pool) => Uint8Array>> = {
    lookup: () => wire.lookup(next, 1, "g"),
    "lookup of a known one": () => wire.lookup(next, 1, "f"),
    "lookup of nothing": () => wire.lookup(next, 1, "missing"),
    mkdir: () => wire.mkdir(next, 1, "new", 0o755),
    mknod: () => wire.mknod(next, 1, "new", 0o100644),
    symlink: () => wire.symlink(next, 1, "new", "target"),
    link: (pool) => wire.link(next, 1, "new", pool.node("f")),
    create: () => wire.create(next, 1, "new", O_CREAT | O_EXCL | O_RDWR, 0o100644),
    tmpfile: () => wire.tmpfile(next, 1, O_RDWR, 0o600),
    open: (pool) => wire.open(next, pool.node("f"), O_RDONLY),
    opendir: (pool) => wire.opendir(next, pool.node("d")),
    getattr: (pool) => wire.getattr(next, pool.node("f")),
    "an error": () => wire.create(next, 1, "d", O_CREAT | O_RDWR, 0o100644),
  };
  for (const [name, request] of Object.entries(requests)) {
    with_pool({ tree: ["0/f", "0/d/", "0/g"] }, (pool) => {
      const message = request(pool);
      const before = held(pool);
      pool.send(message);
      undo_reply(pool.context);
      // The counting itself adds one look-up each time.
      assertEquals(held(pool).replace(/\[\d+,\d+\]\]$/, ""), before.replace(/\[\d+,\d+\]\]$/, ""), name);
    });
  }
});

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
