// link-cow: a file with several names gets one of its own before it is opened for writing (config §3.2, operations §16.8).

import { assert, assertEquals } from "@std/assert";
import { EIO, ENODATA, ENOSPC } from "../../src/base/errno.ts";
import { INIT2_PASSTHROUGH } from "../../src/fuse/abi.ts";
import { F_GETFL, fcntl, O_CREAT, O_EXCL, O_PATH, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from "../../src/sys/file.ts";
import { SecondWorker } from "../support/full_branch.ts";
import { DEFAULT_OUTCOME, must_run, Pool, root_test, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import {
  type CallName,
  fails_with,
  for_each_change,
  path_of,
  type StandIn,
  with_stand_ins,
} from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const ON = { "link-cow": "true" };
const bytes = new TextEncoder();

/** "f" and "g" are one file, known to the kernel under both names. */
function with_links(options: Readonly<Record<string, string>>, use: (pool: Pool) => void): void {
  with_pool({ tree: ["0/d/f:shared"], options }, (pool) => {
    Deno.linkSync(pool.on(0, "d/f"), pool.on(0, "d/g"));
    for (const name of ["d/f", "d/g"]) pool.node(name);
    use(pool);
  });
}

function write(pool: Pool, path: string, flags: number, text: string): void {
  const [node, handle] = [pool.node(path), pool.open(path, flags)];
  assertEquals(pool.send(wire.write(pool.next(), node, handle, 0, bytes.encode(text))).u32(0), text.length);
}

function texts(pool: Pool): string[] {
  return ["d/f", "d/g"].map((path) => Deno.readTextFileSync(pool.on(0, path)));
}

function links(pool: Pool): (number | null)[] {
  return ["d/f", "d/g"].map((path) => Deno.statSync(pool.on(0, path)).nlink);
}

Deno.test("a file with two names that is opened for writing is separated from the other one", () => {
  for (const flags of [O_WRONLY, O_RDWR, O_RDWR | O_TRUNC]) {
    with_links(ON, (pool) => {
      write(pool, "d/f", flags, "own");
      assertEquals(texts(pool), [flags & O_TRUNC ? "own" : "ownred", "shared"]);
      assertEquals(links(pool), [1, 1]);
      assertEquals(pool.tree(), ["0/d/", "0/d/f", "0/d/g"]);
    });
  }
});

Deno.test("not without the option, not for reading, not with one name, not at create", () => {
  with_links({}, (pool) => {
    write(pool, "d/f", O_RDWR, "both");
    assertEquals([texts(pool), links(pool)], [["bothed", "bothed"], [2, 2]]);
  });
  with_links(ON, (pool) => {
    pool.open("d/f", O_RDONLY);
    assertEquals(links(pool), [2, 2]);
    pool.make("0/single");
    const before = Deno.statSync(pool.on(0, "single")).ino;
    pool.open("single", O_RDWR);
    assertEquals(Deno.statSync(pool.on(0, "single")).ino, before);
    assertEquals(calls.create(pool, "new", O_CREAT | O_EXCL | O_RDWR, 0o100644).result, "ok");
  });
});

Deno.test("a node that is open keeps its file: what is written shows under both names and in all handles", () => {
  with_links(ON, (pool) => {
    const reader = pool.open("d/f", O_RDONLY);
    write(pool, "d/f", O_RDWR, "SHA");
    assertEquals(texts(pool), ["SHAred", "SHAred"]);
    assertEquals(pool.send(wire.read(pool.next(), pool.node("d/f"), reader, 0, 10)).text, "SHAred");
  });
});

Deno.test("the other name's handles keep writing to the other file", () => {
  with_links(ON, (pool) => {
    const [node, handle] = [pool.node("d/g"), pool.open("d/g", O_RDONLY)];
    write(pool, "d/f", O_RDWR, "own");
    assertEquals(pool.send(wire.read(pool.next(), node, handle, 0, 10)).text, "shared");
  });
});

Deno.test("the kernel is told: one name less there, another file here", () => {
  with_links(ON, (pool) => {
    const nodes = ["d/f", "d/g"].map((path) => pool.node(path));
    const ino = pool.lookup("d/f").attr.ino;
    pool.send(wire.open(pool.next(), pool.node("d/f"), O_RDWR));
    assertEquals(pool.stale_nodes().sort(), nodes.sort());
    assert(pool.lookup("d/f").attr.ino !== ino);
    calls.setattr(pool, "d/f", { mode: 0o600 });
    assertEquals(pool.stale_nodes(), [], "the names are still taken for one file");
  });
});

/** The kernel tells of data that did not reach the disk only once. The shared file has two names, a directory more than one. */
function fails_for_the_copy_once(): StandIn {
  let has_failed = false;
  return (real, [fd]) => {
    if (has_failed || Deno.statSync(`/proc/self/fd/${fd}`).nlink! > 1) return real();
    has_failed = true;
    return fails_with(EIO);
  };
}

Deno.test("a failed copy is ignored: the shared file is opened, nothing is left", () => {
  const failing: Partial<Record<CallName, StandIn>>[] = [
    { copy_file_range: () => fails_with(ENOSPC), pwrite: () => fails_with(ENOSPC) },
    { fsync: () => fails_with(EIO) },
    { fsync: fails_for_the_copy_once() },
    { renameat2: () => fails_with(EIO) },
  ];
  for (const stand_ins of failing) {
    with_links(ON, (pool) => {
      let handle = 0n;
      with_stand_ins(stand_ins, () => handle = pool.open("d/f", O_RDWR));
      pool.send(wire.write(pool.next(), pool.node("d/f"), handle, 0, bytes.encode("both")));
      assertEquals([texts(pool), links(pool)], [["bothed", "bothed"], [2, 2]]);
      assertEquals(pool.tree(), ["0/d/", "0/d/f", "0/d/g"]);
    });
  }
});

Deno.test("what is opened or changed while the copy is made stays the shared file", () => {
  const happenings: ((pool: Pool, worker: SecondWorker) => void)[] = [
    (pool, worker) => worker.send(wire.open(pool.next(), pool.node("d/f"), O_RDONLY)),
    (pool) => Deno.writeTextFileSync(pool.on(0, "d/g"), "SHARED"),
    (pool) => Deno.renameSync(pool.on(0, "d/f"), pool.on(0, "d/h")),
  ];
  for (const happening of happenings) {
    with_links(ON, (pool) => {
      const node = pool.node("d/f");
      const worker = new SecondWorker(pool);
      const before = Deno.statSync(pool.on(0, "d/g")).ino;
      let is_over = false;
      // The reader of the copying is the only one that is closed and is no O_PATH descriptor of the file.
      const close: StandIn = (real, values) => {
        const is_reader = !is_over && path_of(values[0]).endsWith("/d/f") &&
          (fcntl(values[0] as number, F_GETFL, 0) & O_PATH) === 0;
        const result = real();
        if (is_reader) {
          is_over = true;
          happening(pool, worker);
        }
        return result;
      };
      with_stand_ins({ close }, () => pool.send(wire.open(pool.next(), node, O_RDWR)));
      assert(is_over);
      assertEquals(Deno.statSync(pool.on(0, "d/g")).nlink, 2);
      assertEquals(Deno.statSync(pool.on(0, "d/g")).ino, before);
      assertEquals(pool.tree().length, 3);
    });
  }
});

Deno.test("an attribute that is removed while it is copied is none", () => {
  with_links(ON, (pool) => {
    for (const name of ["user.gone", "user.kept"]) must_run("setfattr", "-n", name, "-v", "value", pool.on(0, "d/f"));
    const removed: StandIn = (real, [_fd, name]) =>
      new TextDecoder().decode(name as Uint8Array).startsWith("user.gone") ? fails_with(ENODATA) : real();
    with_stand_ins({ fgetxattr: removed }, () => pool.open("d/f", O_RDWR));
    assertEquals(links(pool), [1, 1]);
    const names = must_run("getfattr", "--absolute-names", "-m", "user", pool.on(0, "d/f"));
    assertEquals(names.includes("user.kept") && !names.includes("user.gone"), true, names);
  });
});

root_test(
  "a file that a program may still have mapped from a time when it was passed through stays the shared file",
  () => {
    const outcome = { flags2: DEFAULT_OUTCOME.flags2 | INIT2_PASSTHROUGH };
    const options = { ...ON, "passthrough.io": "rw", "passthrough.min-free": "0" };
    for (const is_mapped of [false, true]) {
      with_pool({ tree: ["0/d/f:shared"], options, outcome }, (pool) => {
        const node = pool.node("d/f");
        const open = () => pool.send(wire.open(pool.next(), node, O_RDWR)).open();
        const first = open();
        assert(first.backing_id > 0);
        // A mapping keeps the file open as this does.
        const mapped = is_mapped ? Deno.openSync(pool.on(0, "d/f")) : undefined;
        assertEquals(pool.send(wire.release(pool.next(), node, first.handle)).result, "ok");
        assertEquals(calls.link(pool, "d/f", "d/g").result, "ok");
        open();
        mapped?.close();
        assertEquals(links(pool), is_mapped ? [2, 2] : [1, 1]);
      });
    }
  },
);

Deno.test("a symlink on the way is not followed by the copying", () => {
  with_pool({ tree: ["0/real/f:shared"], options: { ...ON, "follow-symlinks": "all" } }, (pool) => {
    Deno.symlinkSync(pool.on(0, "real"), pool.on(0, "way"));
    Deno.linkSync(pool.on(0, "real/f"), pool.on(0, "real/g"));
    pool.open("way/f", O_RDWR);
    assertEquals(Deno.statSync(pool.on(0, "real/f")).nlink, 2);
  });
});

Deno.test("ended at any system call, every name has a whole file", () => {
  let steps = 0;
  for (let end = 0; end <= steps; end++) {
    with_links(ON, (pool) => {
      const node = pool.node("d/f");
      const message = wire.open(pool.next(), node, O_RDWR);
      const cut = for_each_change((real, _name, at) => {
        if (end > 0 && at >= end) return fails_with(EIO);
        steps = Math.max(steps, at);
        return real();
      });
      with_stand_ins(cut, () => {
        pool.send(message);
        assertEquals(texts(pool), ["shared", "shared"], `after ${end} calls`);
      });
    });
  }
  assert(steps > 10, `${steps} calls only`);
});
