// A change through one name of a file: the kernel is told to drop the attributes of the others (departures D8).

import { assertEquals } from "@std/assert";
import { O_RDWR } from "../../src/sys/file.ts";
import { Pool, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

/** Files a, b, c are one object, x and y another; all are known to the kernel. */
function with_links(use: (pool: Pool, nodes: Record<string, bigint>) => void): void {
  with_pool({ tree: ["0/a", "0/x"] }, (pool) => {
    for (const name of ["b", "c"]) Deno.linkSync(pool.on(0, "a"), pool.on(0, name));
    Deno.linkSync(pool.on(0, "x"), pool.on(0, "y"));
    const nodes: Record<string, bigint> = {};
    for (const name of ["a", "b", "c", "x", "y"]) nodes[name] = pool.node(name);
    use(pool, nodes);
  });
}

/** Names whose attributes the last request made stale, sorted. */
function told(pool: Pool, nodes: Record<string, bigint>): string[] {
  const { notices } = pool.context;
  const ids = Array.from(
    { length: notices.count },
    (_item, i) => BigInt(notices.slots[i]!) | (BigInt(notices.reuses[i]! >>> 0) << 32n),
  );
  return ids.map((id) => Object.keys(nodes).find((name) => nodes[name] === id) ?? `${id}`).sort();
}

Deno.test("a change of attributes or data is told to the other names", () => {
  const changes: Readonly<Record<string, (pool: Pool, node: bigint) => void>> = {
    mode: (pool, node) => pool.send(wire.setattr(pool.next(), node, { mode: 0o600 })),
    exchange: (pool) => calls.rename(pool, "single", "a", 2),
    size: (pool, node) => pool.send(wire.setattr(pool.next(), node, { size: 9 })),
    xattr: (pool, node) => pool.send(wire.setxattr(pool.next(), node, "user.a", "b")),
    write: (pool, node) => pool.send(wire.write(pool.next(), node, pool.open("a", O_RDWR), 0, Uint8Array.of(1))),
    fallocate: (pool, node) => pool.send(wire.fallocate(pool.next(), node, pool.open("a", O_RDWR), 0, 0, 9)),
  };
  for (const [name, change] of Object.entries(changes)) {
    with_links((pool, nodes) => {
      pool.make("0/single");
      change(pool, nodes.a!);
      assertEquals(told(pool, nodes), ["b", "c"], name);
    });
  }
});

Deno.test("a change that fails half-way is told as well", () => {
  with_links((pool, nodes) => {
    const answer = pool.send(wire.setattr(pool.next(), nodes.a!, { mode: 0o600, size: -1n }));
    assertEquals([answer.result, told(pool, nodes)], ["EINVAL", ["b", "c"]]);
  });
});

Deno.test("reading is told to nobody, nor is a change of a file with one name", () => {
  with_links((pool, nodes) => {
    calls.getattr(pool, "a");
    assertEquals(told(pool, nodes), []);
    pool.make("0/single");
    calls.setattr(pool, "single", { mode: 0o600 });
    assertEquals(told(pool, nodes), []);
  });
});

Deno.test("unlink and link are told to all other names, for their link count", () => {
  with_links((pool, nodes) => {
    calls.unlink(pool, "a");
    assertEquals(told(pool, nodes), ["b", "c"]);
    calls.link(pool, "b", "new");
    assertEquals(told(pool, { ...nodes, new: 0n }).filter((name) => name === "b" || name === "c"), ["b", "c"]);
  });
});

Deno.test("a rename is told to the other names of the file, and to those of the file it replaced", () => {
  with_links((pool, nodes) => {
    calls.rename(pool, "a", "x");
    assertEquals(told(pool, nodes).filter((name) => name !== "a"), ["b", "c", "y"]);
  });
});

Deno.test("attributes by a handle of a node that nobody knows leave the index sound", () => {
  with_links((pool, nodes) => {
    const handle = pool.open("a", O_RDWR);
    assertEquals(pool.send(wire.getattr(pool.next(), 99999, handle)).attr.nlink, 3);
    pool.send(wire.setattr(pool.next(), nodes.b!, { mode: 0o600 }));
    assertEquals(told(pool, nodes), ["a", "c"]);
  });
});
