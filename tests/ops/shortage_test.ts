// Descriptors run out, in this process or on the machine: at whichever system call that happens, the request does all or
// nothing, says so, and nothing that is there is shown as missing.

import { assert, assertEquals } from "@std/assert";
import { EMFILE } from "../../src/base/errno.ts";
import { O_CREAT, O_RDONLY, O_RDWR, O_WRONLY } from "../../src/sys/file.ts";
import {
  H_HANDLE_COUNT,
  H_HANDLE_TOP,
  H_NODE_FREE,
  H_NODE_TOP,
  H_SHORTAGE_TOLD,
  HANDLES_MAX,
  NODES_MAX,
} from "../../src/state/layout.ts";
import { ShortageNotice } from "../../src/state/shortage_notice.ts";
import { Pool, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import { type CallName, fails_with, type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

/** Calls that give a descriptor. */
const GIVING: readonly CallName[] = ["openat", "syscall_openat2", "memfd_create", "dup"];
const TREE = ["0/d/a", "0/d/both", "1/d/b", "1/d/both", "0/only/", "0/only/x"];
const REGULAR = 0o100644;

/** Stand-ins that fail with EMFILE when `fails` says so, by the number of the call since the start. */
function giving_calls(fails: (at: number) => boolean): Partial<Record<CallName, StandIn>> {
  let at = 0;
  return Object.fromEntries(GIVING.map((name) => [name, (real: () => number) => {
    return fails(at++) ? fails_with(EMFILE) : real();
  }]));
}

interface Case {
  readonly name: string;
  readonly options?: Readonly<Record<string, string>>;
  /** What the kernel knows and has open before. The bytes of the request come from what it returns. */
  readonly prepare: (pool: Pool) => () => string;
}

/** A request on paths; the nodes are looked up before. */
function on_path(name: string, paths: readonly string[], request: (pool: Pool) => { readonly result: string }): Case {
  return {
    name,
    prepare: (pool) => {
      for (const path of paths) pool.node(path);
      return () => request(pool).result;
    },
  };
}

function to_second_branch(of: Case): Case {
  return { ...of, options: { "category.create": "mfs", "func.mkdir": "ff" } };
}

const CASES: readonly Case[] = [
  on_path("open", ["d/a"], (pool) => pool.send(wire.open(pool.next(), pool.node("d/a"), O_RDONLY))),
  on_path("open to write", ["d/a"], (pool) => pool.send(wire.open(pool.next(), pool.node("d/a"), O_WRONLY))),
  on_path("create", ["d"], (pool) => calls.create(pool, "d/new", O_CREAT | O_RDWR, 0o644)),
  on_path("mkdir", ["d"], (pool) => calls.mkdir(pool, "d/new", 0o755)),
  on_path("mknod", ["d"], (pool) => calls.mknod(pool, "d/new", REGULAR)),
  on_path("symlink", ["d"], (pool) => calls.symlink(pool, "d/new", "x")),
  on_path("unlink", ["d/a"], (pool) => calls.unlink(pool, "d/a")),
  on_path("rename", ["d/a"], (pool) => calls.rename(pool, "d/a", "d/new")),
  on_path("rename to a directory of another branch", ["d/b", "only"], (pool) => calls.rename(pool, "d/b", "only/new")),
  on_path("link", ["d/a"], (pool) => calls.link(pool, "d/a", "d/new")),
  on_path("chmod", ["d/a"], (pool) => calls.setattr(pool, "d/a", { mode: 0o600 })),
  on_path("truncate", ["d/a"], (pool) => calls.setattr(pool, "d/a", { size: 0 })),
  on_path("setxattr", ["d/a"], (pool) => calls.setxattr(pool, "d/a", "user.x", "y")),
  on_path("statfs", [], (pool) => calls.statfs(pool, "")),
  to_second_branch(on_path("create after cloning", ["only"], (pool) => {
    return calls.create(pool, "only/new", O_CREAT | O_RDWR, 0o644);
  })),
];

/** Owner and mode of everything on the branches. */
function tree_with_owners(pool: Pool): string[] {
  return pool.tree().map((entry) => {
    const { uid, mode } = Deno.lstatSync(`${pool.directory}/b${entry}`);
    return `${entry} ${uid} ${(mode! & 0o7777).toString(8)}`;
  });
}

/** The case with the calls failing that `fails` names; what came of it. */
function outcome(of: Case, fails: (at: number) => boolean): { result: string; tree: string[]; before: string[] } {
  const found = { result: "", tree: [] as string[], before: [] as string[] };
  with_pool({ branches: ["", ""], tree: TREE, options: of.options ?? {} }, (pool) => {
    if (Deno.uid() === 0) { for (const path of ["d", "only"]) Deno.chownSync(pool.on(0, path), 1000, 1000); }
    const request = of.prepare(pool);
    found.before = tree_with_owners(pool);
    with_stand_ins(giving_calls(fails), () => found.result = request());
    found.tree = tree_with_owners(pool);
    pool.check();
  });
  return found;
}

function count_calls(of: Case): number {
  let count = 0;
  outcome(of, (at) => {
    count = at + 1;
    return false;
  });
  return count;
}

for (const of of CASES) {
  Deno.test(`${of.name}: all or EMFILE and nothing, at whichever call the descriptors run out`, () => {
    const done = outcome(of, () => false);
    assertEquals(done.result, "ok");
    for (let end = 0; end < count_calls(of); end++) {
      for (const fails of [(at: number) => at === end, (at: number) => at >= end]) {
        const { result, tree, before } = outcome(of, fails);
        if (result === "ok") {
          assertEquals(tree, done.tree, `call ${end}`);
          continue;
        }
        assertEquals(result, "EMFILE", `call ${end}`);
        // A directory that was cloned completely may stay.
        for (const entry of tree) assert(before.includes(entry) || done.tree.includes(entry), `call ${end}: ${entry}`);
        for (const entry of before) assert(tree.includes(entry), `call ${end}: ${entry} is missing`);
      }
    }
  });
}

for (const mode of ["seq", "cosr", "cor"]) {
  Deno.test(`a listing is whole or EMFILE, func.readdir=${mode}`, () => {
    const of = (pool: Pool): string => {
      const node = pool.node("d");
      const { handle } = pool.send(wire.opendir(pool.next(), node)).open();
      const answer = pool.send(wire.readdir(pool.next(), node, handle, 0, 65536));
      return answer.result === "ok" ? answer.names.map(({ name }) => name).sort().join(" ") : answer.result;
    };
    with_pool({ branches: ["", ""], tree: TREE, options: { "func.readdir": mode } }, (pool) => {
      const results = [0, 1, 2].map((end) => {
        let result = "";
        with_stand_ins(giving_calls((at) => at === end), () => result = of(pool));
        return result;
      });
      assertEquals(results, ["EMFILE", "EMFILE", "EMFILE"]);
      assertEquals(of(pool), ". .. a b both");
    });
  });
}

Deno.test("a close that finds no descriptor for its duplicate reports what fdatasync does", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const node = pool.node("f");
    const handle = pool.open("f", O_RDWR);
    let result = "";
    with_stand_ins({ dup: () => fails_with(EMFILE) }, () => {
      result = pool.send(wire.flush(pool.next(), node, handle)).result;
    });
    assertEquals(result, "ok");
  });
});

/** Runs `use` while the process may have so many descriptors, as far as it asks. */
function with_limit(limit: number, use: () => void): void {
  const getrlimit: StandIn = (real, values) => {
    const result = real();
    (values[1] as BigUint64Array)[0] = BigInt(limit);
    return result;
  };
  with_stand_ins({ getrlimit }, use);
}

Deno.test("clients get three quarters of few descriptors, then EMFILE; a directory can be listed, a file removed", () => {
  with_pool({ tree: ["0/d/f", "0/d/g"] }, (pool) => {
    const node = pool.node("d/f");
    const open = () => pool.send(wire.open(pool.next(), node, O_RDONLY)).result;
    with_limit(16, () => {
      const results = Array.from({ length: 14 }, open);
      assertEquals(results, [...Array(12).fill("ok"), "EMFILE", "EMFILE"]);
      assertEquals(calls.create(pool, "d/new", O_CREAT | O_RDWR, 0o644).result, "EMFILE");
      assertEquals([pool.list("d"), calls.unlink(pool, "d/g").result], [["f", "g"], "ok"]);
      assertEquals(pool.tree(), ["0/d/", "0/d/f"]);
    });
    assertEquals(open(), "ok");
  });
});

Deno.test("the log is told of it once in ten minutes, with the limit", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    pool.arena.header[H_SHORTAGE_TOLD] = 0;
    const node = pool.node("f");
    with_limit(0, () => {
      for (let round = 0; round < 3; round++) pool.send(wire.open(pool.next(), node, O_RDONLY));
    });
    const told = pool.log.filter((line) => line.includes("EMFILE"));
    assertEquals(told.length, 1, told.join("\n"));
    assert(told[0]!.includes("the limit of the process is 0;"), told[0]);
    const notice = new ShortageNotice(pool.arena);
    const now_s = pool.arena.header[H_SHORTAGE_TOLD]!;
    assertEquals([now_s + 599, now_s - 1, now_s, now_s + 599].map((time) => notice.is_due(time)), [
      false,
      true,
      false,
      true,
    ]);
  });
});

/** Runs `use` with a word of the header at another value, and puts it back. */
function with_header_word(pool: Pool, word: number, value: number, use: () => void): void {
  const { header } = pool.arena;
  const kept = header[word]!;
  header[word] = value;
  use();
  header[word] = kept;
}

Deno.test("a full table of nodes answers ENFILE to names that are new, and goes on with those it knows", () => {
  with_pool({ tree: ["0/f", "0/g"] }, (pool) => {
    const node = pool.node("f");
    // What is free is taken first.
    while (pool.arena.header[H_NODE_FREE] !== 0) pool.context.nodes.remember_nameless();
    with_header_word(pool, H_NODE_TOP, NODES_MAX, () => {
      assertEquals(pool.send(wire.lookup(pool.next(), 1, "g")).result, "ENFILE");
      assertEquals([pool.node("f"), calls.rename(pool, "f", "h").result, pool.node("h")], [node, "ok", node]);
    });
    assert(pool.has("g"));
  });
});

Deno.test("a full table of handles answers ENFILE before a file is made", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const { header } = pool.arena;
    const count = header[H_HANDLE_COUNT]!;
    header[H_HANDLE_COUNT] = HANDLES_MAX;
    const results = [
      calls.create(pool, "new", O_CREAT | O_RDWR, 0o644).result,
      pool.send(wire.open(pool.next(), pool.node("f"), O_RDONLY)).result,
      pool.send(wire.opendir(pool.next(), 1)).result,
    ];
    header[H_HANDLE_COUNT] = count;
    assertEquals([results, pool.tree()], [["ENFILE", "ENFILE", "ENFILE"], ["0/f"]]);
    assert(header[H_HANDLE_TOP]! < HANDLES_MAX);
  });
});
