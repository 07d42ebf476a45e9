// moveonenospc and hard links: the file moves under the path that the kernel knows it by, its other names stay behind on the
// old branch, with all that was written so far (operations §17.3); what the kernel holds of them is refreshed (D8).

import { assert, assertEquals } from "@std/assert";
import * as at from "../../src/state/layout.ts";
import { O_RDWR } from "../../src/sys/file.ts";
import { SecondWorker, while_full } from "../support/full_branch.ts";
import { type Pool, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import { path_of, type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const bytes = new TextEncoder();

/** Two branches; on the first one "text" is called f, g and d/h, and the kernel knows all three names. */
function with_names(body: (pool: Pool, handle: bigint, node: Record<string, bigint>) => void): void {
  with_pool({ branches: ["", ""], tree: ["0/f:text", "0/d/"] }, (pool) => {
    for (const name of ["g", "d/h"]) Deno.linkSync(pool.on(0, "f"), pool.on(0, name));
    const node = Object.fromEntries(["f", "g", "d/h", "d"].map((name) => [name, pool.node(name)]));
    body(pool, pool.open("f", O_RDWR), node);
  });
}

function write(pool: Pool, node: bigint, handle: bigint, text: string, offset = 4): number | string {
  const answer = pool.send(wire.write(pool.next(), node, handle, offset, bytes.encode(text)));
  return answer.result === "ok" ? answer.u32(0) : answer.result;
}

/** The files of the pool with what is in them: "0/f:text". */
function files(pool: Pool): string[] {
  return pool.tree().filter((name) => !name.endsWith("/")).map((name) => {
    return `${name}:${Deno.readTextFileSync(`${pool.directory}/b${name}`)}`;
  });
}

function slot_of(node: bigint): number {
  return Number(node & 0xffff_ffffn);
}

Deno.test("the file moves, its other names stay with the content so far; log and kernel are told", () => {
  with_names((pool, handle, node) => {
    while_full(pool, () => assertEquals(write(pool, node.f!, handle, "+more"), 5));
    assertEquals(files(pool), ["0/d/h:text", "0/g:text", "1/f:text+more"]);
    assertEquals(new Set(pool.stale_nodes()), new Set([node.f!, node.g!, node["d/h"]!]));
    const links = ["f", "g", "d/h"].map((name) => calls.getattr(pool, name).attr.nlink);
    assertEquals(links, [1, 2, 2]);
    const [from, to] = [pool.branch(0), pool.branch(1)];
    assertEquals(pool.log, [
      `warning: Moved "f" from "${from}" to "${to}" for want of room: 4 bytes. ` +
      `Its 2 other names stay on "${from}" with the content so far, no longer linked to it`,
    ]);
  });
});

Deno.test("handles of another name go on with the old file, which moves in its turn", () => {
  with_names((pool, handle, node) => {
    const other = pool.open("g", O_RDWR);
    while_full(pool, () => {
      assertEquals(write(pool, node.f!, handle, "+f"), 2);
      assertEquals(write(pool, node.g!, other, "+g"), 2);
    });
    assertEquals(files(pool), ["0/d/h:text", "1/f:text+f", "1/g:text+g"]);
    assertEquals(write(pool, node.f!, handle, "F", 0), 1);
    assertEquals(write(pool, node.g!, other, "G", 0), 1);
    assertEquals(files(pool), ["0/d/h:text", "1/f:Fext+f", "1/g:Gext+g"]);
    assert(pool.log[1]!.includes("Its other name stays"), pool.log[1]);
  });
});

Deno.test("a file that is passed through under another of its names is not moved (D1)", () => {
  with_names((pool, handle, node) => {
    pool.open("g", O_RDWR);
    const word = slot_of(node.g!) * at.NODE_WORDS + at.N_BACKING;
    pool.arena.nodes[word] = 7;
    while_full(pool, () => assertEquals(write(pool, node.f!, handle, "+"), "ENOSPC"));
    pool.arena.nodes[word] = 0;
    assertEquals(files(pool), ["0/d/h:text", "0/f:text", "0/g:text"]);
  });
});

interface Happening {
  readonly what: string;
  readonly happens: (pool: Pool, worker: SecondWorker, node: Record<string, bigint>) => void;
  readonly files: readonly string[];
}

const WHILE_COPYING: readonly Happening[] = [
  {
    what: "is changed",
    happens(pool, worker, node) {
      Deno.writeTextFileSync(pool.on(0, "g"), "TEXT");
      assertEquals(worker.send(wire.setattr(pool.next(), node.g!, { mode: 0o600 })).result, "ok");
    },
    files: ["0/d/h:TEXT", "0/g:TEXT", "1/f:TEXT+more"],
  },
  {
    what: "is removed",
    happens(pool, worker) {
      assertEquals(worker.send(wire.unlink(pool.next(), 1n, "g")).result, "ok");
    },
    files: ["0/d/h:text", "1/f:text+more"],
  },
  {
    what: "is renamed",
    happens(pool, worker, node) {
      assertEquals(worker.send(wire.rename(pool.next(), 1n, "g", node.d!, "g")).result, "ok");
    },
    files: ["0/d/g:text", "0/d/h:text", "1/f:text+more"],
  },
  {
    what: "comes to be",
    happens(pool, worker, node) {
      assertEquals(worker.send(wire.link(pool.next(), node.d!, "i", node.f!)).result, "ok");
    },
    files: ["0/d/h:text", "0/d/i:text", "0/g:text", "1/f:text+more"],
  },
];

for (const { what, happens, files: expected } of WHILE_COPYING) {
  Deno.test(`while the file is copied another name of it ${what}: the copy is made of what is then`, () => {
    with_names((pool, handle, node) => {
      const worker = new SecondWorker(pool);
      let is_done = false;
      const futimens: StandIn = (real, values) => {
        if (!is_done && /^1\b/.test(path_of(values[0]).slice(pool.directory.length + 2))) {
          is_done = true;
          happens(pool, worker, node);
        }
        return real();
      };
      const message = wire.write(pool.next(), node.f!, handle, 4, bytes.encode("+more"));
      while_full(pool, () =>
        with_stand_ins({ futimens }, () => {
          assertEquals(pool.send(message).u32(0), 5);
        }));
      assertEquals([is_done, files(pool)], [true, expected]);
      const modes = new Set(expected.map((name) => Deno.statSync(`${pool.directory}/b${name.split(":")[0]}`).mode));
      assertEquals(modes.size, 1);
    });
  });
}

Deno.test("a file that is written to while its copy gets its name durably is not moved, and the copy goes", () => {
  with_names((pool, handle, node) => {
    let is_done = false;
    const fsync: StandIn = (real, values) => {
      if (path_of(values[0]) === pool.branch(1) && !is_done) {
        is_done = true;
        Deno.writeTextFileSync(pool.on(0, "g"), "TEXT");
      }
      return real();
    };
    with_stand_ins({ fsync }, () => while_full(pool, () => assertEquals(write(pool, node.f!, handle, "+"), "ENOSPC")));
    assertEquals([is_done, files(pool)], [true, ["0/d/h:TEXT", "0/f:TEXT", "0/g:TEXT"]]);
  });
});

Deno.test("what changes within one tick of the clock is noticed: a file of several names is looked at twice", () => {
  with_names((pool, handle, node) => {
    let waits = 0;
    const syscall_futex: StandIn = (real) => {
      if (waits++ === 0) Deno.chmodSync(pool.on(0, "g"), 0o640);
      return real();
    };
    with_stand_ins({ syscall_futex }, () => while_full(pool, () => assertEquals(write(pool, node.f!, handle, "+"), 1)));
    assertEquals([waits, Deno.statSync(pool.on(1, "f")).mode! & 0o777], [2, 0o640]);
  });
});
