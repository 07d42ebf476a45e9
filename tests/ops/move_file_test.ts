// moveonenospc: what is moved, what is not, and that every handle then works on the moved file (operations §17.3, §30.9,
// F1 to F3, F14; departures D1 to D3).

import { assert, assertEquals } from "@std/assert";
import { EDQUOT, EIO, ENOSPC, EOPNOTSUPP } from "../../src/base/errno.ts";
import * as at from "../../src/state/layout.ts";
import { F_GETFL, fcntl, O_APPEND, O_DIRECT, O_NOFOLLOW, O_RDONLY, O_RDWR, O_WRONLY } from "../../src/sys/file.ts";
import { CHANGING_REQUESTS, type FileRequest } from "../support/changing_requests.ts";
import { SecondWorker, while_full } from "../support/full_branch.ts";
import { must_run, Pool, type PoolSpec, root_test, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import { type CallName, fails_with, path_of, type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const PUNCH_HOLE_KEEP_SIZE = 3;
const bytes = new TextEncoder();

function two_branches(extra: Partial<PoolSpec> = {}): PoolSpec {
  return { branches: ["", ""], tree: ["0/d/e/f:text"], ...extra };
}

/** One WRITE; how much was written, or the errno. */
function write(pool: Pool, handle: bigint, offset: number, text: string, path = "d/e/f"): number | string {
  const answer = pool.send(wire.write(pool.next(), pool.node(path), handle, offset, bytes.encode(text)));
  return answer.result === "ok" ? answer.u32(0) : answer.result;
}

/** Writes at the end of the four bytes of d/e/f while the first branch is full. */
function write_while_full(pool: Pool, handle: bigint, refusal = ENOSPC): number | string {
  let result: number | string = "";
  while_full(pool, () => result = write(pool, handle, 4, "+more"), 0, refusal);
  return result;
}

/** The file is untouched where it was, and nothing else is on the other branches but directories. */
function assert_not_moved(pool: Pool, what: string, path = "d/e/f"): void {
  assertEquals(Deno.readTextFileSync(pool.on(0, path)), "text", what);
  const files = pool.tree().filter((name) => !name.startsWith("0/") && !name.endsWith("/"));
  assertEquals(files, [], what);
  assertEquals(pool.tree().filter((name) => name.includes("/.")), [], what);
}

for (const cache_files of ["off", "partial"]) {
  for (const refusal of [ENOSPC, EDQUOT]) {
    Deno.test(`a write that finds no room moves the file: cache.files=${cache_files}, errno ${refusal}`, () => {
      with_pool(two_branches({ options: { "cache.files": cache_files } }), (pool) => {
        Deno.chmodSync(pool.on(0, "d/e/f"), 0o6751);
        must_run("setfattr", "-n", "user.a", "-v", "b", pool.on(0, "d/e/f"));
        const handle = pool.open("d/e/f", O_RDWR);
        assertEquals(write_while_full(pool, handle, refusal), 5);
        assertEquals(pool.tree(), ["0/d/", "0/d/e/", "1/d/", "1/d/e/", "1/d/e/f"]);
        assertEquals(Deno.readTextFileSync(pool.on(1, "d/e/f")), "text+more");
        assertEquals(must_run("stat", "-c", "%a", pool.on(1, "d/e/f")).trim(), "6751");
        assertEquals(must_run("getfattr", "-n", "user.a", "--only-values", pool.on(1, "d/e/f")), "b");
        assertEquals(pool.log, [
          `info: Moved "d/e/f" from "${pool.branch(0)}" to "${pool.branch(1)}" for want of room: 4 bytes`,
        ]);
        assertEquals(write(pool, handle, 0, "T"), 1);
        assertEquals(Deno.readTextFileSync(pool.on(1, "d/e/f")), "Text+more");
      });
    });
  }
}

Deno.test("attributes that the other file system does not have are lost, and the log says so", () => {
  with_pool(two_branches(), (pool) => {
    for (const name of ["user.a", "user.b"]) must_run("setfattr", "-n", name, "-v", "x", pool.on(0, "d/e/f"));
    const handle = pool.open("d/e/f", O_RDWR);
    const fsetxattr: StandIn = () => fails_with(EOPNOTSUPP);
    with_stand_ins({ fsetxattr }, () => assertEquals(write_while_full(pool, handle), 5));
    const [from, to] = [pool.branch(0), pool.branch(1)];
    assertEquals(pool.log, [
      `warning: Moved "d/e/f" from "${from}" to "${to}" for want of room: 4 bytes. ` +
      `2 of its extended attributes are lost: the file system of "${to}" has none of the kind`,
    ]);
  });
  with_pool(two_branches(), (pool) => {
    const handle = pool.open("d/e/f", O_RDWR);
    const flistxattr: StandIn = () => fails_with(EOPNOTSUPP);
    with_stand_ins({ flistxattr }, () => assertEquals(write_while_full(pool, handle), 5));
    assertEquals(pool.log.map((line) => line.split(":")[0]), ["info"]);
  });
});

Deno.test("an append that partly fits is stored once (F14)", () => {
  with_pool(two_branches({ options: { "cache.files": "partial" } }), (pool) => {
    const handle = pool.open("d/e/f", O_RDWR | O_APPEND);
    let first = true;
    const pwrite: StandIn = (real, values) => {
      if (!path_of(values[0]).startsWith(pool.branch(0))) return real();
      if (!first) return fails_with(ENOSPC);
      first = false;
      Deno.writeTextFileSync(pool.on(0, "d/e/f"), "12", { append: true });
      return 2;
    };
    with_stand_ins({ pwrite }, () => assertEquals(write(pool, handle, 4, "12345"), 5));
    assertEquals(Deno.readTextFileSync(pool.on(1, "d/e/f")), "text12345");
  });
});

Deno.test("all handles of the file come along, each with its own flags; twice (F3)", () => {
  with_pool({ branches: ["", "", ""], tree: ["0/f:text"], options: { moveonenospc: "ff" } }, (pool) => {
    const first = pool.open("f", O_RDONLY);
    const [direct, append, write_only] = [O_RDWR | O_DIRECT, O_RDWR | O_APPEND, O_WRONLY].map((it) =>
      pool.open("f", it)
    );
    // Its descriptor stands for the node although it is released.
    pool.send(wire.release(pool.next(), pool.node("f"), first));
    const descriptors = pool.open_descriptors();
    // How the name was opened is not asked again.
    const flags = () => descriptors.map((fd) => fcntl(Number(fd), F_GETFL, 0) & ~O_NOFOLLOW);
    const before = flags();
    assertEquals(new Set(before).size, 4);
    let source = 0;
    for (const target of [1, 0]) {
      const text = `on ${target}`;
      while_full(pool, () => assertEquals(write(pool, append!, 0, text, "f"), text.length), source);
      source = target;
      assertEquals(pool.tree(), [`${target}/f`]);
      assertEquals([pool.open_descriptors(), flags()], [descriptors, before]);
      const places = descriptors.map(path_of);
      assertEquals(new Set(places), new Set([pool.on(target, "f")]));
    }
    assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "texton 1on 0");
    assertEquals(write(pool, write_only!, 0, "T", "f"), 1);
    const handle_0 = pool.send(wire.read(pool.next(), pool.node("f"), 0n, 0, 20)).text;
    assertEquals(handle_0, "Texton 1on 0");
    assertEquals(pool.send(wire.read(pool.next(), pool.node("f"), direct!, 1, 4)).result, "EINVAL");
    assertEquals(pool.send(wire.read(pool.next(), pool.node("f"), pool.open("f", O_RDONLY), 0, 4)).text, "Text");
  });
});

Deno.test("a file that was renamed since it was opened is moved under its new name (F2)", () => {
  with_pool(two_branches(), (pool) => {
    const [node, handle] = [pool.node("d/e/f"), pool.open("d/e/f", O_RDWR)];
    assertEquals(calls.rename(pool, "d/e/f", "d/g").result, "ok");
    pool.make("0/d/e/f:another");
    while_full(pool, () => {
      assertEquals(pool.send(wire.write(pool.next(), node, handle, 4, bytes.encode("+"))).result, "ok");
    });
    assertEquals(pool.tree(), ["0/d/", "0/d/e/", "0/d/e/f", "1/d/", "1/d/g"]);
    assertEquals([Deno.readTextFileSync(pool.on(0, "d/e/f")), Deno.readTextFileSync(pool.on(1, "d/g"))], [
      "another",
      "text+",
    ]);
  });
});

interface Refusal {
  readonly what: string;
  readonly spec?: Partial<PoolSpec>;
  /** Between the open and the write; may be undone at the end. */
  readonly prepare?: (pool: Pool) => (() => void) | void;
}

const REFUSALS: readonly Refusal[] = [
  { what: "switched off", spec: { options: { moveonenospc: "false" } } },
  { what: "existing path only", spec: { options: { moveonenospc: "epmfs" } } },
  { what: "erofs", spec: { options: { moveonenospc: "erofs" } } },
  { what: "one branch", spec: { branches: [""] } },
  { what: "no branch for new files", spec: { branches: ["", "=NC", "=RO"] } },
  { what: "too little space elsewhere", spec: { branches: ["", "=RW,900T"] } },
  { what: "passed through", prepare: (pool) => set_backing(pool, 7) },
  { what: "not in the list of branches any more", prepare: (pool) => pool.set("branches", pool.branch(1)) },
  {
    what: "a symlink in the way",
    prepare: (pool) => {
      Deno.renameSync(pool.on(0, "d"), pool.on(0, "real"));
      Deno.symlinkSync(pool.on(0, "real"), pool.on(0, "d"));
    },
  },
];

// The kernel's id of a passed-through file, as an open leaves it with the node.
function set_backing(pool: Pool, id: number): () => void {
  const word = Number(pool.node("d/e/f") & 0xffff_ffffn) * at.NODE_WORDS + at.N_BACKING;
  pool.arena.nodes[word] = id;
  return () => pool.arena.nodes[word] = 0;
}

for (const { what, spec, prepare } of REFUSALS) {
  Deno.test(`not moved, and the write's own error is the answer: ${what}`, () => {
    with_pool(two_branches(spec), (pool) => {
      const [node, handle] = [pool.node("d/e/f"), pool.open("d/e/f", O_RDWR)];
      const undo = prepare?.(pool);
      const message = wire.write(pool.next(), node, handle, 4, bytes.encode("+more"));
      while_full(pool, () => assertEquals(pool.send(message).result, "EDQUOT"), 0, EDQUOT);
      undo?.();
      assert_not_moved(pool, what);
      assertEquals(pool.send(wire.write(pool.next(), node, handle, 4, bytes.encode("+"))).result, "ok");
    });
  });
}

Deno.test("not moved: an unlinked file, and another file under its path", () => {
  for (const is_replaced of [false, true]) {
    with_pool(two_branches(), (pool) => {
      const [node, handle] = [pool.node("d/e/f"), pool.open("d/e/f", O_RDWR)];
      if (is_replaced) {
        Deno.removeSync(pool.on(0, "d/e/f"));
        pool.make("0/d/e/f:text");
      } else assertEquals(calls.unlink(pool, "d/e/f").result, "ok");
      while_full(pool, () => {
        assertEquals(pool.send(wire.write(pool.next(), node, handle, 0, bytes.encode("x"))).result, "ENOSPC");
      });
      if (is_replaced) assert_not_moved(pool, "replaced");
      else assertEquals(pool.tree(), ["0/d/", "0/d/e/"]);
    });
  }
});

Deno.test("not moved: another branch has something under that path, which is neither replaced nor uncovered", () => {
  for (const moveonenospc of ["ff", "epff", "mfs"]) {
    with_pool({ branches: ["", "", ""], tree: ["0/f:text", "2/f:other"], options: { moveonenospc } }, (pool) => {
      const handle = pool.open("f", O_RDWR);
      while_full(pool, () => assertEquals(write(pool, handle, 4, "+", "f"), "ENOSPC"));
      assertEquals([Deno.readTextFileSync(pool.on(0, "f")), Deno.readTextFileSync(pool.on(2, "f"))], ["text", "other"]);
      assertEquals(pool.tree(), ["0/f", "2/f"]);
    });
  }
});

root_test("a branch that is the same directory as the file's is no place to move to (F1)", () => {
  const prepare = (pool: Pool) => {
    must_run("mount", "--bind", pool.branch(0), pool.branch(1));
    return () => void must_run("umount", pool.branch(1));
  };
  const options = { moveonenospc: "ff" };
  with_pool({ branches: ["", ""], tree: ["0/f:text"], options, prepare }, (pool) => {
    const handle = pool.open("f", O_RDWR);
    while_full(pool, () => assertEquals(write(pool, handle, 4, "+", "f"), "ENOSPC"));
    assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "text");
  });
  with_pool({ branches: ["", "", ""], tree: ["0/f:text"], options, prepare }, (pool) => {
    const handle = pool.open("f", O_RDWR);
    while_full(pool, () => assertEquals(write(pool, handle, 4, "+", "f"), 1));
    assertEquals(pool.tree(), ["2/f"]);
  });
});

Deno.test("the policy chooses among the branches that have more room than the file is big", () => {
  const tree = ["0/f:text"];
  with_pool({ branches: ["", "", ""], tree, options: { moveonenospc: "ff" } }, (pool) => {
    const handle = pool.open("f", O_RDWR);
    // struct statvfs: f_bavail stands at byte 32; with a block size of one byte it is the free space.
    const room = (index: number) => [0, 4, 5][index]!;
    const statvfs: StandIn = (real, values) => {
      const result = real();
      const path = new TextDecoder().decode(values[0] as Uint8Array).split("\0")[0]!;
      const view = new DataView((values[1] as Uint8Array).buffer);
      view.setBigUint64(8, 1n, true);
      view.setBigUint64(32, BigInt(room(Number(path.at(-1)))), true);
      return result;
    };
    with_stand_ins({ statvfs }, () => while_full(pool, () => assertEquals(write(pool, handle, 4, "+", "f"), 1)));
    assertEquals(pool.tree(), ["2/f"]);
  });
});

Deno.test("fallocate, copy_file_range and truncate find room elsewhere as well (D2)", () => {
  const changes: Record<string, (pool: Pool, node: bigint, handle: bigint) => void> = {
    fallocate: (pool, node, handle) => pool.send(wire.fallocate(pool.next(), node, handle, 0, 0, 100)),
    copy_file_range: (pool, node, handle) => {
      pool.make("1/g:0123456789");
      const from = [pool.node("g"), pool.open("g", O_RDONLY), 0] as const;
      assertEquals(pool.send(wire.copy_file_range(pool.next(), ...from, node, handle, 90, 10)).u32(0), 10);
    },
    ftruncate: (pool, node, fh) => pool.send(wire.setattr(pool.next(), node, { size: 100, fh })),
    truncate: (pool, node) => pool.send(wire.setattr(pool.next(), node, { size: 100, mode: 0o640 })),
  };
  for (const [what, change] of Object.entries(changes)) {
    with_pool(two_branches(), (pool) => {
      const [node, handle] = [pool.node("d/e/f"), pool.open("d/e/f", O_RDWR)];
      // truncate(2) goes by path: that call has no descriptor.
      const truncate: StandIn = (real, values) => {
        const path = new TextDecoder().decode(values[0] as Uint8Array).split("\0")[0]!;
        return Deno.readLinkSync(path).startsWith(pool.branch(0)) ? fails_with(ENOSPC) : real();
      };
      with_stand_ins({ truncate }, () => while_full(pool, () => change(pool, node, handle)));
      assertEquals(Deno.statSync(pool.on(1, "d/e/f")).size, 100, what);
      assertEquals(pool.tree().filter((name) => name.startsWith("0/")), ["0/d/", "0/d/e/"], what);
      assertEquals(write(pool, handle, 0, "T"), 1);
      assertEquals(Deno.readTextFileSync(pool.on(1, "d/e/f")).slice(0, 4), "Text", what);
    });
  }
});

Deno.test("truncate moves a file that nobody has open, with mode and times of the same request", () => {
  with_pool(two_branches(), (pool) => {
    const truncate: StandIn = (real, values) => {
      const path = new TextDecoder().decode(values[0] as Uint8Array).split("\0")[0]!;
      return Deno.readLinkSync(path).startsWith(pool.branch(0)) ? fails_with(ENOSPC) : real();
    };
    with_stand_ins({ truncate }, () => {
      const answer = calls.setattr(pool, "d/e/f", { mode: 0o600, size: 9, mtime: { s: 1000, ns: 5 } });
      assertEquals([answer.result, answer.attr.size, answer.attr.mtime], ["ok", 9n, [1000n, 5]]);
    });
    assertEquals(pool.tree(), ["0/d/", "0/d/e/", "1/d/", "1/d/e/", "1/d/e/f"]);
  });
});

Deno.test("a hole that is punched without room is no reason for more room than the file's size", () => {
  with_pool(two_branches(), (pool) => {
    const [node, handle] = [pool.node("d/e/f"), pool.open("d/e/f", O_RDWR)];
    while_full(pool, () => {
      const far = wire.fallocate(pool.next(), node, handle, PUNCH_HOLE_KEEP_SIZE, 0, 2n ** 42n);
      assertEquals(pool.send(far).result, "ok");
    });
    const more = wire.fallocate(pool.next(), node, handle, 0, 0, 2n ** 42n);
    while_full(pool, () => assertEquals(pool.send(more).result, "ENOSPC"), 1);
    assertEquals(pool.tree().filter((name) => name.endsWith("f")), ["1/d/e/f"]);
  });
});

Deno.test("the kernel is told that the file is another one", () => {
  with_pool(two_branches(), (pool) => {
    const { ino, node } = { ...pool.lookup("d/e/f"), ino: pool.lookup("d/e/f").attr.ino };
    const handle = pool.open("d/e/f", O_RDWR);
    while_full(pool, () => pool.send(wire.write(pool.next(), node, handle, 4, bytes.encode("+"))));
    assertEquals(pool.stale_nodes(), [node]);
    const by_handle = pool.send(wire.getattr(pool.next(), node, handle)).attr.ino;
    assertEquals([pool.lookup("d/e/f").attr.ino, by_handle !== ino], [by_handle, true]);
  });
});

/** Requests of another worker while the file is being copied; the write then ends with `result`. */
function in_the_middle(
  result: number | string,
  request: (pool: Pool, worker: SecondWorker, node: bigint) => void,
  then: (pool: Pool, node: bigint) => void,
): void {
  with_pool(two_branches({ tree: ["0/d/e/f:text", "0/x/"] }), (pool) => {
    const [node, handle] = [pool.node("d/e/f"), pool.open("d/e/f", O_RDWR)];
    const worker = new SecondWorker(pool);
    let is_done = false;
    const futimens: StandIn = (real, values) => {
      if (!is_done && is_copy(values[0])) {
        is_done = true;
        request(pool, worker, node);
      }
      return real();
    };
    const message = wire.write(pool.next(), node, handle, 4, bytes.encode("+more"));
    while_full(pool, () =>
      with_stand_ins({ futimens }, () => {
        const answer = pool.send(message);
        assertEquals(answer.result === "ok" ? answer.u32(0) : answer.result, result);
      }));
    assert(is_done);
    then(pool, node);
  });
}

function is_copy(fd: unknown): boolean {
  return /\/#\d+ \(deleted\)$/.test(path_of(fd)); // the name of a file without names
}

Deno.test("while the file is copied others look, read and open, and their handles come along", () => {
  in_the_middle(5, (pool, worker, node) => {
    assertEquals(worker.send(wire.getattr(pool.next(), node)).attr.size, 4n);
    const { handle } = worker.send(wire.open(pool.next(), node, O_RDONLY)).open();
    assertEquals(worker.send(wire.read(pool.next(), node, handle, 0, 10)).text, "text");
    assertEquals(worker.send(wire.read(pool.next(), node, 0n, 0, 10)).text, "text");
  }, (pool) => {
    assertEquals(pool.open_descriptors().map(path_of), [pool.on(1, "d/e/f"), pool.on(1, "d/e/f")]);
  });
});

Deno.test("the file, or a directory above it, may be renamed while it is copied", () => {
  const renames: readonly [string, string, string, string, string][] = [
    ["d/e", "f", "d", "g", "d/g"],
    ["d/e", "f", "x", "f", "x/f"],
    ["d", "e", "x", "y", "x/y/f"],
    ["", "d", "", "z", "z/e/f"],
  ];
  for (const [old_parent, old_name, new_parent, new_name, path] of renames) {
    in_the_middle(5, (pool, worker) => {
      const [from, to] = [pool_node(pool, worker, old_parent), pool_node(pool, worker, new_parent)];
      assertEquals(worker.send(wire.rename(pool.next(), from, old_name, to, new_name)).result, "ok");
    }, (pool) => {
      assertEquals(pool.tree().filter((name) => !name.endsWith("/")), [`1/${path}`]);
      assertEquals(Deno.readTextFileSync(pool.on(1, path)), "text+more");
    });
  }
});

/** The node of a path, by the look-ups of that worker. */
function pool_node(pool: Pool, worker: SecondWorker, path: string): bigint {
  let node = 1n;
  for (const name of path.split("/").filter((part) => part !== "")) {
    node = worker.send(wire.lookup(pool.next(), node, name)).entry().node;
  }
  return node;
}

Deno.test("a file that is removed while it is copied is not moved", () => {
  in_the_middle("ENOSPC", (pool, worker) => {
    const directory = pool_node(pool, worker, "d/e");
    assertEquals(worker.send(wire.unlink(pool.next(), directory, "f")).result, "ok");
  }, (pool) => {
    assertEquals(pool.tree().filter((name) => !name.endsWith("/")), []);
    assertEquals(pool.open_descriptors().map(path_of), [`${pool.on(0, "d/e/f")} (deleted)`]);
  });
});

Deno.test("what happens behind the pool's back while the file is copied: changed, replaced, in the way", () => {
  const happenings: readonly [string, (pool: Pool) => void, number | string, string][] = [
    ["changed once", (pool) => Deno.writeTextFileSync(pool.on(0, "d/e/f"), "TEXT"), 5, "TEXT+more"],
    [
      "replaced",
      (pool) => {
        Deno.removeSync(pool.on(0, "d/e/f"));
        pool.make("0/d/e/f:other");
      },
      "ENOSPC",
      "other",
    ],
    ["in the way", (pool) => pool.make("1/d/e/f:other"), "ENOSPC", "text"],
    [
      "the directory of the copy is gone",
      (pool) => Deno.renameSync(pool.on(1, "d/e"), pool.on(1, "away")),
      5,
      "text+more",
    ],
  ];
  for (const [what, happening, result, text] of happenings) {
    in_the_middle(result, (pool) => happening(pool), (pool) => {
      const branch = result === "ENOSPC" ? 0 : 1;
      assertEquals(Deno.readTextFileSync(pool.on(branch, "d/e/f")), text, what);
      if (what === "in the way") assertEquals(Deno.readTextFileSync(pool.on(1, "d/e/f")), "other");
      assertEquals(pool.tree().filter((name) => name.includes("/.")), [], what);
    });
  }
});

/** Calls `action` when the copy is complete and compared, before it takes its place: the source's reader is closed then. */
function when_copied(pool: Pool, action: () => void): StandIn {
  let is_over = false;
  return (real, values) => {
    const is_reader = !is_over && path_of(values[0]) === pool.on(0, "d/e/f");
    const result = real();
    if (is_reader) {
      is_over = true;
      action();
    }
    return result;
  };
}

Deno.test("a file that is changed from outside after it was copied, and a name that is taken then", () => {
  with_pool(two_branches(), (pool) => {
    const handle = pool.open("d/e/f", O_RDWR);
    const close = when_copied(pool, () => Deno.writeTextFileSync(pool.on(0, "d/e/f"), "TEXT"));
    with_stand_ins({ close }, () => assertEquals(write_while_full(pool, handle), "ENOSPC"));
    assertEquals([Deno.readTextFileSync(pool.on(0, "d/e/f")), write(pool, handle, 4, "+")], ["TEXT", 1]);
  });
  with_pool(two_branches(), (pool) => {
    const handle = pool.open("d/e/f", O_RDWR);
    const linkat: StandIn = (real) => {
      pool.make("1/d/e/f:other");
      return real();
    };
    with_stand_ins({ linkat }, () => assertEquals(write_while_full(pool, handle), "ENOSPC"));
    const texts = [0, 1].map((index) => Deno.readTextFileSync(pool.on(index, "d/e/f")));
    assertEquals([texts, pool.tree().filter((name) => name.includes("/."))], [["text", "other"], []]);
  });
});

Deno.test("a file that is gone although its removal is said to have failed is not lost", () => {
  with_pool(two_branches(), (pool) => {
    const handle = pool.open("d/e/f", O_RDWR);
    const unlinkat: StandIn = (real) => {
      real();
      return fails_with(EIO);
    };
    with_stand_ins({ unlinkat }, () => assertEquals(write_while_full(pool, handle), 5));
    assertEquals(Deno.readTextFileSync(pool.on(1, "d/e/f")), "text+more");
    assertEquals(pool.tree(), ["0/d/", "0/d/e/", "1/d/", "1/d/e/", "1/d/e/f"]);
  });
});

Deno.test("where there is room again the write is made, and nothing is moved", () => {
  with_pool(two_branches(), (pool) => {
    const handle = pool.open("d/e/f", O_RDWR);
    let is_full = true;
    const pwrite: StandIn = (real) => {
      if (!is_full) return real();
      is_full = false;
      return fails_with(ENOSPC);
    };
    with_stand_ins({ pwrite }, () => assertEquals(write(pool, handle, 0, "TEXT"), 4));
    assertEquals([Deno.readTextFileSync(pool.on(0, "d/e/f")), pool.tree().length], ["TEXT", 3]);
  });
});

Deno.test("handles of a file that lost its name are not given another file", () => {
  with_pool(two_branches(), (pool) => {
    const [node, handle] = [pool.node("d/e/f"), pool.open("d/e/f", O_RDWR)];
    Deno.removeSync(pool.on(0, "d/e/f"));
    pool.make("0/d/e/f:other");
    const truncate: StandIn = () => fails_with(ENOSPC);
    with_stand_ins({ truncate }, () => {
      assertEquals(pool.send(wire.setattr(pool.next(), node, { size: 9 })).result, "ENOSPC");
    });
    assertEquals(pool.send(wire.read(pool.next(), node, handle, 0, 10)).text, "text");
    assertEquals(pool.tree().filter((name) => !name.endsWith("/")), ["0/d/e/f"]);
  });
});

Deno.test("whatever changes a file shares its data lock, whatever looks at it does not, and a move has it alone", () => {
  const looking: Record<string, [CallName, FileRequest]> = {
    read: ["pread", (pool, node, fh) => wire.read(pool.next(), node, fh, 0, 4)],
    open: ["openat", (pool, node) => wire.open(pool.next(), node, O_RDWR)],
    getattr: ["statx", (pool, node) => wire.getattr(pool.next(), node)],
    fsync: ["fsync", (pool, node, fh) => wire.fsync(pool.next(), node, fh)],
  };
  for (const [requests, expected] of [[CHANGING_REQUESTS, 1], [looking, 0]] as const) {
    for (const [what, [name, request]] of Object.entries(requests)) {
      with_pool(two_branches(), (pool) => {
        const [node, fh] = [pool.node("d/e/f"), pool.open("d/e/f", O_RDWR)];
        const seen = new Set<number>();
        const message = request(pool, node, fh);
        const stand_in: StandIn = (real) => {
          seen.add(data_lock(pool, node));
          return real();
        };
        with_stand_ins({ [name]: stand_in }, () => pool.send(message));
        assertEquals([[...seen], data_lock(pool, node)], [[expected], 0], what);
      });
    }
  }
  in_the_middle(5, (pool, _worker, node) => {
    assertEquals(data_lock(pool, node), 1 << 20); // 1 + the index of the worker, above the number of those who share it
  }, (pool, node) => assertEquals(data_lock(pool, node), 0));
});

function data_lock(pool: Pool, node: bigint): number {
  return pool.arena.nodes[Number(node & 0xffff_ffffn) * at.NODE_WORDS + at.N_DATA_LOCK]!;
}
