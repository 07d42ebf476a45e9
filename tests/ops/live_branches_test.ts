// The branch list while the pool is mounted, set through the control file: instructions, patterns, modes, thresholds, and a
// pool without any usable branch (config spec §4).

import { assertEquals } from "@std/assert";
import { Pool, root_test, tmpfs_branches, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

const MIB = 1 << 20;

function set(pool: Pool, value: string): string {
  return calls.setxattr(pool, ".mergerfs", "user.mergerfs.branches", expanded(pool, value)).result;
}

/** "@" stands for the directory of the test. */
function expanded(pool: Pool, text: string): string {
  return text.replaceAll("@", pool.directory);
}

/** As it reads back, in short. */
function list(pool: Pool): string {
  return calls.getxattr(pool, ".mergerfs", "user.mergerfs.branches").text.replaceAll(`${pool.directory}/`, "");
}

function made_on(pool: Pool, name: string): string {
  const { result } = calls.mkdir(pool, name, 0o755);
  if (result !== "ok") return result;
  return pool.tree().filter((entry) => entry.endsWith(`/${name}/`)).join(" ");
}

interface Case {
  readonly value: string;
  readonly result?: string;
  /** Of the list b0=RW, b1=NC,1K, b2=RO; without it the list stays as it is. */
  readonly list?: string;
}

const INSTRUCTIONS: readonly Case[] = [
  { value: "@/b3", list: "b3=RW" },
  { value: "=@/b3", list: "b3=RW" },
  { value: "@/b3=NC,1536k:@/b0=RO", list: "b3=NC,1536K:b0=RO" },
  { value: "", list: "" },
  { value: "=", list: "" },
  { value: "+@/b3", list: "b0=RW:b1=NC,1K:b2=RO:b3=RW" },
  { value: "+>@/b3:@/b4=RO", list: "b0=RW:b1=NC,1K:b2=RO:b3=RW:b4=RO" },
  { value: "+<@/b3:@/b4=RO", list: "b3=RW:b4=RO:b0=RW:b1=NC,1K:b2=RO" },
  { value: "+@/b0=RO", list: "b0=RW:b1=NC,1K:b2=RO:b0=RO" },
  { value: "+" },
  { value: "+<" },
  { value: "+>" },
  { value: "-@/b1", list: "b0=RW:b2=RO" },
  { value: "-@/b1:@/b2", list: "b0=RW" },
  { value: "-*", list: "" },
  { value: "-*/b?", list: "" },
  { value: "-*b[01]", list: "b2=RO" },
  { value: "-*b[!01]", list: "b0=RW:b1=NC,1K" },
  { value: "-?*b1", list: "b0=RW:b2=RO" },
  { value: "-b1" },
  { value: "-@/b1=NC" },
  { value: "-@/b\\1", list: "b0=RW:b2=RO" },
  { value: "-/nothing" },
  { value: "-" },
  { value: "-<", list: "b1=NC,1K:b2=RO" },
  { value: "-<junk", list: "b1=NC,1K:b2=RO" },
  { value: "->", list: "b0=RW:b1=NC,1K" },
  { value: "->@/b0", list: "b0=RW:b1=NC,1K" },
  ...[">", "<", ">@/b3", "<@/b3", "==@/b3", "+=@/b3", "-+@/b3", "+-@/b3", "--@/b3", "=<@/b3", "=>"]
    .map((value) => ({ value, result: "EINVAL" })),
  ...["@/b3:", ":@/b3", "@/b3::@/b4", "+@/b3:", "+<:@/b3"].map((value) => ({ value, result: "EINVAL" })),
  ...["=XX", "=", "=,1G", "=ro", "=RW,", "=RW,x", "=RW,1.5G", "=RW,-1", "=RO,1G,x", "=b=ZZ"]
    .flatMap((end) => [{ value: `@/b3${end}`, result: "EINVAL" }, { value: `+@/b4:@/b3${end}`, result: "EINVAL" }]),
  { value: "@/b3=RW,16777216T", result: "EOVERFLOW" },
  { value: "+<@/b3=RW,1Gxyz", list: "b3=RW,1G:b0=RW:b1=NC,1K:b2=RO" },
  // Patterns and paths.
  { value: "@/b[34]=NC", list: "b3=NC:b4=NC" },
  { value: "@/{b4,b3}=RO,5", list: "b4=RO,5:b3=RO,5" },
  { value: "@/link:@/b3/../b4//", list: "b3=RW:b4=RW" },
  { value: "@/none*:@/none", list: "none*=RW:none=RW" },
  { value: "@/file", list: "" },
  { value: "@/file:@/b3", list: "b3=RW" },
  { value: "@/a=b=RO", list: "a=b=RO" },
];

Deno.test("every instruction of the branch list: what it makes of the list, or its errno and nothing", () => {
  with_pool({ branches: ["", "", "", "", ""] }, (pool) => {
    Deno.symlinkSync(pool.branch(3), `${pool.directory}/link`);
    Deno.writeTextFileSync(`${pool.directory}/file`, "");
    const start = "b0=RW:b1=NC,1K:b2=RO";
    for (const { value, result = "ok", list: expected = start } of INSTRUCTIONS) {
      assertEquals(set(pool, `=@/b0:@/b1=NC,1024:@/b2=RO`), "ok");
      assertEquals([set(pool, value), list(pool)], [result, expected], value);
    }
    assertEquals([set(pool, ""), set(pool, "-<"), set(pool, "->"), set(pool, "-*")], ["ok", "ENOENT", "ENOENT", "ok"]);
  });
});

Deno.test("printed thresholds: whole units where they divide", () => {
  with_pool({}, (pool) => {
    const sizes = ["0", "1023", "1024", "1536k", "2048M", "1048577", "100B", "3t", "18446744073709551615"];
    const shown = ["0", "1023", "1K", "1536K", "2G", "1048577", "100", "3T", "18446744073709551615"];
    for (const [at, size] of sizes.entries()) {
      assertEquals([set(pool, `@/b0=RW,${size}`), list(pool)], ["ok", `b0=RW,${shown[at]}`]);
      const printed = calls.getxattr(pool, ".mergerfs", "user.mergerfs.branches").text;
      assertEquals([set(pool, printed), list(pool)], ["ok", `b0=RW,${shown[at]}`]);
    }
  });
});

Deno.test("modes hold from the next request on", () => {
  with_pool({ branches: ["", ""], tree: ["0/f", "1/f"] }, (pool) => {
    const chmod = () => calls.setattr(pool, "f", { mode: 0o600 }).result;
    const cases: [modes: string, made: string, changed: string][] = [
      ["RW RW", "0/d", "ok"],
      ["RO RW", "1/d", "ok"],
      ["NC RW", "1/d", "ok"],
      ["RO NC", "EROFS", "ok"],
      ["RO RO", "EROFS", "EROFS"],
      ["NC NC", "EROFS", "ok"],
    ];
    for (const [at, [modes, made, changed]] of cases.entries()) {
      const [first, second] = modes.split(" ");
      assertEquals(set(pool, `@/b0=${first}:@/b1=${second}`), "ok");
      assertEquals([made_on(pool, `d${at}`), chmod()], [made === "EROFS" ? made : `${made}${at}/`, changed], modes);
      assertEquals(pool.list("").filter((name) => name === "f"), ["f"], modes);
    }
  });
});

Deno.test("a file that is open for writing is not concerned by a change of modes or branches", () => {
  with_pool({ tree: ["0/f:12345"] }, (pool) => {
    const node = pool.node("f");
    const handle = pool.open("f", 1);
    const write = (at: number) =>
      pool.send(wire.write(pool.next(), node, handle, at, new TextEncoder().encode("x"))).result;
    assertEquals([set(pool, "@/b0=RO"), write(0)], ["ok", "ok"]);
    assertEquals([set(pool, ""), write(1)], ["ok", "ok"]);
    assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "xx345");
  });
});

root_test("thresholds: a branch's own one, else the option's, also when that changes", () => {
  with_pool({ branches: ["", ""], prepare: tmpfs_branches(64 * MIB) }, (pool) => {
    const steps: [branches: string, minfreespace: string, made: string][] = [
      ["@/b0:@/b1", "0", "0/"],
      ["@/b0=RW,128M:@/b1", "0", "1/"],
      ["@/b0=RW,128M:@/b1", "128M", "ENOSPC"],
      ["@/b0:@/b1=RW,1M", "128M", "1/"],
      ["@/b0=RW,0:@/b1", "128M", "0/"],
      ["@/b0=RO:@/b1", "128M", "EROFS"],
      ["@/b0:@/b1", "32M", "0/"],
    ];
    for (const [at, [branches, minfreespace, made]] of steps.entries()) {
      calls.setxattr(pool, ".mergerfs", "user.mergerfs.minfreespace", minfreespace);
      assertEquals(set(pool, branches), "ok");
      assertEquals(made_on(pool, `d${at}`), made.startsWith("E") ? made : `${made}d${at}/`, branches);
    }
  });
});

/** What a pool shows that has no usable branch (config spec §4.5). */
function assert_empty(pool: Pool): void {
  const { attr } = pool.send(wire.getattr(pool.next(), 1));
  assertEquals([attr.mode, attr.uid, attr.gid, attr.nlink, attr.size, attr.ino, attr.blocks], [
    0o40755,
    0,
    0,
    2,
    0n,
    0n,
    0n,
  ]);
  assertEquals([attr.atime, attr.mtime, attr.ctime], [[0n, 0], [0n, 0], [0n, 0]]);
  assertEquals(pool.list(""), ["error: no valid mergerfs branch found, check config"]);
  assertEquals(pool.has("f"), false);
  assertEquals([...new Set(calls.statfs(pool, "").body)], [0]);
  const created = [
    calls.mkdir(pool, "new", 0o755),
    calls.mknod(pool, "new", 0o100644),
    calls.symlink(pool, "new", "x"),
    calls.create(pool, "new", 0o102, 0o100644),
  ];
  assertEquals(created.map(({ result }) => result), ["ENOENT", "ENOENT", "ENOENT", "ENOENT"]);
  assertEquals(pool.lookup(".mergerfs").attr.mode, 0o100664);
}

Deno.test("no usable branch: the pool says so, takes settings, and comes back", () => {
  with_pool({ tree: ["0/f", "0/d/g"] }, (pool) => {
    const node = pool.node("d");
    for (const branches of ["", "@/none", "@/none:@/none2=RO"]) {
      assertEquals(set(pool, branches), "ok");
      assert_empty(pool);
      const { result } = pool.send(wire.opendir(pool.next(), node));
      assertEquals([result, pool.send(wire.getattr(pool.next(), node)).result], ["ok", "ENOENT"]);
      const handle = pool.send(wire.opendir(pool.next(), node)).open().handle;
      assertEquals(pool.send(wire.readdir(pool.next(), node, handle, 0, 4096)).result, "ENOENT");
    }
    // The directory appears: nothing has to be set again.
    Deno.mkdirSync(`${pool.directory}/none/sub`, { recursive: true });
    assertEquals([pool.list(""), calls.mkdir(pool, "new", 0o755).result], [["sub"], "ok"]);
    Deno.removeSync(`${pool.directory}/none`, { recursive: true });
    assert_empty(pool);
    assertEquals([set(pool, "+@/b0"), pool.list("").sort()], ["ok", ["d", "f"]]);
  });
});

Deno.test("an error of the root's getattr policy shows the made-up root, too", () => {
  with_pool({ tree: ["0/f"], options: { "func.getattr": "erofs" } }, (pool) => {
    const { attr } = pool.send(wire.getattr(pool.next(), 1));
    assertEquals([attr.mode, attr.ino, attr.mtime], [0o40755, 0n, [0n, 0]]);
    assertEquals(pool.list(""), ["f"]);
  });
});
