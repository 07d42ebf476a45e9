// What CREATE, MKNOD, SYMLINK and TMPFILE answer with, how the new file is open, and what is left of it when that fails
// (operations §12, §16.4, §28; departures D12).

import { assertEquals } from "@std/assert";
import { EMFILE, ENFILE, ENOSYS } from "../../src/base/errno.ts";
import { F_FD } from "../../src/state/layout.ts";
import {
  F_GETFL,
  fcntl,
  O_ACCMODE,
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_RDWR,
  O_TMPFILE,
  O_WRONLY,
} from "../../src/sys/file.ts";
import type { Answer } from "../support/answer.ts";
import { Pool, with_pool } from "../support/handler.ts";
import { create, mknod, symlink } from "../support/pool_calls.ts";
import { fails_with, type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const S_IFREG = 0o100000;
const WRITEBACK_CACHE = 1 << 16;

/** Both operations whose reply has a handle. */
const OPENING: Readonly<Record<string, (pool: Pool, flags: number) => Answer>> = {
  create: (pool, flags) => create(pool, "x", flags | O_CREAT | O_EXCL, S_IFREG | 0o600),
  tmpfile: (pool, flags) => pool.send(wire.tmpfile(pool.next(), 1, flags, S_IFREG | 0o600)),
};

function open_flags(pool: Pool, handle: bigint): number {
  return fcntl(pool.context.handles.word(Number(handle & 0xffff_ffffn), F_FD), F_GETFL, 0);
}

Deno.test("with the write-back cache a new file can be read and appends nowhere by itself", () => {
  const kept = O_ACCMODE | O_APPEND;
  for (const [name, open] of Object.entries(OPENING)) {
    with_pool({ options: { "cache.writeback": "true" }, outcome: { flags: WRITEBACK_CACHE } }, (pool) => {
      const { handle } = open(pool, O_WRONLY | O_APPEND).created;
      assertEquals(open_flags(pool, handle) & kept, O_RDWR, name);
    });
    with_pool({}, (pool) => {
      const { handle } = open(pool, O_WRONLY | O_APPEND).created;
      assertEquals(open_flags(pool, handle) & kept, O_WRONLY | O_APPEND, name);
    });
  }
});

Deno.test("the inode number of a new file is the same by path and by handle, however it is calculated", () => {
  for (const inodecalc of ["passthrough", "path-hash", "path-hash32", "devino-hash", "hybrid-hash32"]) {
    with_pool({ branches: ["=RO", ""], options: { inodecalc } }, (pool) => {
      const answer = create(pool, "x", O_CREAT | O_EXCL | O_RDWR, S_IFREG | 0o600);
      const { node, attr } = answer.entry();
      const by_handle = pool.send(wire.getattr(pool.next(), node, answer.created.handle)).attr.ino;
      assertEquals([by_handle, pool.lookup("x").attr.ino], [attr.ino, attr.ino], inodecalc);
    });
  }
});

Deno.test("nameless files have inode numbers of their own, however they are calculated", () => {
  for (const inodecalc of ["passthrough", "path-hash", "devino-hash", "hybrid-hash"]) {
    with_pool({ tree: ["0/d/"], options: { inodecalc } }, (pool) => {
      const { node: directory, attr } = pool.lookup("d");
      const made = [1, 2].map(() => pool.send(wire.tmpfile(pool.next(), directory, O_RDWR, S_IFREG | 0o600)).entry());
      assertEquals(new Set([attr.ino, ...made.map((entry) => entry.attr.ino)]).size, 3, inodecalc);
      for (const { node, attr } of made) {
        assertEquals(pool.send(wire.getattr(pool.next(), node)).attr.ino, attr.ino, inodecalc);
      }
    });
  }
});

Deno.test("a symlink on several branches answers with the first one made", () => {
  with_pool({ branches: ["=RO", "", ""], options: { "func.symlink": "all", inodecalc: "devino-hash" } }, (pool) => {
    const { attr } = symlink(pool, "x", "target").entry();
    assertEquals([attr.ino, attr.size], [pool.lookup("x").attr.ino, 6n]);
  });
});

// The file itself stays: it was made.
Deno.test("a new file for which there is no handle or no node: the errno, no node and no descriptor is left", () => {
  for (const [name, open] of Object.entries(OPENING)) {
    with_pool({}, (pool) => {
      const { handles, nodes } = pool.context;
      handles.add_file = () => -EMFILE;
      try {
        assertEquals([open(pool, O_RDWR).result, nodes.count], ["EMFILE", 1], name);
      } finally {
        Reflect.deleteProperty(handles, "add_file");
      }
    });
    with_pool({}, (pool) => {
      const { nodes } = pool.context;
      nodes.remember = nodes.remember_nameless = () => -ENFILE;
      try {
        assertEquals([open(pool, O_RDWR).result, nodes.count], ["ENFILE", 1], name);
      } finally {
        for (const method of ["remember", "remember_nameless"]) Reflect.deleteProperty(nodes, method);
      }
    });
  }
});

Deno.test("mknod of a file that is there on the target after all replaces nothing: EEXIST", () => {
  with_pool({}, (pool) => {
    Deno.writeTextFileSync(pool.on(0, "x"), "text");
    assertEquals(mknod(pool, "x", S_IFREG | 0o600).result, "EEXIST");
    assertEquals(Deno.readTextFileSync(pool.on(0, "x")), "text");
  });
});

Deno.test("a file on branches that cannot open a new one is made by mknod, by its policy", () => {
  const cannot_open: StandIn = (real, [_directory, _path, flags]) =>
    ((flags as number) & O_CREAT) !== 0 ? fails_with(ENOSYS) : real();
  with_pool({ branches: ["", "", ""], options: { "func.mknod": "all" } }, (pool) => {
    with_stand_ins({ openat: cannot_open }, () => {
      assertEquals(mknod(pool, "x", S_IFREG | 0o640).entry().attr.mode, S_IFREG | 0o640);
    });
    assertEquals(pool.tree(), ["0/x", "1/x", "2/x"]);
  });
});

Deno.test("a nameless file is opened with the flags of the request", () => {
  with_pool({}, (pool) => {
    const { handle } = OPENING.tmpfile!(pool, O_RDWR | O_APPEND).created;
    assertEquals(open_flags(pool, handle) & (O_TMPFILE | O_ACCMODE | O_APPEND), O_TMPFILE | O_RDWR | O_APPEND);
  });
});
