// Which opens are passed through, and that all opens of a node share one backing id from the first to the last of them
// (departures D4, operations §16.7, F8). The kernel's side is tests/mount/passthrough_test.ts.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { EACCES, ELOOP } from "../../src/base/errno.ts";
import { INIT2_PASSTHROUGH } from "../../src/fuse/abi.ts";
import { IO_CHOICES } from "../../src/ops/common/passthrough.ts";
import { undo_reply } from "../../src/ops/undo.ts";
import * as at from "../../src/state/layout.ts";
import { close, dup, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } from "../../src/sys/file.ts";
import { DEFAULT_OUTCOME, type Pool, type PoolSpec, root_test, tmpfs_branches, with_pool } from "../support/handler.ts";
import { create, link, unlink } from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

const DIRECT_IO = 1;
const KEEP_CACHE = 2;
const NOFLUSH = 32;
const PARALLEL = 64;
const PASSTHROUGH = 128;
/** An open that must have the id and yet come to us. */
const BESIDE = PASSTHROUGH | DIRECT_IO | PARALLEL;
const BY_DAEMON = DIRECT_IO | PARALLEL;

type Options = Readonly<Record<string, string>>;

interface Opened {
  readonly handle: bigint;
  readonly flags: number;
  readonly id: number;
  readonly why: string;
}

/** A pool on a mount that has agreed to passthrough. */
function with_passthrough(options: Options, spec: PoolSpec, use: (pool: Pool) => void): void {
  const outcome = { flags2: DEFAULT_OUTCOME.flags2 | INIT2_PASSTHROUGH };
  with_pool({ tree: ["0/f:text"], outcome, ...spec, options: { "passthrough.min-free": "0", ...options } }, use);
}

/** Opens a file; NOFLUSH is left out of the flags, it has nothing to do with this. */
function opened(pool: Pool, path: string, flags: number): Opened {
  const reply = pool.send(wire.open(pool.next(), pool.node(path), flags)).open();
  const why = IO_CHOICES[pool.context.io_choice]!;
  return { handle: reply.handle, flags: reply.flags & ~NOFLUSH, id: reply.backing_id, why };
}

function slot_of(pool: Pool, path: string): number {
  return Number(pool.node(path) & 0xffff_ffffn);
}

function release(pool: Pool, path: string, { handle }: Pick<Opened, "handle">): void {
  assertEquals(pool.send(wire.release(pool.next(), pool.node(path), handle)).result, "ok");
}

/** The ids that are registered with the kernel. */
function ids(pool: Pool): number[] {
  return [...pool.backing.files.keys()];
}

/** passthrough.io, and whether a first open for reading, writing, both and a creating one (for both) are passed through. */
const OPTIONS: readonly (readonly [string, boolean, boolean, boolean, boolean])[] = [
  ["off", false, false, false, false],
  ["ro", true, false, false, false],
  ["wo", false, true, false, false],
  ["rw", true, true, true, true],
  ["auto", true, true, true, true],
];

for (const [option, ...expected] of OPTIONS) {
  Deno.test(`passthrough.io=${option}: the access mode of the first open decides`, () => {
    with_passthrough({ "passthrough.io": option }, {}, (pool) => {
      const found = [O_RDONLY, O_WRONLY, O_RDWR].map((flags) => {
        const open = opened(pool, "f", flags);
        assertEquals([open.flags, open.id !== 0], open.id === 0 ? [BY_DAEMON, false] : [PASSTHROUGH, true], open.why);
        release(pool, "f", open);
        return open.id !== 0;
      });
      const created = create(pool, "g", O_CREAT | O_EXCL | O_RDWR, 0o100644).created;
      assertEquals(created.flags, created.backing_id === 0 ? BY_DAEMON : PASSTHROUGH);
      assertEquals([...found, created.backing_id !== 0], expected);
    });
  });
}

Deno.test("without the kernel's agreement nothing is passed through", () => {
  with_passthrough({}, { outcome: {} }, (pool) => {
    const { flags, id, why } = opened(pool, "f", O_RDONLY);
    assertEquals([flags, id, why], [BY_DAEMON, 0, "no: kernel or privileges do not allow it"]);
  });
});

Deno.test("the registered file is the branch's, and every open has its id until the last release", () => {
  with_passthrough({}, {}, (pool) => {
    const first = opened(pool, "f", O_RDONLY);
    const { handles } = pool.context;
    assert(handles.has_backing(slot_of(pool, "f")));
    const fd = pool.backing.files.get(first.id)!;
    assertEquals(Deno.readLinkSync(`/proc/self/fd/${fd}`), pool.on(0, "f"));
    const others = [O_RDWR, O_RDONLY, O_WRONLY].map((flags) => opened(pool, "f", flags));
    assertEquals(others.map(({ id, flags }) => [id, flags]), others.map(() => [first.id, PASSTHROUGH]));
    for (const open of [first, ...others.slice(1)]) release(pool, "f", open);
    assertEquals(ids(pool), [first.id]);
    release(pool, "f", others[0]!);
    assertEquals([ids(pool), handles.backing_of(slot_of(pool, "f"))], [[], 0]);
    assert(opened(pool, "f", O_RDONLY).id > first.id);
  });
});

Deno.test("a removed file that was open for reading and writing is not taken for one whose name went to another", () => {
  with_passthrough({}, {}, (pool) => {
    const [node, open] = [pool.node("f"), opened(pool, "f", O_RDWR)];
    assertEquals(unlink(pool, "f").result, "ok");
    pool.send(wire.release(pool.next(), node, open.handle));
    assertEquals(pool.send(wire.getattr(pool.next(), node)).result, "EBADF");
  });
});

/** What makes an open come to us although the node has an id, and what the trace says then. */
const BESIDE_CASES: readonly (readonly [string, Options, Options, string])[] = [
  ["another access mode", { "passthrough.io": "ro" }, {}, "no: option passthrough.io"],
  ["the option is switched off", {}, { "passthrough.io": "off" }, "no: option passthrough.io"],
  ["nullrw", {}, { nullrw: "true" }, "no: option nullrw"],
  ["little space", {}, { "passthrough.min-free": "100%" }, "no: written, and the branch has less free than"],
  [
    "little space, as a size",
    {},
    { "passthrough.min-free": "1000T" },
    "no: written, and the branch has less free than",
  ],
];

for (const [title, options, later, why] of BESIDE_CASES) {
  Deno.test(`an open that should reach us beside others that are passed through: ${title}`, () => {
    with_passthrough(options, {}, (pool) => {
      const first = opened(pool, "f", O_RDONLY);
      for (const [key, text] of Object.entries(later)) pool.set(key, text);
      const second = opened(pool, "f", O_RDWR);
      assertEquals([second.flags, second.id, second.why.startsWith(why)], [BESIDE, first.id, true], second.why);
      pool.send(wire.write(pool.next(), pool.node("f"), second.handle, 0, new TextEncoder().encode("T")));
      assertEquals(Deno.readTextFileSync(pool.on(0, "f")), later["nullrw"] ? "text" : "Text");
    });
  });

  Deno.test(`the same as a first open gets no id, and then no later open does: ${title}`, () => {
    with_passthrough({ ...options, ...later }, {}, (pool) => {
      const first = opened(pool, "f", O_RDWR);
      assertEquals([first.flags, first.id, first.why.startsWith(why)], [BY_DAEMON, 0, true], first.why);
      for (const key of Object.keys({ ...options, ...later })) pool.set(key, key === "passthrough.io" ? "auto" : "0");
      const second = opened(pool, "f", O_RDONLY);
      assertEquals([second.flags, second.id, second.why], [BY_DAEMON, 0, "no: open without it already"]);
      release(pool, "f", first);
      release(pool, "f", second);
      assertEquals(opened(pool, "f", O_RDWR).flags, PASSTHROUGH);
    });
  });
}

Deno.test("min-free is for writing: reading costs no look at the space", () => {
  with_passthrough({ "passthrough.min-free": "100%" }, {}, (pool) => {
    assertEquals([opened(pool, "f", O_RDONLY).flags, ids(pool).length], [PASSTHROUGH, 1]);
  });
});

root_test("on a branch that is full writes come to us even with min-free=0", () => {
  with_passthrough({}, { prepare: tmpfs_branches(512 * 1024) }, (pool) => {
    assertEquals(
      opened(pool, "f", O_WRONLY).why,
      "no: written, and the branch has less free than passthrough.min-free",
    );
  });
});

Deno.test("writes to files with several names, set-uid or set-gid come to us", () => {
  with_passthrough({}, { tree: ["0/linked", "0/setuid", "0/setgid", "0/plain"] }, (pool) => {
    Deno.linkSync(pool.on(0, "linked"), pool.on(0, "other"));
    Deno.chmodSync(pool.on(0, "setuid"), 0o4755);
    Deno.chmodSync(pool.on(0, "setgid"), 0o2644);
    const names = ["linked", "setuid", "setgid", "plain"];
    assertEquals(names.map((name) => opened(pool, name, O_WRONLY).id !== 0), [false, false, false, true]);
    assertEquals(opened(pool, "other", O_RDONLY).flags, PASSTHROUGH);
    const setuid = create(pool, "new", O_CREAT | O_EXCL | O_RDWR, 0o104755).created;
    assertEquals(setuid.flags, BY_DAEMON);
  });
});

Deno.test("the page cache of the pool is never kept beside passthrough", () => {
  for (const cache_files of ["full", "auto-full", "partial", "per-process"]) {
    with_passthrough({ "cache.files": cache_files }, {}, (pool) => {
      for (let round = 0; round < 3; round++) {
        const open = opened(pool, "f", O_RDONLY);
        assertEquals(open.flags, PASSTHROUGH, cache_files);
        release(pool, "f", open);
      }
      pool.set("nullrw", "true");
      assertEquals(opened(pool, "f", O_RDONLY).flags & KEEP_CACHE, cache_files === "full" ? KEEP_CACHE : 0);
    });
  }
});

Deno.test("what the kernel refuses to register is served by us", () => {
  with_passthrough({}, { tree: ["0/f", "0/g"] }, (pool) => {
    pool.backing.refuses_with = EACCES;
    assertEquals([opened(pool, "f", O_RDONLY).flags, pool.context.io_choice], [BY_DAEMON, 10]);
    pool.backing.refuses_with = 0;
    assertEquals(opened(pool, "g", O_RDONLY).flags, PASSTHROUGH);
  });
});

Deno.test("a file system that is stacked too deep is not asked again until the configuration changes", () => {
  with_passthrough({}, { tree: ["0/f", "0/g", "0/h"] }, (pool) => {
    pool.backing.refuses_with = ELOOP;
    const refused = opened(pool, "f", O_RDONLY);
    pool.backing.refuses_with = 0;
    assertEquals([opened(pool, "g", O_RDONLY).why, refused.id], [refused.why, 0]);
    assertMatch(refused.why, /stacked too deep/);
    pool.set("passthrough.io", "rw");
    assertEquals(opened(pool, "h", O_RDONLY).flags, PASSTHROUGH);
  });
});

Deno.test("who loses the race for the first open gives its id back and takes the winner's", () => {
  with_passthrough({}, {}, (pool) => {
    const { backing, context: { handles } } = pool;
    const slot = slot_of(pool, "f");
    const winner = { id: 0, handle: 0n };
    // Between the opening of the branch's file and the table another worker does the same.
    const register = backing.open;
    backing.open = (fd) => {
      backing.open = register;
      winner.id = backing.open(-1);
      const handle = handles.add_file(slot, dup(fd), 1, O_RDONLY, PASSTHROUGH, false, winner.id);
      winner.handle = BigInt(handle) | (BigInt(handles.reuse_of(handle)) << 32n);
      return backing.open(fd);
    };
    const loser = opened(pool, "f", O_RDWR);
    assertEquals([loser.flags, loser.id, ids(pool)], [PASSTHROUGH, winner.id, [winner.id]]);
    release(pool, "f", loser);
    assertEquals(ids(pool), [winner.id]);
    release(pool, "f", winner);
    assertEquals(ids(pool), []);
  });
});

function without_free_handles(pool: Pool, use: () => void): void {
  const { header } = pool.arena;
  const [top, free] = [header[at.H_HANDLE_TOP]!, header[at.H_HANDLE_FREE]!];
  header[at.H_HANDLE_TOP] = at.HANDLES_MAX;
  header[at.H_HANDLE_FREE] = 0;
  use();
  header[at.H_HANDLE_TOP] = top;
  header[at.H_HANDLE_FREE] = free;
}

Deno.test("an open that the table has no room for, or nobody waits for, gives its id back", () => {
  with_passthrough({}, {}, (pool) => {
    const node = pool.node("f");
    without_free_handles(pool, () => {
      assertEquals(pool.send(wire.open(pool.next(), node, O_RDONLY)).result, "ENFILE");
      assertEquals(create(pool, "g", O_CREAT | O_EXCL | O_RDWR, 0o100644).result, "ENFILE");
    });
    assertEquals(ids(pool), []);
    const first = opened(pool, "f", O_RDONLY);
    without_free_handles(pool, () => {
      assertEquals(pool.send(wire.open(pool.next(), node, O_RDONLY)).result, "ENFILE");
    });
    release(pool, "f", first);
    assertEquals([ids(pool), pool.open_descriptors()], [[], []]);
    for (
      const message of [
        wire.open(pool.next(), node, O_RDONLY),
        wire.create(pool.next(), 1, "new", O_CREAT | O_EXCL | O_RDWR, 0o100644),
        wire.tmpfile(pool.next(), 1, O_RDWR, 0o600),
      ]
    ) {
      assertEquals(pool.send(message).result, "ok");
      assertEquals(ids(pool).length, 1);
      undo_reply(pool.context);
      assertEquals(ids(pool), []);
    }
  });
});

Deno.test("a name created anew while its former file is open has an id of its own", () => {
  with_passthrough({}, {}, (pool) => {
    const former = opened(pool, "f", O_RDWR);
    Deno.removeSync(pool.on(0, "f"));
    const created = create(pool, "f", O_CREAT | O_EXCL | O_RDWR, 0o100644).created;
    assertEquals([ids(pool).length, created.flags, created.backing_id !== former.id], [2, PASSTHROUGH, true]);
  });
});

Deno.test("a request that pins the node keeps its id", () => {
  with_passthrough({}, {}, (pool) => {
    const { handles } = pool.context;
    const open = opened(pool, "f", O_RDWR);
    const slot = slot_of(pool, "f");
    const fd = handles.pin(slot);
    release(pool, "f", open);
    assertEquals(ids(pool), [open.id]);
    handles.unpin(slot);
    assertEquals(handles.closing_backing, open.id);
    pool.backing.close(open.id);
    close(fd);
  });
});

Deno.test("a file that may be mapped is not exchanged; a first open that comes to us finds out whether it is", () => {
  with_passthrough({}, {}, (pool) => {
    const { handles } = pool.context;
    const slot = slot_of(pool, "f");
    release(pool, "f", opened(pool, "f", O_RDWR));
    assert(handles.has_backing(slot));
    pool.set("passthrough.io", "off");
    // A mapping keeps a file open, as this does.
    const mapping = Deno.openSync(pool.on(0, "f"), { read: true, write: true });
    const open_once = () => {
      release(pool, "f", opened(pool, "f", O_RDWR));
      return handles.has_backing(slot);
    };
    assertEquals(open_once(), true);
    mapping.close();
    assertEquals(open_once(), false);
  });
});

Deno.test("auto waits for a kernel that knows the size of what it has written", () => {
  const flags2 = DEFAULT_OUTCOME.flags2 | INIT2_PASSTHROUGH;
  with_passthrough({}, { outcome: { flags2, minor: 40 } }, (pool) => {
    assertEquals(opened(pool, "f", O_RDONLY).why, "no: option passthrough.io");
  });
  with_passthrough({ "passthrough.io": "rw" }, { outcome: { flags2, minor: 40 } }, (pool) => {
    assertEquals(opened(pool, "f", O_RDONLY).why, "yes");
  });
});

Deno.test("writes past us show through a name that was made meanwhile when the file is flushed or released", () => {
  with_passthrough({}, {}, (pool) => {
    const [writer, reader] = [opened(pool, "f", O_WRONLY), opened(pool, "f", O_RDONLY)];
    assertEquals(link(pool, "f", "g").result, "ok");
    const told = (message: Uint8Array) => {
      assertEquals(pool.send(message).result, "ok");
      const count = pool.stale_nodes().length;
      pool.node("g");
      return count;
    };
    const node = pool.node("f");
    const counts = [writer, reader].flatMap(({ handle }) => [
      told(wire.flush(pool.next(), node, handle)),
      told(wire.release(pool.next(), node, handle)),
    ]);
    assertEquals(counts, [1, 1, 0, 0]);
  });
});
