// Names whose object became another one behind the pool's back: what is open stays what it was, and who goes by the name gets
// what has it now. A node never changes its type, for which the kernel has no answer but EIO.

import { assertEquals, assertNotEquals } from "@std/assert";
import { O_CREAT, O_RDONLY, O_RDWR } from "../../src/sys/file.ts";
import { Pool, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

const TWO = ["=RO", ""];

function read(pool: Pool, node: bigint, handle: bigint): string {
  return pool.send(wire.read(pool.next(), node, handle, 0, 100)).text;
}

/** What other programs do to the file "f" on its branch. */
const CHANGES: Readonly<Record<string, (pool: Pool) => void>> = {
  "replaced": (pool) => {
    Deno.writeTextFileSync(pool.on(0, "g"), "the new one");
    Deno.renameSync(pool.on(0, "g"), pool.on(0, "f"));
  },
  "renamed, with another file in its place": (pool) => {
    Deno.renameSync(pool.on(0, "f"), pool.on(0, "g"));
    Deno.writeTextFileSync(pool.on(0, "f"), "the new one");
  },
  "removed, with a file of another branch behind it": (pool) => {
    Deno.writeTextFileSync(pool.on(1, "f"), "the new one");
    Deno.removeSync(pool.on(0, "f"));
  },
};

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`an open file is ${what}: handles go on with it, opening and looking up find the other one`, () => {
    with_pool({ branches: ["", ""], tree: ["0/f:old"] }, (pool) => {
      const node = pool.node("f");
      const handle = pool.open("f", O_RDWR);
      change(pool);
      for (const flags of [O_RDONLY, O_RDWR]) {
        assertEquals(pool.send(wire.open(pool.next(), node, flags)).result, "ESTALE");
      }
      const after = pool.node("f");
      assertNotEquals(after, node);
      assertEquals([read(pool, node, handle), read(pool, after, pool.open("f", O_RDONLY))], ["old", "the new one"]);
      assertEquals(pool.send(wire.getattr(pool.next(), node)).attr.size, 3n);
      assertEquals(pool.send(wire.getattr(pool.next(), after)).attr.size, 11n);
    });
  });
}

Deno.test("attributes of an open file that lost its name are its own, also before anybody opens the name", () => {
  for (const change of Object.values(CHANGES)) {
    with_pool({ branches: ["", ""], tree: ["0/f:old"] }, (pool) => {
      const node = pool.node("f");
      pool.open("f", O_RDONLY);
      change(pool);
      assertEquals(pool.send(wire.getattr(pool.next(), node)).attr.size, 3n);
      assertNotEquals(pool.node("f"), node);
    });
  }
});

Deno.test("an open file that was removed behind the pool's back: fstat works, the name is gone and can be made anew", () => {
  with_pool({ tree: ["0/f:old"] }, (pool) => {
    const node = pool.node("f");
    const handle = pool.open("f", O_RDWR);
    Deno.removeSync(pool.on(0, "f"));
    const { size, nlink } = pool.send(wire.getattr(pool.next(), node)).attr;
    assertEquals([size, nlink, pool.has("f")], [3n, 0, false]);
    assertEquals(pool.send(wire.statx(pool.next(), node, 0, 0x7ff)).result, "ok");
    assertEquals(calls.create(pool, "f", O_CREAT | O_RDWR, 0o644).result, "ok");
    assertEquals([read(pool, node, handle), pool.node("f") === node], ["old", false]);
  });
});

Deno.test("an open file that is where it was keeps its node, whatever other branches have of that name", () => {
  with_pool({ branches: ["", ""], tree: ["1/f:old"] }, (pool) => {
    const node = pool.node("f");
    const handle = pool.open("f", O_RDONLY);
    Deno.writeTextFileSync(pool.on(0, "f"), "in front of it");
    assertEquals(pool.node("f"), node);
    const further = pool.open("f", O_RDONLY);
    assertEquals([read(pool, node, handle), read(pool, node, further)], ["old", "old"]);
    assertEquals(pool.send(wire.getattr(pool.next(), node)).attr.size, 14n);
  });
});

Deno.test("another type under a known name: the node is stale, the next look-up makes one", () => {
  with_pool({ tree: ["0/x"] }, (pool) => {
    const file = pool.node("x");
    Deno.removeSync(pool.on(0, "x"));
    Deno.mkdirSync(pool.on(0, "x"));
    assertEquals(pool.send(wire.getattr(pool.next(), file)).result, "ESTALE");
    assertEquals(pool.send(wire.getattr(pool.next(), file)).result, "ESTALE");
    const directory = pool.node("x");
    assertNotEquals(directory, file);
    Deno.removeSync(pool.on(0, "x"));
    Deno.symlinkSync("target", pool.on(0, "x"));
    // Looked up before anybody asked for the attributes.
    const symlink = pool.node("x");
    assertNotEquals(symlink, directory);
    assertEquals(pool.send(wire.setattr(pool.next(), directory, { mode: 0o700 })).result, "ESTALE");
    assertEquals(pool.send(wire.readlink(pool.next(), symlink)).text, "target");
  });
});

Deno.test("what is made and at once hidden by something of another type is stale to the kernel, which looks again", () => {
  with_pool({ branches: TWO, tree: ["0/d/directory/", "0/d/file", "1/d/old"] }, (pool) => {
    pool.node("d/old");
    assertEquals(calls.mkdir(pool, "d/file", 0o755).result, "ESTALE");
    assertEquals(calls.mknod(pool, "d/directory", 0o010644).result, "ESTALE");
    Deno.removeSync(pool.on(1, "d/directory"));
    assertEquals(calls.link(pool, "d/old", "d/directory").result, "ESTALE");
  });
});
