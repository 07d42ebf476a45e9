// A change through one name of a file: the kernel is told to drop the attributes of the others (departures D8).

import { assertEquals } from "@std/assert";
import { ENOENT } from "../../src/base/errno.ts";
import { O_RDONLY, O_RDWR, O_TRUNC } from "../../src/sys/file.ts";
import { RENAME_EXCHANGE } from "../../src/sys/path.ts";
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
  return pool.stale_nodes().map((id) => Object.keys(nodes).find((name) => nodes[name] === id) ?? `${id}`).sort();
}

Deno.test("a change of attributes or data is told to the other names", () => {
  const changes: Readonly<Record<string, (pool: Pool, node: bigint) => void>> = {
    mode: (pool, node) => pool.send(wire.setattr(pool.next(), node, { mode: 0o600 })),
    exchange: (pool) => calls.rename(pool, "single", "a", 2),
    size: (pool, node) => pool.send(wire.setattr(pool.next(), node, { size: 9 })),
    xattr: (pool, node) => pool.send(wire.setxattr(pool.next(), node, "user.a", "b")),
    write: (pool, node) => pool.send(wire.write(pool.next(), node, pool.open("a", O_RDWR), 0, Uint8Array.of(1))),
    fallocate: (pool, node) => pool.send(wire.fallocate(pool.next(), node, pool.open("a", O_RDWR), 0, 0, 9)),
    times: (pool, node) => pool.send(wire.setattr(pool.next(), node, { mtime: { s: 1 } })),
    "open with O_TRUNC": (pool, node) => pool.send(wire.open(pool.next(), node, O_RDWR | O_TRUNC)),
    "a removed xattr": (pool, node) => {
      pool.send(wire.setxattr(pool.next(), node, "user.a", "b"));
      pool.send(wire.removexattr(pool.next(), node, "user.a"));
    },
    "size by handle": (pool, node) => {
      const handle = pool.open("a", O_RDWR);
      pool.send(wire.setattr(pool.next(), node, { size: 2, fh: handle }));
    },
    copy_file_range: (pool, node) => {
      const [from, handle] = [pool.open("x", O_RDONLY), pool.open("a", O_RDWR)];
      pool.send(wire.copy_file_range(pool.next(), pool.node("x"), from, 0, node, handle, 0, 1));
    },
    "write after its name is gone": (pool, node) => {
      const handle = pool.open("a", O_RDWR);
      calls.unlink(pool, "a");
      pool.send(wire.write(pool.next(), node, handle, 0, Uint8Array.of(1)));
    },
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

Deno.test("unlink is told to all other names, for their link count", () => {
  with_links((pool, nodes) => {
    calls.unlink(pool, "a");
    assertEquals(told(pool, nodes), ["b", "c"]);
  });
});

Deno.test("link is told to all other names, the one it was given included", () => {
  with_links((pool, nodes) => {
    calls.link(pool, "b", "new");
    assertEquals(told(pool, nodes), ["a", "b", "c"]);
  });
});

Deno.test("the second name of a file is told to the first one, which had no other until then", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const node = pool.node("f");
    calls.link(pool, "f", "second");
    assertEquals(told(pool, { f: node }), ["f"]);
  });
});

Deno.test("a rename is told to the other names of the file, and to those of the file it replaced", () => {
  with_links((pool, nodes) => {
    calls.rename(pool, "a", "x");
    assertEquals(told(pool, nodes).filter((name) => name !== "a"), ["b", "c", "y"]);
  });
});

Deno.test("an exchange of two names is told to the other names of both files", () => {
  with_links((pool, nodes) => {
    assertEquals(calls.rename(pool, "a", "x", RENAME_EXCHANGE).result, "ok");
    assertEquals(told(pool, nodes), ["b", "c", "y"]);
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

Deno.test("who was told is told again only when the kernel has got its attributes again, in whatever reply", () => {
  const replies: Readonly<Record<string, (pool: Pool, node: bigint) => void>> = {
    LOOKUP: (pool) => pool.lookup("b"),
    GETATTR: (pool, node) => pool.send(wire.getattr(pool.next(), node)),
    STATX: (pool, node) => pool.send(wire.statx(pool.next(), node, 0, 0x7ff)),
    SETATTR: (pool, node) => {
      pool.send(wire.setattr(pool.next(), node, { mode: 0o604 }));
      told(pool, {});
    },
    READDIRPLUS: (pool) => {
      const { handle } = pool.send(wire.opendir(pool.next(), 1)).open();
      pool.send(wire.readdirplus(pool.next(), 1, handle, 0, 4096));
    },
  };
  for (const [name, get_attributes] of Object.entries(replies)) {
    with_links((pool, nodes) => {
      const change = () => {
        pool.send(wire.setattr(pool.next(), nodes.a!, { mode: 0o600 }));
        return told(pool, nodes);
      };
      assertEquals([change(), change()], [["b", "c"], []], name);
      get_attributes(pool, nodes.b!);
      assertEquals(change().includes("b"), true, name);
      assertEquals(change(), [], name);
    });
  }
});

Deno.test("a name that was told and not asked for since still tells the others", () => {
  with_links((pool, nodes) => {
    const set_mode = (node: bigint) => pool.send(wire.setattr(pool.next(), node, { mode: 0o600 }));
    set_mode(nodes.a!);
    assertEquals(told(pool, nodes), ["b", "c"]);
    set_mode(nodes.b!);
    assertEquals(told(pool, nodes), ["a"]);
  });
});

Deno.test("a node that the kernel does not know yet is told again: its first attributes may be on their way", () => {
  with_links((pool, nodes) => {
    for (let round = 0; round < 2; round++) {
      pool.send(wire.setattr(pool.next(), nodes.a!, { mode: 0o600 }));
      let count = 0;
      pool.context.notices.send(() => (count++, -ENOENT));
      assertEquals(count, 2);
    }
  });
});

Deno.test("the kernel does not keep what SETATTR answers for a file with several names: another name may overtake it", () => {
  with_pool({ tree: ["0/f", "0/single"], options: { "cache.attr": "7" } }, (pool) => {
    Deno.linkSync(pool.on(0, "f"), pool.on(0, "g"));
    const set_by_handle = wire.setattr(pool.next(), pool.node("f"), { size: 1, fh: pool.open("f", O_RDWR) });
    const kept_s = [calls.setattr(pool, "f", { mode: 0o600 }), pool.send(set_by_handle), calls.getattr(pool, "f")];
    assertEquals(kept_s.map(({ body }) => new DataView(body.buffer, body.byteOffset).getBigUint64(0, true)), [
      0n,
      0n,
      7n,
    ]);
    const { body } = calls.setattr(pool, "single", { mode: 0o600 });
    assertEquals(new DataView(body.buffer, body.byteOffset).getBigUint64(0, true), 7n);
  });
});

Deno.test("all names are told, however many there are", () => {
  const NAMES = 3000;
  with_pool({ tree: ["0/f"] }, (pool) => {
    for (let i = 0; i < NAMES; i++) Deno.linkSync(pool.on(0, "f"), pool.on(0, `name ${i}`));
    const nodes = Array.from({ length: NAMES }, (_, i) => pool.node(`name ${i}`));
    pool.send(wire.setattr(pool.next(), pool.node("f"), { mode: 0o600 }));
    assertEquals(new Set(pool.stale_nodes()), new Set(nodes));
  });
});
