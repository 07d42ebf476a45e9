// SETATTR: what it changes on which branch, and one answer out of many (operations §11, §30.1).

import { assertEquals } from "@std/assert";
import { O_RDWR } from "../../src/sys/file.ts";
import type { Answer } from "../support/answer.ts";
import { Pool, root_test, with_pool } from "../support/handler.ts";
import { setattr, setxattr, unlink } from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

interface Case {
  readonly name: string;
  readonly branches: readonly string[];
  readonly on: readonly number[];
  readonly frozen?: readonly number[];
  readonly result: string;
  readonly changed: readonly number[];
}

const CASES: readonly Case[] = [
  {
    name: "RO, immutable, good",
    branches: ["=RO", "", ""],
    on: [0, 1, 2],
    frozen: [1],
    result: "ENOENT",
    changed: [2],
  },
  { name: "immutable, good", branches: ["", ""], on: [0, 1], frozen: [0], result: "EPERM", changed: [1] },
  { name: "good, immutable", branches: ["", ""], on: [0, 1], frozen: [1], result: "ok", changed: [0] },
  { name: "all immutable", branches: ["", ""], on: [0, 1], frozen: [0, 1], result: "EPERM", changed: [] },
  { name: "all RO", branches: ["=RO", "=RO"], on: [0, 1], result: "EROFS", changed: [] },
  { name: "only on RO", branches: ["=RO", ""], on: [0], result: "EROFS", changed: [] },
  { name: "only on NC", branches: ["=NC"], on: [0], result: "ok", changed: [0] },
  { name: "RO and RW", branches: ["=RO", ""], on: [0, 1], result: "ok", changed: [1] },
];

interface Change {
  readonly name: string;
  readonly make: (pool: Pool) => string;
  readonly is_made: (path: string) => boolean;
}

function stat(path: string): Deno.FileInfo {
  return Deno.lstatSync(path);
}

const CHANGES: readonly Change[] = [
  {
    name: "mode",
    make: (pool) => setattr(pool, "f", { mode: 0o100640 }).result,
    is_made: (path) => (stat(path).mode! & 0o7777) === 0o640,
  },
  {
    name: "owner",
    make: (pool) => setattr(pool, "f", { uid: 1000, gid: 1001 }).result,
    is_made: (path) => stat(path).uid === 1000 && stat(path).gid === 1001,
  },
  { name: "size", make: (pool) => setattr(pool, "f", { size: 77 }).result, is_made: (path) => stat(path).size === 77 },
  {
    name: "times",
    make: (pool) => setattr(pool, "f", { mtime: { s: 1000, ns: 5 } }).result,
    is_made: (path) => stat(path).mtime!.getTime() === 1_000_000,
  },
  {
    name: "extended attribute",
    make: (pool) => setxattr(pool, "f", "user.made", "yes").result,
    is_made: (path) => has_attribute(path),
  },
];

function has_attribute(path: string): boolean {
  return new Deno.Command("getfattr", { args: ["-n", "user.made", path], stderr: "null" }).outputSync().success;
}

for (const change of CHANGES) {
  root_test(`a change of ${change.name} on several branches has the result of operations §30.1`, () => {
    for (const { name, branches, on, frozen = [], result, changed } of CASES) {
      with_pool({ branches, tree: on.map((index) => `${index}/f`) }, (pool) => {
        frozen.forEach((index) => pool.freeze(index, "f"));
        assertEquals(change.make(pool), result, name);
        assertEquals(on.filter((index) => change.is_made(pool.on(index, "f"))), changed, name);
      });
    }
  });
}

Deno.test("times: one alone leaves the other, 'now' is now, seconds may be negative, nanoseconds are kept", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const first = setattr(pool, "f", { atime: { s: -5, ns: 123 }, mtime: { s: 2 ** 33, ns: 999_999_999 } }).attr;
    assertEquals([first.atime, first.mtime], [[-5n, 123], [8_589_934_592n, 999_999_999]]);
    const second = setattr(pool, "f", { atime: "now" }).attr;
    assertEquals(second.mtime, first.mtime);
    assertEquals(second.atime[0] > 1_700_000_000n, true);
  });
});

root_test("the error of the policy that is to decide a mixed outcome is the answer (rule R1)", () => {
  with_pool({ branches: ["", ""], tree: ["0/f", "1/f"] }, (pool) => {
    pool.freeze(0, "f");
    const request = wire.setattr(pool.next(), pool.node("f"), { mode: 0o600 });
    pool.set("func.getattr", "erofs");
    assertEquals(pool.send(request).result, "EROFS");
    assertEquals(stat(pool.on(1, "f")).mode! & 0o777, 0o600);
  });
});

root_test("the first step that fails ends it, what was done before stays", () => {
  with_pool({ tree: ["0/d/"] }, (pool) => {
    const answer = setattr(pool, "d", { mode: 0o700, size: 5, mtime: { s: 1 } });
    assertEquals(answer.result, "EISDIR");
    assertEquals(stat(pool.on(0, "d")).mode! & 0o777, 0o700);
    assertEquals(stat(pool.on(0, "d")).mtime!.getTime() > 1000, true);
  });
});

root_test("a symlink itself changes owner and times, not what it leads to", () => {
  with_pool({ tree: ["0/target"] }, (pool) => {
    Deno.symlinkSync("target", pool.on(0, "link"));
    assertEquals(setattr(pool, "link", { uid: 7, gid: 8, mtime: { s: 5 } }).result, "ok");
    assertEquals([stat(pool.on(0, "link")).uid, stat(pool.on(0, "target")).uid], [7, 0]);
    assertEquals(stat(pool.on(0, "link")).mtime!.getTime(), 5000);
    assertEquals(stat(pool.on(0, "target")).mtime!.getTime() > 5000, true);
  });
});

root_test("owner or group alone leaves the other, by path and by handle", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const owner = ({ attr }: Answer) => [attr.uid, attr.gid];
    Deno.chownSync(pool.on(0, "f"), 5, 6);
    assertEquals(owner(setattr(pool, "f", { uid: 7 })), [7, 6]);
    assertEquals(owner(setattr(pool, "f", { gid: 8 })), [7, 8]);
    const fh = pool.open("f", O_RDWR);
    assertEquals(owner(setattr(pool, "f", { fh, uid: 9 })), [9, 8]);
    assertEquals(owner(setattr(pool, "f", { fh, gid: 10 })), [9, 10]);
  });
});

Deno.test("a size beyond 4 GiB is one", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    assertEquals(setattr(pool, "f", { size: 2 ** 33 + 1 }).attr.size, 2n ** 33n + 1n);
    assertEquals(setattr(pool, "f", { size: -1n }).result, "EINVAL");
  });
});

Deno.test("with a handle the open file is changed, whatever the branches' copies", () => {
  with_pool({ branches: ["", ""], tree: ["0/f", "1/f"] }, (pool) => {
    const fh = pool.open("f", O_RDWR);
    const answer = setattr(pool, "f", { fh, size: 10, mode: 0o600 });
    assertEquals([answer.result, answer.attr.size, answer.attr.mode], ["ok", 10n, 0o100600]);
    assertEquals([stat(pool.on(0, "f")).size, stat(pool.on(1, "f")).size], [10, 1]);
  });
});

Deno.test("an unlinked open file is changed through its canonical handle; without one EBADF", () => {
  with_pool({ tree: ["0/f", "0/g"] }, (pool) => {
    const fh = pool.open("f", O_RDWR);
    const node = pool.node("f");
    const closed = pool.node("g");
    assertEquals([unlink(pool, "f").result, unlink(pool, "g").result], ["ok", "ok"]);
    const answer = pool.send(wire.setattr(pool.next(), node, { mode: 0o604, size: 3, mtime: { s: 9 } }));
    assertEquals([answer.attr.mode, answer.attr.size, answer.attr.mtime, answer.attr.nlink], [
      0o100604,
      3n,
      [9n, 0],
      0,
    ]);
    assertEquals(pool.send(wire.getattr(pool.next(), node)).attr.size, 3n);
    assertEquals(pool.send(wire.getattr(pool.next(), node, fh)).attr.size, 3n);
    assertEquals(pool.send(wire.setattr(pool.next(), closed, { mode: 0o600 })).result, "EBADF");
    assertEquals(pool.send(wire.getattr(pool.next(), closed)).result, "EBADF");
  });
});

root_test("privileges go when the kernel asks for it: truncate, chown (operations F4)", () => {
  with_pool({ tree: ["0/f", "0/g", "0/h"] }, (pool) => {
    for (const name of ["f", "g", "h"]) Deno.chmodSync(pool.on(0, name), 0o6775);
    const fh = pool.open("g", O_RDWR);
    assertEquals(setattr(pool, "f", { size: 0, kill_suidgid: true }).attr.mode & 0o7777, 0o775);
    assertEquals(setattr(pool, "g", { size: 0, fh, kill_suidgid: true }).attr.mode & 0o7777, 0o775);
    assertEquals(setattr(pool, "h", { size: 0 }).attr.mode & 0o7777, 0o6775);
  });
});

root_test("with version 1 only, every truncate and chown takes them; set-gid without group execute stays", () => {
  const flags = (1 << 19) >>> 0;
  with_pool({ tree: ["0/f", "0/g", "0/d/"], outcome: { flags } }, (pool) => {
    Deno.chmodSync(pool.on(0, "f"), 0o6775);
    Deno.chmodSync(pool.on(0, "g"), 0o6765);
    assertEquals(setattr(pool, "f", { size: 0 }).attr.mode & 0o7777, 0o775);
    assertEquals(setattr(pool, "g", { size: 0 }).attr.mode & 0o7777, 0o2765);
    // For a directory they are no privileges.
    Deno.chmodSync(pool.on(0, "d"), 0o6755);
    assertEquals(setattr(pool, "d", { uid: 5 }).attr.mode & 0o7777, 0o6755);
  });
});

Deno.test("the control file cannot be changed: the branches do not have it", () => {
  with_pool({}, (pool) => {
    assertEquals(setattr(pool, ".mergerfs", { mode: 0o777 }).result, "ENOENT");
    assertEquals(setattr(pool, ".mergerfs", { size: 0 }).result, "ENOENT");
  });
});

root_test("a change on RW branches while the first copy is on an RO one shows the old values", () => {
  with_pool({ branches: ["=RO", "", ""], tree: ["0/f", "1/f", "2/f"] }, (pool) => {
    const before = stat(pool.on(0, "f")).mode! & 0o777;
    assertEquals(setattr(pool, "f", { mode: 0o123 }).attr.mode & 0o777, before);
  });
});
