// A symlink inside a branch where another branch has a directory: nothing is changed behind it (departures D3), unless the
// user asked for symlinks to be followed. Each case runs with openat2 and with the way around it.

import { assertEquals } from "@std/assert";
import { O_CREAT, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from "../../src/sys/file.ts";
import { pretend_openat2_missing } from "../../src/sys/path.ts";
import { must_run, Pool, root_test, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

const REGULAR = 0o100644;

/** Changes of `a/f`, or in `a`. On b0 `a` is a symlink out of the branch, on b1 a directory with a file `f`. */
const CHANGES: Readonly<Record<string, (pool: Pool) => string>> = {
  create: (pool) => calls.create(pool, "a/new", O_CREAT | O_RDWR, REGULAR).result,
  mkdir: (pool) => calls.mkdir(pool, "a/new", 0o755).result,
  "mkdir below": (pool) => calls.mkdir(pool, "a/sub/new", 0o755).result,
  mknod: (pool) => calls.mknod(pool, "a/new", REGULAR).result,
  "mknod of a pipe": (pool) => calls.mknod(pool, "a/new", 0o010644).result,
  symlink: (pool) => calls.symlink(pool, "a/new", "target").result,
  tmpfile: (pool) => pool.send(wire.tmpfile(pool.next(), pool.node("a"), O_RDWR, 0o600)).result,
  link: (pool) => calls.link(pool, "a/f", "a/new").result,
  "link into it": (pool) => calls.link(pool, "other", "a/new").result,
  "rename out": (pool) => calls.rename(pool, "a/f", "moved").result,
  "rename in": (pool) => calls.rename(pool, "other", "a/f").result,
  "rename inside": (pool) => calls.rename(pool, "a/f", "a/new").result,
  unlink: (pool) => calls.unlink(pool, "a/f").result,
  rmdir: (pool) => calls.rmdir(pool, "a/sub").result,
  chmod: (pool) => calls.setattr(pool, "a/f", { mode: 0o600 }).result,
  chown: (pool) => calls.setattr(pool, "a/f", { uid: 5 }).result,
  truncate: (pool) => calls.setattr(pool, "a/f", { size: 0 }).result,
  utimens: (pool) => calls.setattr(pool, "a/f", { mtime: { s: 5 } }).result,
  setxattr: (pool) => calls.setxattr(pool, "a/f", "user.new", "x").result,
  removexattr: (pool) => calls.removexattr(pool, "a/f", "user.old").result,
  "open for writing": (pool) => pool.send(wire.open(pool.next(), pool.node("a/f"), O_RDWR)).result,
  "open to truncate": (pool) => pool.send(wire.open(pool.next(), pool.node("a/f"), O_TRUNC)).result,
};

/** What a look at the directory outside sees: every name with mode, owner, size, time and attributes. */
function snapshot(directory: string): string {
  const script = 'cd "$1"; find . -printf "%p %m %u %s %T@ %n\\n" | sort; getfattr -R -d -m user . | sort';
  return must_run("bash", "-c", script, "snapshot", directory);
}

function with_escape(options: Readonly<Record<string, string>>, use: (pool: Pool, outside: string) => void): void {
  const tree = ["1/a/f:inside", "1/a/sub/", "0/other", "1/other"];
  with_pool({ branches: ["", ""], tree, options }, (pool) => {
    const outside = `${pool.directory}/outside`;
    Deno.mkdirSync(`${outside}/sub`, { recursive: true });
    Deno.writeTextFileSync(`${outside}/f`, "outside");
    for (const path of [`${outside}/f`, pool.on(1, "a/f")]) must_run("setfattr", "-n", "user.old", "-v", "x", path);
    Deno.symlinkSync("../outside", pool.on(0, "a"));
    use(pool, outside);
  });
}

function nothing_changes_outside(): void {
  for (const [name, change] of Object.entries(CHANGES)) {
    with_escape({}, (pool, outside) => {
      const before = snapshot(outside);
      change(pool);
      assertEquals(snapshot(outside), before, name);
    });
  }
}

root_test("no change reaches what lies behind a symlink of a branch", nothing_changes_outside);

root_test("nor does it before Linux 5.6, without openat2", () => {
  pretend_openat2_missing(true);
  try {
    nothing_changes_outside();
  } finally {
    pretend_openat2_missing(false);
  }
});

root_test("a branch behind a symlink counts as one that does not have the path", () => {
  const changes = ["unlink", "rmdir", "chmod", "chown", "truncate", "utimens", "setxattr", "removexattr", "link"];
  for (const name of changes) {
    with_escape({}, (pool) => assertEquals(CHANGES[name]!(pool), "ok", name));
  }
});

root_test("and what the other branches say is the answer", () => {
  const answers = { link: "EPERM", "rename inside": "EPERM", "rename out": "EPERM", unlink: "EPERM", chmod: "EPERM" };
  for (const [name, answer] of Object.entries(answers)) {
    with_escape({}, (pool) => {
      pool.freeze(1, "a/f");
      assertEquals(CHANGES[name]!(pool), answer, name);
    });
    // Also when that branch is the last one.
    with_escape({}, (pool) => {
      pool.freeze(1, "a/f");
      pool.set("branches", `${pool.branch(1)}=RW:${pool.branch(0)}=RW`);
      assertEquals(CHANGES[name]!(pool), answer, name);
    });
  }
});

root_test("with follow-symlinks=directory the link is followed, as the user asked", () => {
  with_escape({ "follow-symlinks": "directory" }, (pool, outside) => {
    assertEquals(calls.create(pool, "a/new", O_CREAT | O_RDWR, REGULAR).result, "ok");
    assertEquals(calls.setattr(pool, "a/f", { mode: 0o600 }).result, "ok");
    assertEquals(Deno.lstatSync(`${outside}/new`).isFile, true);
    assertEquals(Deno.lstatSync(`${outside}/f`).mode! & 0o777, 0o600);
    assertEquals(calls.unlink(pool, "a/f").result, "ok");
    assertEquals(Deno.readDirSync(outside).toArray().map(({ name }) => name).sort(), ["new", "sub"]);
  });
});

root_test("then a path is also cloned behind the link", () => {
  with_escape({ "follow-symlinks": "directory" }, (pool, outside) => {
    pool.make("1/a/deep/er/");
    assertEquals(calls.mkdir(pool, "a/deep/er/new", 0o755).result, "ok");
    assertEquals(Deno.lstatSync(`${outside}/deep/er/new`).isDirectory, true);
  });
});

root_test("with follow-symlinks=regular a file that is a link is written and cut behind it", () => {
  with_pool({ tree: ["0/f:text"], options: { "follow-symlinks": "regular" } }, (pool) => {
    Deno.symlinkSync("f", pool.on(0, "l"));
    assertEquals(pool.lookup("l").attr.size, 4n);
    assertEquals(calls.setattr(pool, "l", { size: 1 }).result, "ok");
    assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "t");
    const handle = pool.open("l", O_RDWR);
    assertEquals(pool.send(wire.write(pool.next(), pool.node("l"), handle, 0, Uint8Array.of(65))).result, "ok");
    assertEquals(Deno.readTextFileSync(pool.on(0, "f")), "A");
  });
});

root_test("reading takes the plain path", () => {
  with_escape({}, (pool) => {
    const handle = pool.open("a/f", O_RDONLY);
    assertEquals(pool.send(wire.read(pool.next(), pool.node("a/f"), handle, 0, 100)).text, "outside");
  });
});

root_test("the path of a branch itself may hold symlinks", () => {
  with_pool({ tree: ["0/d/f"] }, (pool) => {
    Deno.symlinkSync("b0", `${pool.directory}/by_link`);
    Deno.renameSync(pool.branch(0), `${pool.directory}/real`);
    Deno.symlinkSync("real", pool.branch(0));
    assertEquals(calls.setattr(pool, "d/f", { mode: 0o600 }).result, "ok");
    assertEquals(calls.mkdir(pool, "d/e", 0o755).result, "ok");
    Deno.removeSync(pool.branch(0));
    Deno.renameSync(`${pool.directory}/real`, pool.branch(0));
    assertEquals(pool.tree(), ["0/d/", "0/d/e/", "0/d/f"]);
  });
});

Deno.test("a file that is open for reading behind a symlink cannot be opened for writing", () => {
  with_pool({ branches: ["", ""], tree: ["0/a/x"] }, (pool) => {
    const outside = `${pool.directory}/outside`;
    Deno.mkdirSync(outside);
    Deno.writeTextFileSync(`${outside}/f`, "outside");
    Deno.symlinkSync("../outside", pool.on(1, "a"));
    const node = pool.node("a/f");
    pool.open("a/f", O_RDONLY);
    assertEquals(pool.send(wire.open(pool.next(), node, O_WRONLY | O_TRUNC)).result, "ENOENT");
    assertEquals(Deno.readTextFileSync(`${outside}/f`), "outside");
  });
});
