// link-exdev and rename-exdev: what would have to cross branches becomes a symlink, and nothing is lost where that fails
// (operations §14.4, §15.3, F6, §30.4). Names that would hide behind the control file (docs/architecture.md).

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { to_bytes, to_text } from "../../src/base/bytes.ts";
import { EINVAL, EPERM } from "../../src/base/errno.ts";
import { PathBuffer } from "../../src/base/path_buffer.ts";
import { absolute_target, relative_target } from "../../src/ops/common/symlink_target.ts";
import { O_RDONLY } from "../../src/sys/file.ts";
import { Pool, PoolSpec, root_test, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import {
  type CallName,
  fails_with,
  path_of as path_behind,
  type StandIn,
  with_stand_ins,
} from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const S_IFMT = 0o170000;
const REGULAR = 0o100000;
const SYMLINK = 0o120000;
const ASIDE = ".mergerfs_rename_exdev";
const MOUNTPOINT = "/mnt/a pool";

/** Operations §30.4: the file on b0, the new name's directory on b1 only, path preserving. */
function crossing(options: Readonly<Record<string, string>>, more: Partial<PoolSpec> = {}): PoolSpec {
  const preserving = { "category.create": "epmfs", mountpoint: MOUNTPOINT };
  return { branches: ["", ""], tree: ["0/s/f:text", "1/t/"], ...more, options: { ...preserving, ...options } };
}

function path_of(text: string): PathBuffer {
  const path = new PathBuffer();
  for (const name of text.split("/")) path.append(to_bytes(name), 0, to_bytes(name).length);
  return path;
}

function text_of(target: Uint8Array): string {
  return to_text(target.subarray(0, target.indexOf(0)));
}

Deno.test("a relative target starts at the directory of the link", () => {
  const cases = [
    ["only2/z/g", "x/y/f", "../../x/y/f"],
    ["only2/t", "top", "../top"],
    ["g", "s/f", "s/f"],
    ["g", "f", "f"],
    ["t/g", "s/f", "../s/f"],
    ["s/g", "s/f", "f"],
    ["a/b/g", "a/c/f", "../c/f"],
    ["a/b/c/g", "a/b/f", "../f"],
    ["a/g", "a/b/c/f", "b/c/f"],
    ["ab/g", "a/f", "../a/f"],
    ["a/g", "ab/f", "../ab/f"],
    ["a/b/g", "a/bc/f", "../bc/f"],
  ];
  for (const [link, path, target] of cases) {
    assertEquals(text_of(relative_target(path_of(link!), path_of(path!))), target, `${path} from ${link}`);
  }
  const deep = "d/".repeat(2047);
  assertEquals(text_of(relative_target(path_of(`${deep}g`), path_of("f"))), `${"../".repeat(2047)}f`);
  assertEquals(text_of(absolute_target(to_bytes("/mnt"), path_of("s/f"))), "/mnt/s/f");
});

const LINKS: readonly (readonly [mode: string, target: (pool: Pool) => string])[] = [
  ["rel-symlink", () => "../s/f"],
  ["abs-base-symlink", (pool) => pool.on(0, "s/f")],
  ["abs-pool-symlink", () => `${MOUNTPOINT}/s/f`],
];

Deno.test("link-exdev: a symlink is left, and the kernel is told of the file, for no time", () => {
  for (const [mode, target] of LINKS) {
    with_pool(crossing({ "link-exdev": mode }), (pool) => {
      const old = pool.lookup("s/f").attr;
      const entry = calls.link(pool, "s/f", "t/g").entry();
      assertEquals([entry.attr, entry.entry_s, entry.attr_s], [old, 0n, 0n], mode);
      assertEquals(Deno.readLinkSync(pool.on(1, "t/g")), target(pool), mode);
      const found = pool.lookup("t/g");
      assertEquals(found.attr.mode & S_IFMT, SYMLINK, mode);
      assertNotEquals(found.node, entry.node);
      assertEquals(pool.tree(), ["0/s/", "0/s/f", "1/t/", "1/t/g"]);
    });
  }
});

Deno.test("link-exdev=abs-base-symlink leads to the branch that the open policy chooses", () => {
  const options = { "link-exdev": "abs-base-symlink", "func.open": "newest" };
  with_pool(crossing(options, { branches: ["", "", ""], tree: ["0/s/f", "1/s/f", "2/t/"] }), (pool) => {
    Deno.utimeSync(pool.on(0, "s/f"), 1000, 1000);
    assertEquals(calls.link(pool, "s/f", "t/g").result, "ok");
    assertEquals(Deno.readLinkSync(pool.on(2, "t/g")), pool.on(1, "s/f"));
  });
});

Deno.test("link-exdev=passthrough, and a link that needs no other branch, stay what they are", () => {
  with_pool(crossing({}), (pool) => assertEquals(calls.link(pool, "s/f", "t/g").result, "EXDEV"));
  with_pool(crossing({ "link-exdev": "rel-symlink" }), (pool) => {
    assertEquals(calls.link(pool, "s/f", "s/g").entry().attr.nlink, 2);
    pool.make("1/t/h");
    assertEquals(calls.link(pool, "s/f", "t/h").result, "EEXIST");
  });
});

root_test("the symlink's owner is the caller when the request names one (operations F6c)", () => {
  const options = { "link-exdev": "rel-symlink", "rename-exdev": "rel-symlink" };
  for (const [uid, owner] of [[1000, 1000], [0xffff_ffff, 0]] as const) {
    with_pool(crossing(options), (pool) => {
      const [s, t] = [pool.node("s"), pool.node("t")];
      const link = wire.link(pool.next(), t, "linked", pool.node("s/f"));
      const rename = wire.rename(pool.next(), s, "f", t, "renamed");
      for (const request of [link, rename]) {
        assertEquals(pool.send(wire.from({ uid, gid: uid }, request)).result, "ok");
      }
      const owners = ["linked", "renamed"].map((name) => Deno.lstatSync(pool.on(1, `t/${name}`)).uid);
      assertEquals(owners, [owner, owner]);
      // What is put aside keeps its own.
      assertEquals(Deno.lstatSync(pool.on(0, `${ASIDE}/s/f`)).uid, 0);
    });
  }
});

const RENAMES: readonly (readonly [mode: string, target: string])[] = [
  ["rel-symlink", `../${ASIDE}/s/f`],
  ["abs-symlink", `${MOUNTPOINT}/${ASIDE}/s/f`],
];

root_test("rename-exdev: the file is put aside on its branch and a symlink leads to it", () => {
  for (const [mode, target] of RENAMES) {
    with_pool(crossing({ "rename-exdev": mode }), (pool) => {
      Deno.chmodSync(pool.on(0, "s"), 0o2750);
      Deno.chownSync(pool.on(0, "s"), 12, 34);
      const [old, handle] = [pool.node("s/f"), pool.open("s/f", O_RDONLY)];
      assertEquals(calls.rename(pool, "s/f", "t/g").result, "ok", mode);
      const after = [`0/${ASIDE}/`, `0/${ASIDE}/s/`, `0/${ASIDE}/s/f`, "0/s/", "1/t/", "1/t/g"];
      assertEquals(pool.tree(), after);
      assertEquals(Deno.readLinkSync(pool.on(1, "t/g")), target);
      const [aside, inside] = [ASIDE, `${ASIDE}/s`].map((path) => Deno.statSync(pool.on(0, path)));
      assertEquals([aside!.mode! & 0o7777, aside!.uid, aside!.gid], [0o1777, 0, 0]);
      assertEquals([inside!.mode! & 0o7777, inside!.uid, inside!.gid], [0o2750, 12, 34]);
      // The kernel's old node has no name any more; what is open stays open.
      assertEquals(pool.send(wire.open(pool.next(), old, O_RDONLY)).result, "ESTALE");
      assertEquals(pool.send(wire.read(pool.next(), old, handle, 0, 10)).text, "text");
      assertEquals([pool.lookup("t/g").attr.mode & S_IFMT, pool.node("t/g") === old], [SYMLINK, false]);
    });
  }
});

root_test("rename-exdev and link-exdev: every other error stays what it is", () => {
  const options = { "rename-exdev": "rel-symlink", "link-exdev": "rel-symlink", "category.create": "ff" };
  with_pool(crossing(options, { branches: ["=RO", ""] }), (pool) => {
    assertEquals(calls.rename(pool, "s/f", "t/g").result, "EROFS");
    assertEquals(calls.link(pool, "s/f", "t/g").result, "EROFS");
    assertEquals(pool.tree(), ["0/s/", "0/s/f", "1/t/"]);
  });
  with_pool(crossing(options), (pool) => {
    pool.freeze(0, "s/f");
    assertEquals(calls.rename(pool, "s/f", "s/g").result, "EPERM");
    assertEquals(calls.link(pool, "s/f", "s/g").result, "EPERM");
    assertEquals(pool.tree(), ["0/s/", "0/s/f", "1/t/"]);
  });
});

Deno.test("rename-exdev: the kernel is told that the old node is stale, and of the file's new change time under its other name", () => {
  with_pool(crossing({ "rename-exdev": "rel-symlink" }), (pool) => {
    Deno.linkSync(pool.on(0, "s/f"), pool.on(0, "s/other"));
    const nodes = ["s/f", "s/other"].map((path) => pool.node(path));
    assertEquals(calls.rename(pool, "s/f", "t/g").result, "ok");
    assertEquals(pool.stale_nodes().sort(), nodes.sort());
  });
});

Deno.test("rename-exdev: a node of the new name whose file went away behind our back does not become the symlink", () => {
  with_pool(crossing({ "rename-exdev": "rel-symlink" }, { tree: ["0/s/f:text", "1/t/g"] }), (pool) => {
    const gone = pool.node("t/g");
    Deno.removeSync(pool.on(1, "t/g"));
    assertEquals(calls.rename(pool, "s/f", "t/g").result, "ok");
    assertNotEquals(pool.node("t/g"), gone);
  });
});

Deno.test("rename-exdev: sources in the root, directories, every branch that has the object", () => {
  const options = { "rename-exdev": "rel-symlink" };
  with_pool(crossing(options, { tree: ["0/f", "1/t/"] }), (pool) => {
    assertEquals(calls.rename(pool, "f", "t/g").result, "ok");
    assertEquals(pool.tree(), [`0/${ASIDE}/`, `0/${ASIDE}/f`, "1/t/", "1/t/g"]);
    assertEquals(Deno.readLinkSync(pool.on(1, "t/g")), `../${ASIDE}/f`);
  });
  const tree = ["0/s/d/a", "1/s/d/b", "2/t/"];
  with_pool(crossing(options, { branches: ["", "", ""], tree }), (pool) => {
    assertEquals(calls.rename(pool, "s/d", "t/e").result, "ok");
    const moved = [0, 1].flatMap((branch) => [
      `${branch}/${ASIDE}/`,
      `${branch}/${ASIDE}/s/`,
      `${branch}/${ASIDE}/s/d/`,
      `${branch}/${ASIDE}/s/d/${"ab"[branch]}`,
      `${branch}/s/`,
    ]);
    assertEquals(pool.tree(), [...moved, "2/t/", "2/t/e"]);
    assertEquals(pool.list(`${ASIDE}/s/d`), ["a", "b"]);
  });
});

/** What is on the branches beside the directories that a failed attempt leaves. */
function files_of(pool: Pool): string[] {
  return pool.tree().filter((entry) => !entry.includes(ASIDE) || !entry.endsWith("/"));
}

root_test("rename-exdev: where one branch cannot, all is put back and the caller gets EXDEV", () => {
  const tree = ["0/s/f", "1/s/f", "2/t/"];
  with_pool(crossing({ "rename-exdev": "rel-symlink" }, { branches: ["", "", ""], tree }), (pool) => {
    const before = pool.tree();
    pool.freeze(1, "s/f");
    const node = pool.node("s/f");
    assertEquals(calls.rename(pool, "s/f", "t/g").result, "EXDEV");
    assertEquals(files_of(pool), before);
    assertEquals(pool.node("s/f"), node);
  });
});

root_test("rename-exdev: where the symlink cannot be made, all is put back and the caller gets its error", () => {
  for (const mode of ["rel-symlink", "abs-symlink"]) {
    with_pool(crossing({ "rename-exdev": mode }), (pool) => {
      const before = pool.tree();
      pool.freeze(1, "t");
      assertEquals(calls.rename(pool, "s/f", "t/g").result, "EPERM");
      assertEquals(files_of(pool), before);
    });
  }
});

Deno.test("rename-exdev: on a filesystem without RENAME_NOREPLACE a file is put aside by a link, a directory not at all", () => {
  const no_flags: StandIn = (real, values) => values[4] === 0 ? real() : fails_with(EINVAL);
  const rename = (pool: Pool, more: Partial<Record<CallName, StandIn>> = {}) => {
    let result = "";
    with_stand_ins({ renameat2: no_flags, ...more }, () => result = calls.rename(pool, "s/f", "t/g").result);
    return result;
  };
  const options = { "rename-exdev": "rel-symlink" };
  with_pool(crossing(options), (pool) => {
    assertEquals(rename(pool), "ok");
    assertEquals(files_of(pool), [`0/${ASIDE}/s/f`, "0/s/", "1/t/", "1/t/g"]);
  });
  with_pool(crossing(options, { tree: ["0/s/f/inside", "1/t/"] }), (pool) => {
    assertEquals(rename(pool), "EXDEV");
    assertEquals(files_of(pool), ["0/s/", "0/s/f/", "0/s/f/inside", "1/t/"]);
  });
  // The old name stays: so the other one goes.
  with_pool(crossing(options), (pool) => {
    const stays: StandIn = (real, [directory]) => path_behind(directory).endsWith("b0/s") ? fails_with(EPERM) : real();
    assertEquals(rename(pool, { unlinkat: stays }), "EXDEV");
    assertEquals(files_of(pool), ["0/s/", "0/s/f", "1/t/"]);
  });
});

Deno.test("rename-exdev: what cannot be put back, because its name is taken by then, is kept and named in the log", () => {
  with_pool(crossing({ "rename-exdev": "rel-symlink" }), (pool) => {
    const { credentials } = pool.context;
    const become = credentials.become;
    // The symlink is refused, and meanwhile somebody makes a file under the old name.
    credentials.become = () => (pool.make("0/s/f:another"), -EPERM);
    const { result } = calls.rename(pool, "s/f", "t/g");
    credentials.become = become;
    assertEquals(result, "EPERM");
    const texts = [`${ASIDE}/s/f`, "s/f"].map((path) => Deno.readTextFileSync(pool.on(0, path)));
    assertEquals(texts, ["text", "another"]);
    assert(pool.log.some((line) => line.includes(`"${ASIDE}/s/f"`)), pool.log.join("\n"));
  });
});

Deno.test("rename-exdev replaces nothing: not the new name, not what was put aside before", () => {
  for (const there of ["1/t/g", "2/t/g", `0/${ASIDE}/s/f`, `1/${ASIDE}/s/f`]) {
    const tree = ["0/s/f:text", "1/t/", "2/t/", `${there}:precious`];
    with_pool(crossing({ "rename-exdev": "rel-symlink" }, { branches: ["", "", ""], tree }), (pool) => {
      const before = pool.tree();
      assertEquals(calls.rename(pool, "s/f", "t/g").result, "EXDEV", there);
      assertEquals(pool.tree(), before, there);
      assertEquals(Deno.readTextFileSync(`${pool.directory}/b${there}`), "precious");
    });
  }
});

Deno.test("rename-exdev: once more under the same old name, the caller may copy", () => {
  with_pool(crossing({ "rename-exdev": "rel-symlink" }), (pool) => {
    assertEquals(calls.rename(pool, "s/f", "t/g").result, "ok");
    pool.make("0/s/f:second");
    assertEquals(calls.rename(pool, "s/f", "t/h").result, "EXDEV");
    assertEquals(Deno.readTextFileSync(pool.on(0, `${ASIDE}/s/f`)), "text");
    assertEquals(Deno.readTextFileSync(pool.on(0, "s/f")), "second");
  });
});

Deno.test("rename-exdev: a symlink in the place of the directory leads nothing out of the branch (departures D3)", () => {
  with_pool(crossing({ "rename-exdev": "rel-symlink" }), (pool) => {
    const outside = `${pool.directory}/outside`;
    Deno.mkdirSync(outside);
    Deno.symlinkSync(outside, pool.on(0, ASIDE));
    assertEquals(calls.rename(pool, "s/f", "t/g").result, "EXDEV");
    assertEquals([...Deno.readDirSync(outside)], []);
    assert(pool.has("s/f"));
  });
});

Deno.test("rename-exdev: a path too long to be put aside stays where it is", () => {
  with_pool(crossing({ "rename-exdev": "rel-symlink" }, { tree: ["0/s/", "1/t/"] }), (pool) => {
    let deep = "s";
    while (deep.length < 4080) {
      deep += `/${"x".repeat(226)}`;
      assertEquals(calls.mkdir(pool, deep, 0o755).result, "ok");
    }
    assertEquals(calls.rename(pool, deep, "t/g").result, "EXDEV");
    assert(pool.has(deep));
  });
});

Deno.test("nothing gets the name of the control file", () => {
  with_pool({ tree: ["0/f", "0/d/g"] }, (pool) => {
    const before = pool.tree();
    const results = [
      calls.rename(pool, "f", ".mergerfs"),
      calls.rename(pool, "f", ".mergerfs", 2),
      calls.rename(pool, ".mergerfs", "f", 2),
      calls.link(pool, "f", ".mergerfs"),
      calls.symlink(pool, ".mergerfs", "f"),
      calls.mknod(pool, ".mergerfs", REGULAR | 0o644),
      calls.mkdir(pool, ".mergerfs", 0o755),
    ].map(({ result }) => result);
    assertEquals(results, new Array(results.length).fill("EPERM"));
    assertEquals(pool.tree(), before);
    assertEquals(calls.rename(pool, "f", "d/.mergerfs").result, "ok");
    // One that is on a branch all the same can be given another name.
    pool.make("0/.mergerfs:hidden");
    assertEquals(calls.rename(pool, ".mergerfs", "seen").result, "ok");
    assertEquals(pool.lookup("seen").attr.size, 6n);
  });
});
