// Options whose whole effect is words of a reply: cache times of every kind of reply, flags of an open directory, what is
// shown instead of owner and mode (config §3.2, operations §9, §19.1). The flags of open files: open_test.ts.

import { assertEquals } from "@std/assert";
import { O_CREAT, O_EXCL, O_RDWR } from "../../src/sys/file.ts";
import { Pool, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

type Options = Readonly<Record<string, string>>;
/** Seconds that the kernel may keep the name, and the attributes. */
type Times = readonly [entry_s: bigint, attr_s: bigint];

const TREE = ["0/f", "0/d/"];
const KEEP_CACHE = 2;
const CACHE_DIR = 8;
const STATX_BASIC = 0x7ff;

/** One request of each kind whose reply has cache times. */
function times_of(pool: Pool): Readonly<Record<string, Times>> {
  const entry = (answer: ReturnType<typeof calls.link>): Times => [answer.entry().entry_s, answer.entry().attr_s];
  const directory = pool.send(wire.opendir(pool.next(), 1)).open().handle;
  const { entries } = pool.send(wire.readdirplus(pool.next(), 1, directory, 0, 4096));
  const listed = entries.find(({ name }) => name === "f")!.entry!;
  return {
    lookup: [pool.lookup("f").entry_s, pool.lookup("f").attr_s],
    readdirplus: [listed.entry_s, listed.attr_s],
    control_file: [pool.lookup(".mergerfs").entry_s, pool.lookup(".mergerfs").attr_s],
    missing: entry(pool.send(wire.lookup(pool.next(), 1, "missing"))),
    mkdir: entry(calls.mkdir(pool, "new_directory", 0o755)),
    mknod: entry(calls.mknod(pool, "new_node", 0o100644)),
    pipe: entry(calls.mknod(pool, "new_pipe", 0o010644)),
    create: entry(calls.create(pool, "new_file", O_CREAT | O_EXCL | O_RDWR, 0o100644)),
    link: entry(calls.link(pool, "f", "new_link")),
    symlink: entry(calls.symlink(pool, "new_symlink", "f")),
    getattr: [0n, calls.getattr(pool, "f").u64(0)],
    // Of a file with one name: of several the kernel keeps nothing (departures D8).
    setattr: [0n, calls.setattr(pool, "new_node", { mode: 0o600 }).u64(0)],
    statx: [0n, pool.send(wire.statx(pool.next(), pool.node("f"), 0, STATX_BASIC)).u64(0)],
  };
}

/** The times of all replies that name no attribute time of their own. */
function all_times(entry_s: bigint, attr_s: bigint, missing_s: bigint): Record<string, Times> {
  const named = ["lookup", "readdirplus", "control_file", "mkdir", "mknod", "pipe", "create", "link", "symlink"];
  return {
    ...Object.fromEntries(named.map((name) => [name, [entry_s, attr_s] as const])),
    ...Object.fromEntries(["getattr", "setattr", "statx"].map((name) => [name, [0n, attr_s] as const])),
    missing: [missing_s, attr_s],
  };
}

const CACHE_TIMES: readonly (readonly [Options, Record<string, Times>])[] = [
  [{}, all_times(1n, 1n, 0n)],
  [{ "cache.entry": "7" }, all_times(7n, 1n, 0n)],
  [{ "cache.attr": "8" }, all_times(1n, 8n, 0n)],
  [{ "cache.negative-entry": "9" }, all_times(1n, 1n, 9n)],
  [{ "cache.entry": "0", "cache.attr": "0" }, all_times(0n, 0n, 0n)],
  [{ "cache.entry": "4294967296" }, all_times(2n ** 32n, 1n, 0n)],
  ...["directory", "regular", "all"].map((follow) =>
    [{ "follow-symlinks": follow }, { ...all_times(1n, 1n, 0n), symlink: [0n, 0n] }] as const
  ),
];

Deno.test("cache.entry, cache.attr and cache.negative-entry are the times of every reply", () => {
  for (const [options, expected] of CACHE_TIMES) {
    with_pool({ tree: TREE, options }, (pool) => assertEquals(times_of(pool), expected, JSON.stringify(options)));
  }
});

Deno.test("they are those of the time of the request", () => {
  with_pool({ tree: TREE }, (pool) => {
    for (const [entry_s, attr_s] of [[5n, 6n], [60n, 0n]] as const) {
      pool.set("cache.entry", String(entry_s));
      pool.set("cache.attr", String(attr_s));
      assertEquals([pool.lookup("f").entry_s, pool.lookup("f").attr_s], [entry_s, attr_s]);
    }
  });
});

Deno.test("cache.readdir is two flags of an open directory, and flush-on-close none", () => {
  const rows: readonly (readonly [Options, number])[] = [
    [{}, 0],
    [{ "cache.readdir": "true" }, KEEP_CACHE | CACHE_DIR],
    [{ "flush-on-close": "never" }, 0],
    [{ "cache.files": "full" }, 0],
  ];
  for (const [options, flags] of rows) {
    with_pool({ tree: TREE, options }, (pool) => {
      const answer = pool.send(wire.opendir(pool.next(), pool.node("d")));
      assertEquals(answer.open().flags, flags, JSON.stringify(options));
    });
  }
});

/** Words of struct statx behind the 32 bytes before it. */
const STATX_UID = 32 + 20;
const STATX_MODE = 32 + 28;

Deno.test("uid, gid and umask (decimal) stand in every reply for what the branch has, also in STATX", () => {
  const rows: readonly (readonly [Options, mode: number, uid: number, gid: number])[] = [
    [{}, 0o104640, Deno.uid()!, Deno.gid()!],
    [{ uid: "7" }, 0o104640, 7, Deno.gid()!],
    [{ gid: "8" }, 0o104640, Deno.uid()!, 8],
    [{ umask: "18" }, 0o100755, Deno.uid()!, Deno.gid()!],
    [{ uid: "0", gid: "0", umask: "0" }, 0o100777, 0, 0],
  ];
  for (const [options, mode, uid, gid] of rows) {
    with_pool({ tree: TREE, options }, (pool) => {
      Deno.chmodSync(pool.on(0, "f"), 0o4640);
      const node = pool.node("f");
      const handle = pool.open("f", O_RDWR);
      const attributes = [
        pool.lookup("f").attr,
        calls.getattr(pool, "f").attr,
        pool.send(wire.getattr(pool.next(), node, handle)).attr,
        calls.setattr(pool, "f", { atime: { s: 5 } }).attr,
        calls.link(pool, "f", "g").entry().attr,
      ].map((attr) => [attr.mode, attr.uid, attr.gid]);
      const statx = [undefined, handle].map((fh) => {
        const answer = pool.send(wire.statx(pool.next(), node, 0, STATX_BASIC, fh));
        return [answer.u32(STATX_MODE) & 0xffff, answer.u32(STATX_UID), answer.u32(STATX_UID + 4)];
      });
      const expected = new Array(attributes.length + statx.length).fill([mode, uid, gid]);
      assertEquals([...attributes, ...statx], expected, JSON.stringify(options));
    });
  }
});
