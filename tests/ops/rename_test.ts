// RENAME and RENAME2: a file stays on its branch, stale copies go (operations §14, §30.3, §30.4; departures D11).

import { assertEquals } from "@std/assert";
import { PoolSpec, root_test, with_pool } from "../support/handler.ts";
import { getattr, rename } from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";
import { O_RDONLY } from "../../src/sys/file.ts";

const NOREPLACE = 1;
const EXCHANGE = 2;
const WHITEOUT = 4;

interface Case {
  readonly name: string;
  readonly branches?: readonly string[];
  readonly tree: readonly string[];
  readonly frozen?: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly result: string;
  readonly after?: readonly string[];
}

function check(cases: readonly Case[], options: Readonly<Record<string, string>> = {}): void {
  for (const { name, branches = ["", "", ""], tree, frozen = [], from, to, result, after, ...rest } of cases) {
    with_pool({ branches, tree, options: { ...options, ...rest.options } }, (pool) => {
      for (const entry of frozen) pool.freeze(Number(entry[0]), entry.slice(2));
      const before = pool.tree();
      const node = pool.has(from) ? pool.node(from) : 0n;
      assertEquals(rename(pool, from, to).result, result, name);
      assertEquals(pool.tree(), after ?? before, name);
      if (result === "ok") assertEquals(pool.send(wire.getattr(pool.next(), node)).result, "ok", name);
      if (result === "ok") assertEquals(pool.node(to), node, name);
    });
  }
}

const CREATING: readonly Case[] = [
  {
    name: "the directory is missing on the file's branch",
    tree: ["0/s/f", "1/t/"],
    from: "s/f",
    to: "t/g",
    result: "ok",
    after: ["0/s/", "0/t/", "0/t/g", "1/t/"],
  },
  { name: "stale targets", tree: ["0/f", "1/g", "2/g"], from: "f", to: "g", result: "ok", after: ["0/g"] },
  {
    name: "stale targets on RO and NC",
    branches: ["", "=RO", "=NC"],
    tree: ["0/f", "1/g", "2/g"],
    from: "f",
    to: "g",
    result: "ok",
    after: ["0/g"],
  },
  {
    name: "one copy cannot move",
    tree: ["0/f", "1/f", "2/f"],
    frozen: ["1/"],
    from: "f",
    to: "g",
    result: "ok",
    after: ["0/g", "1/f", "2/g"],
  },
  {
    name: "a directory in the way on one branch",
    branches: ["", ""],
    tree: ["0/f", "0/g", "1/f", "1/g/x"],
    from: "f",
    to: "g",
    result: "ok",
    after: ["0/g", "1/g/", "1/g/x"],
  },
  {
    name: "a directory on two branches",
    branches: ["", ""],
    tree: ["0/d/a", "1/d/b", "1/x/y/"],
    from: "d",
    to: "x/y/e",
    result: "ok",
    after: ["0/x/", "0/x/y/", "0/x/y/e/", "0/x/y/e/a", "1/x/", "1/x/y/", "1/x/y/e/", "1/x/y/e/b"],
  },
  {
    name: "a filled directory elsewhere is merged",
    branches: ["", ""],
    tree: ["0/d/a", "1/e/z"],
    from: "d",
    to: "e",
    result: "ok",
    after: ["0/e/", "0/e/a", "1/e/", "1/e/z"],
  },
  {
    name: "a copy on RO stays",
    branches: ["=RO", ""],
    tree: ["0/f", "1/f"],
    from: "f",
    to: "g",
    result: "ok",
    after: ["0/f", "1/g"],
  },
  { name: "all RO", branches: ["=RO", "=RO"], tree: ["0/f", "1/f"], from: "f", to: "g", result: "EROFS" },
  { name: "nothing there", tree: ["0/h"], from: "f", to: "g", result: "ENOENT" },
  { name: "not allowed anywhere", tree: ["0/f"], frozen: ["0/"], from: "f", to: "g", result: "EPERM" },
];

const PRESERVING: readonly Case[] = [
  { name: "the directory is elsewhere", tree: ["0/s/f", "1/t/"], from: "s/f", to: "t/g", result: "EXDEV" },
  {
    name: "the same with ignorepponrename",
    tree: ["0/s/f", "1/t/"],
    options: { ignorepponrename: "true" },
    from: "s/f",
    to: "t/g",
    result: "ok",
    after: ["0/s/", "0/t/", "0/t/g", "1/t/"],
  },
  {
    name: "what cannot be renamed and what was there goes",
    tree: ["0/s/f", "0/t/", "1/s/f", "2/s/x", "2/t/g"],
    from: "s/f",
    to: "t/g",
    result: "ok",
    after: ["0/s/", "0/t/", "0/t/g", "1/s/", "2/s/", "2/s/x", "2/t/"],
  },
  { name: "every error is EXDEV", tree: ["0/f"], frozen: ["0/"], from: "f", to: "g", result: "EXDEV" },
  { name: "but not those of the policy", branches: ["=RO"], tree: ["0/f"], from: "f", to: "g", result: "EROFS" },
];

root_test("rename with a create policy that makes paths: operations §30.3", () => check(CREATING));
root_test("rename with a path preserving create policy: operations §30.4", () => {
  check(PRESERVING, { "func.create": "epmfs" });
});

Deno.test("an open file goes with its name; a replaced one stays readable; descendants follow", () => {
  with_pool({ tree: ["0/d/e/f:old", "0/g:replaced"] }, (pool) => {
    const file = pool.node("d/e/f");
    const handle = pool.open("d/e/f", O_RDONLY);
    const replaced = pool.node("g");
    const replaced_handle = pool.open("g", O_RDONLY);
    assertEquals(rename(pool, "d", "n").result, "ok");
    assertEquals(pool.node("n/e/f"), file);
    assertEquals(rename(pool, "n/e/f", "g").result, "ok");
    assertEquals(pool.send(wire.read(pool.next(), file, handle, 0, 100)).text, "old");
    assertEquals(pool.send(wire.read(pool.next(), replaced, replaced_handle, 0, 100)).text, "replaced");
    assertEquals(pool.node("g"), file);
    assertEquals(pool.send(wire.getattr(pool.next(), replaced)).attr.nlink, 0);
  });
});

function rename2(spec: PoolSpec, from: string, to: string, flags: number, result: string, after?: string[]): void {
  with_pool(spec, (pool) => {
    const before = pool.tree();
    assertEquals(rename(pool, from, to, flags).result, result);
    assertEquals(pool.tree(), after ?? before);
  });
}

Deno.test("NOREPLACE replaces nothing, on no branch, in either mode", () => {
  const two = ["", ""];
  const preserving = { "func.create": "epff" };
  rename2({ branches: two, tree: ["0/f"] }, "f", "g", NOREPLACE, "ok", ["0/g"]);
  rename2({ branches: two, tree: ["0/f", "0/g"] }, "f", "g", NOREPLACE, "EEXIST");
  rename2({ branches: two, tree: ["0/f", "1/g"] }, "f", "g", NOREPLACE, "EEXIST");
  rename2({ branches: two, tree: ["0/f", "1/f", "1/g"] }, "f", "g", NOREPLACE, "EEXIST");
  rename2({ branches: two, tree: ["0/f", "1/g"], options: preserving }, "f", "g", NOREPLACE, "EEXIST");
  rename2({ branches: ["", "=RO"], tree: ["0/f", "1/g"] }, "f", "g", NOREPLACE, "EEXIST");
});

Deno.test("EXCHANGE swaps two names of one branch, and nothing else", () => {
  const two = ["", ""];
  with_pool({ branches: two, tree: ["0/f:one", "0/d/g:two"] }, (pool) => {
    const nodes = [pool.node("f"), pool.node("d/g")];
    assertEquals(rename(pool, "f", "d/g", EXCHANGE).result, "ok");
    assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "two");
    assertEquals([pool.node("d/g"), pool.node("f")], nodes);
  });
  rename2({ branches: two, tree: ["0/f", "1/g"] }, "f", "g", EXCHANGE, "EINVAL");
  rename2({ branches: two, tree: ["0/f", "0/g", "1/g"] }, "f", "g", EXCHANGE, "EINVAL");
  rename2({ branches: two, tree: ["0/f", "1/f", "0/g"] }, "f", "g", EXCHANGE, "EINVAL");
  rename2({ branches: ["", "=RO"], tree: ["0/f", "1/f", "0/g"] }, "f", "g", EXCHANGE, "EINVAL");
});

Deno.test("EXCHANGE with a name that is not known: the node of the other one does not become that file", () => {
  with_pool({ tree: ["0/f:one", "0/g:longer"] }, (pool) => {
    const node = pool.node("f");
    assertEquals(rename(pool, "f", "g", EXCHANGE).result, "ok");
    assertEquals(pool.send(wire.getattr(pool.next(), node)).result, "EBADF");
    assertEquals(pool.lookup("f").attr.size, 6n);
  });
});

Deno.test("WHITEOUT and combinations are refused", () => {
  for (const flags of [WHITEOUT, NOREPLACE | EXCHANGE, NOREPLACE | WHITEOUT, 8]) {
    rename2({ tree: ["0/f"] }, "f", "g", flags, "EINVAL");
  }
});

Deno.test("one directory that is two branches loses nothing by a rename", () => {
  with_pool({ branches: ["", "=RO"] }, (pool) => {
    pool.set("branches", `${pool.branch(0)}=RW:${pool.branch(0)}=RO`);
    pool.make("0/f:kept");
    assertEquals(rename(pool, "f", "g").result, "ok");
    assertEquals([pool.tree(), Deno.readTextFileSync(pool.on(0, "g"))], [["0/g"], "kept"]);
  });
});

Deno.test("a directory into itself is refused and nothing is locked for ever", () => {
  with_pool({ tree: ["0/d/e/"] }, (pool) => {
    assertEquals(rename(pool, "d", "d/e/x").result, "EINVAL");
    assertEquals(getattr(pool, "d/e").result, "ok");
  });
});

Deno.test("a file that is another name of itself stays", () => {
  with_pool({ tree: ["0/f:text"] }, (pool) => {
    Deno.linkSync(pool.on(0, "f"), pool.on(0, "g"));
    assertEquals(rename(pool, "f", "g").result, "ok");
    assertEquals(Deno.readTextFileSync(pool.on(0, "g")), "text");
  });
});

Deno.test("a name that is not known, renamed over a known one: that node is gone", () => {
  with_pool({ tree: ["0/a:one", "0/b:longer"] }, (pool) => {
    const replaced = pool.node("b");
    assertEquals(rename(pool, "a", "b").result, "ok");
    assertEquals(pool.send(wire.getattr(pool.next(), replaced)).result, "EBADF");
    assertEquals([pool.lookup("b").attr.size, pool.node("b") === replaced], [3n, false]);
  });
});

Deno.test("names of renamed nodes: the old one is free, the replaced one is gone", () => {
  with_pool({ tree: ["0/a", "0/b"] }, (pool) => {
    const [a, b] = [pool.node("a"), pool.node("b")];
    assertEquals(rename(pool, "a", "b").result, "ok");
    assertEquals([pool.has("a"), pool.node("b")], [false, a]);
    assertEquals(pool.send(wire.statfs(pool.next(), b)).result, "ESTALE");
  });
});
