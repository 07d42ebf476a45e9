// Path cloning: the directories that a new thing needs, made on its branch as the pool shows them (operations §5, §30.6).

import { assertEquals } from "@std/assert";
import { EIO } from "../../src/base/errno.ts";
import { H_TIME_LOCKS, TIME_LOCKS } from "../../src/state/layout.ts";
import { O_CREAT, O_EXCL, O_RDWR } from "../../src/sys/file.ts";
import { changes_of } from "../support/call_record.ts";
import { SecondWorker } from "../support/full_branch.ts";
import { must_run, root_test, with_pool } from "../support/handler.ts";
import { create, mkdir, setattr } from "../support/pool_calls.ts";
import { type CallName, fails_with, type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const NEW = O_CREAT | O_EXCL | O_RDWR;
const S_IFREG = 0o100000;

function stat(path: string): Deno.FileInfo {
  return Deno.lstatSync(path);
}

root_test("a cloned path has modes, owners, times and attributes of the original (operations §30.6)", () => {
  with_pool({ branches: ["=NC", ""], tree: ["0/p/q/"] }, (pool) => {
    const [p, q] = [pool.on(0, "p"), pool.on(0, "p/q")];
    must_run("setfattr", "-n", "user.foo", "-v", "one", q);
    must_run("setfattr", "-n", "trusted.foo", "-v", "two", q);
    for (const [path, uid, gid, mode] of [[q, 1002, 1003, 0o1777], [p, 1000, 1001, 0o2775]] as const) {
      Deno.chownSync(path, uid, gid);
      Deno.chmodSync(path, mode);
      Deno.utimeSync(path, 1000, 2000);
    }
    const made = create(pool, "p/q/new", NEW, S_IFREG | 0o666, { umask: 0o027, caller: { uid: 65534, gid: 65534 } });
    assertEquals(made.result, "ok");
    const shown = (path: string) => {
      const { mode, uid, gid } = stat(pool.on(1, path));
      return [mode! & 0o7777, uid, gid];
    };
    assertEquals(shown("p"), [0o2775, 1000, 1001]);
    assertEquals(shown("p/q"), [0o1777, 1002, 1003]);
    assertEquals(shown("p/q/new"), [0o640, 65534, 65534]);
    // In the pool nothing was made in p, so it keeps its times (docs/architecture.md); in q there was.
    assertEquals([stat(pool.on(1, "p")).atime!.getTime(), stat(pool.on(1, "p")).mtime!.getTime()], [1e6, 2e6]);
    assertEquals(stat(pool.on(1, "p/q")).mtime!.getTime() > 2e6, true);
    const attributes = must_run("getfattr", "-d", "-m-", "--absolute-names", pool.on(1, "p/q"));
    assertEquals([attributes.includes('user.foo="one"'), attributes.includes('trusted.foo="two"')], [true, true]);
  });
});

root_test("a directory reached by a followed symlink is cloned with its attributes", () => {
  const options = { "follow-symlinks": "directory" };
  with_pool({ branches: ["=NC", ""], tree: ["0/real/"], options }, (pool) => {
    must_run("setfattr", "-n", "user.foo", "-v", "one", pool.on(0, "real"));
    Deno.symlinkSync("real", pool.on(0, "d"));
    assertEquals(create(pool, "d/new", NEW, S_IFREG | 0o644).result, "ok");
    assertEquals(must_run("getfattr", "--only-values", "-n", "user.foo", "--absolute-names", pool.on(1, "d")), "one");
  });
});

Deno.test("while cloning puts a parent's times back, and while a request sets times, the branch's lock is held", () => {
  with_pool({ branches: ["=NC", ""], tree: ["0/d/e/"] }, (pool) => {
    const { header } = pool.arena;
    const locks = () => header.slice(H_TIME_LOCKS, H_TIME_LOCKS + TIME_LOCKS).filter((word) => word !== 0).length;
    const seen: number[] = [];
    function look(real: () => number): number {
      seen.push(locks());
      return real();
    }
    with_stand_ins({ mkdirat: look, utimensat: look }, () => {
      assertEquals(create(pool, "d/e/x", NEW, S_IFREG | 0o644).result, "ok");
      assertEquals(setattr(pool, "d", { mtime: { s: 1000, ns: 5 } }).result, "ok");
    });
    // Two levels are made and their parents put right; then the directory is on two branches.
    assertEquals([seen, locks()], [[1, 1, 1, 1, 1, 1], 0]);
  });
});

root_test(
  "attributes are set in byte order of their names, up to the first that fails; one that cannot be read is skipped",
  () => {
    const clone = (stand_ins: Partial<Record<CallName, StandIn>>, wanted: readonly string[]) => {
      with_pool({ branches: ["=NC", ""], tree: ["0/p/"] }, (pool) => {
        for (const name of ["user.b", "user.a", "trusted.c", "user.B"]) {
          must_run("setfattr", "-n", name, "-v", "value", pool.on(0, "p"));
        }
        Deno.chownSync(pool.on(0, "p"), 5, 6);
        with_stand_ins(stand_ins, () => {
          const lines = changes_of(pool.directory, () => assertEquals(mkdir(pool, "p/x", 0o755).result, "ok"));
          const set = lines.filter((line) => line.startsWith("fsetxattr"));
          assertEquals(set.map((line) => line.split(" ")[2]!), [...wanted]);
        });
        assertEquals(stat(pool.on(1, "p")).uid, 5);
      });
    };
    const fails_for = (wanted: string): StandIn => (real, [_fd, name]) => {
      const bytes = name as Uint8Array;
      return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0))) === wanted ? fails_with(EIO) : real();
    };
    clone({}, ["trusted.c", "user.B", "user.a", "user.b"]);
    clone({ fsetxattr: fails_for("user.B") }, ["trusted.c", "user.B"]);
    clone({ fgetxattr: fails_for("user.B") }, ["trusted.c", "user.a", "user.b"]);
  },
);

Deno.test("a path that is there already is not touched by cloning", () => {
  with_pool({ branches: ["=NC", ""], tree: ["0/p/q/", "1/p/"] }, (pool) => {
    Deno.chmodSync(pool.on(0, "p"), 0o700);
    Deno.chmodSync(pool.on(1, "p"), 0o711);
    assertEquals(create(pool, "p/q/f", NEW, S_IFREG | 0o644).result, "ok");
    assertEquals(stat(pool.on(1, "p")).mode! & 0o777, 0o711);
  });
});

Deno.test("what is a file where the pool shows it is not cloned as a directory", () => {
  with_pool({ branches: ["=NC", "=NC", ""], tree: ["1/p/q/"] }, (pool) => {
    const directory = pool.node("p/q");
    pool.make("0/p");
    assertEquals(pool.send(wire.mkdir(pool.next(), directory, "x", 0o755)).result, "ENOTDIR");
    assertEquals(pool.tree(), ["0/p", "1/p/", "1/p/q/"]);
  });
});

Deno.test("where the directory is a file on the target, the errno says so", () => {
  with_pool({ branches: ["=NC", ""], tree: ["0/p/q/", "1/p"] }, (pool) => {
    assertEquals(create(pool, "p/f", NEW, S_IFREG | 0o644).result, "ENOTDIR");
    assertEquals(mkdir(pool, "p/q/f", 0o755).result, "ENOTDIR");
  });
});

Deno.test("every level is copied from the branch that shows it", () => {
  with_pool({ branches: ["=NC", "=NC", ""], tree: ["0/p/", "1/p/q/"] }, (pool) => {
    for (const [index, path, mode] of [[0, "p", 0o701], [1, "p", 0o702], [1, "p/q", 0o703]] as const) {
      Deno.chmodSync(pool.on(index, path), mode);
    }
    assertEquals(mkdir(pool, "p/q/x", 0o755).result, "ok");
    assertEquals(["p", "p/q"].map((path) => stat(pool.on(2, path)).mode! & 0o777), [0o701, 0o703]);
  });
});

/** A stand-in that calls `happening` before the first call of its kind. */
function at_first(happening: () => void): StandIn {
  let is_first = true;
  return (real) => {
    if (is_first) happening();
    is_first = false;
    return real();
  };
}

Deno.test("a directory that changes while it is cloned is copied again", () => {
  with_pool({ branches: ["=NC", ""], tree: ["0/p/"] }, (pool) => {
    // After the mode was read and set, before the copy is compared with the directory.
    const changing = at_first(() => Deno.chmodSync(pool.on(0, "p"), 0o701));
    with_stand_ins({ futimens: changing }, () => assertEquals(mkdir(pool, "p/x", 0o755).result, "ok"));
    assertEquals(stat(pool.on(1, "p")).mode! & 0o777, 0o701);
  });
});

Deno.test("a change of a directory that is cloned meanwhile reaches the clone", () => {
  with_pool({ branches: ["", ""], tree: ["0/p/"] }, (pool) => {
    const directory = pool.node("p");
    const other = new SecondWorker(pool);
    // The change has chosen its branches, the first one alone; now the other request makes the directory on the second.
    const cloning = at_first(() => {
      pool.set("branches", `${pool.branch(0)}=NC:${pool.branch(1)}=RW`);
      assertEquals(other.send(wire.mkdir(pool.next(), directory, "x", 0o755)).result, "ok");
    });
    with_stand_ins({ chmod: cloning }, () => assertEquals(setattr(pool, "p", { mode: 0o701 }).result, "ok"));
    assertEquals([0, 1].map((index) => stat(pool.on(index, "p")).mode! & 0o777), [0o701, 0o701]);
  });
});
