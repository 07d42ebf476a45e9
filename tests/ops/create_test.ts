// CREATE, MKDIR, MKNOD, SYMLINK and TMPFILE: where new things go, owner and mode, read-only branches (operations §4, §12,
// §16.4; departures D12, D15). Cloned paths are in clone_path_test.ts.

import { assert, assertEquals } from "@std/assert";
import { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } from "../../src/sys/file.ts";
import { getfsgid, getfsuid } from "../../src/sys/identity.ts";
import { changes_of } from "../support/call_record.ts";
import { fail_ext4, mount_ext4 } from "../support/failing_disk.ts";
import { must_run, Pool, root_test, tmpfs_branches, with_pool } from "../support/handler.ts";
import { create, mkdir, mknod, symlink } from "../support/pool_calls.ts";
import { type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const TWO = ["", ""];
const NEW = O_CREAT | O_EXCL | O_RDWR;
const S_IFREG = 0o100000;
const S_IFIFO = 0o010000;
const S_IFCHR = 0o020000;
const NO_ID = 0xffff_ffff;

function stat(path: string): Deno.FileInfo {
  return Deno.lstatSync(path);
}

type Make = (pool: Pool, path: string) => string;

/** Every way to make a name, with what it makes. */
const MAKERS: Readonly<Record<string, Make>> = {
  create: (pool, path) => create(pool, path, NEW, S_IFREG | 0o644).result,
  mkdir: (pool, path) => mkdir(pool, path, 0o755).result,
  "mknod of a file": (pool, path) => mknod(pool, path, S_IFREG | 0o644).result,
  "mknod of a pipe": (pool, path) => mknod(pool, path, S_IFIFO | 0o644).result,
  symlink: (pool, path) => symlink(pool, path, "target").result,
  tmpfile: (pool, path) => pool.send(wire.tmpfile(pool.next(), pool.node(parent(path)), O_RDWR, 0o600)).result,
};

function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

Deno.test("a new thing goes where its policy says, its directory is made there", () => {
  for (const [name, make] of Object.entries(MAKERS)) {
    with_pool({ branches: ["=NC", ""], tree: ["0/d/e/"] }, (pool) => {
      assertEquals(make(pool, "d/e/x"), "ok", name);
      const expected = ["0/d/", "0/d/e/", "1/d/", "1/d/e/"];
      const made = pool.tree().filter((entry) => !expected.includes(entry));
      assertEquals(made, name === "tmpfile" ? [] : [name === "mkdir" ? "1/d/e/x/" : "1/d/e/x"], name);
    });
  }
});

Deno.test("no branch for new things: the errno of the policy, and nothing is made", () => {
  for (const [name, make] of Object.entries(MAKERS)) {
    with_pool({ branches: ["=RO", "=NC"], tree: ["0/d/", "1/d/"] }, (pool) => {
      assertEquals(make(pool, "d/x"), "EROFS", name);
      pool.set("branches", `${pool.branch(0)}=RW,${2n ** 60n}`);
      assertEquals(make(pool, "d/x"), "ENOSPC", name);
      assertEquals(pool.tree(), ["0/d/", "1/d/"], name);
    });
  }
});

Deno.test("in a directory that is nowhere there is nothing to make", () => {
  for (const [name, make] of Object.entries(MAKERS)) {
    with_pool({ tree: ["0/d/"] }, (pool) => {
      const node = pool.node("d");
      Deno.removeSync(pool.on(0, "d"));
      assert(node > 1n);
      const send = (message: Uint8Array) => pool.send(message).result;
      const results: Record<string, () => string> = {
        create: () => send(wire.create(pool.next(), node, "x", NEW, S_IFREG | 0o644)),
        mkdir: () => send(wire.mkdir(pool.next(), node, "x", 0o755)),
        symlink: () => send(wire.symlink(pool.next(), node, "x", "target")),
        tmpfile: () => send(wire.tmpfile(pool.next(), node, O_RDWR, 0o600)),
      };
      const mknod_result = () => send(wire.mknod(pool.next(), node, "x", S_IFREG | 0o644));
      assertEquals((results[name] ?? mknod_result)(), "ENOENT", name);
      assert(make !== undefined);
    });
  }
});

Deno.test("mkdir, mknod and symlink act on every branch the policy names, create on the first", () => {
  for (const [name, make] of Object.entries(MAKERS)) {
    with_pool({ branches: TWO, options: { "category.create": "all" } }, (pool) => {
      assertEquals(make(pool, "x"), "ok");
      const everywhere = name !== "create" && name !== "mknod of a file";
      const end = name === "mkdir" ? "/" : "";
      const both = everywhere ? [`0/x${end}`, `1/x${end}`] : ["0/x"];
      assertEquals(pool.tree(), name === "tmpfile" ? [] : both, name);
    });
  }
});

root_test("one success among several targets is enough, without one the first error counts", () => {
  with_pool({ branches: TWO, tree: ["0/d/", "1/d/"], options: { "category.create": "all" } }, (pool) => {
    pool.freeze(0, "d");
    assertEquals(mkdir(pool, "d/x", 0o755).result, "ok");
    assertEquals(pool.tree(), ["0/d/", "1/d/", "1/d/x/"]);
    assertEquals(mkdir(pool, "d/x", 0o755).result, "EPERM");
  });
});

root_test("what a user makes belongs to that user; the identity is given back", () => {
  for (const [name, make] of Object.entries(MAKERS)) {
    if (name === "tmpfile") continue;
    with_pool({ tree: ["0/d/"] }, (pool) => {
      const caller = { uid: 1234, gid: 2345 };
      const makers: Record<string, () => string> = {
        create: () => create(pool, "d/x", NEW, S_IFREG | 0o644, { caller }).result,
        mkdir: () => mkdir(pool, "d/x", 0o755, { caller }).result,
        "mknod of a file": () => mknod(pool, "d/x", S_IFREG | 0o644, 0, { caller }).result,
        "mknod of a pipe": () => mknod(pool, "d/x", S_IFIFO | 0o644, 0, { caller }).result,
        symlink: () => symlink(pool, "d/x", "target", { caller }).result,
      };
      assertEquals(makers[name]!(), "ok", name);
      assertEquals([stat(pool.on(0, "d/x")).uid, stat(pool.on(0, "d/x")).gid], [1234, 2345], name);
      assertEquals(make(pool, "y"), "ok");
      assertEquals([stat(pool.on(0, "y")).uid, stat(pool.on(0, "y")).gid], [0, 0], name);
    });
  }
});

root_test("branch permissions do not restrict a user's create: that was the kernel's to decide", () => {
  with_pool({ tree: ["0/d/"] }, (pool) => {
    Deno.chmodSync(pool.on(0, "d"), 0o700);
    assertEquals(create(pool, "d/x", NEW, S_IFREG | 0o600, { caller: { uid: 1000, gid: 1000 } }).result, "ok");
  });
});

root_test("without an identity (0xFFFFFFFF) a thing is made as root", () => {
  with_pool({}, (pool) => {
    for (const [index, caller] of [{ uid: NO_ID, gid: NO_ID }, { uid: 1000, gid: NO_ID }].entries()) {
      assertEquals(mkdir(pool, `x${index}`, 0o755, { caller }).result, "ok");
      assertEquals([stat(pool.on(0, `x${index}`)).uid, stat(pool.on(0, `x${index}`)).gid], [0, 0]);
    }
  });
});

root_test("where the system does not switch the identity nothing is made: EPERM (departures D15)", () => {
  const caller = { uid: 1234, gid: 2345 };
  for (const refused of [1234, 2345]) {
    with_pool({ tree: ["0/d/"] }, (pool) => {
      const directory = pool.node("d");
      const requests = [
        wire.create(pool.next(), directory, "x", NEW, S_IFREG | 0o644),
        wire.mkdir(pool.next(), directory, "x", 0o755),
        wire.mknod(pool.next(), directory, "x", S_IFREG | 0o644),
        wire.mknod(pool.next(), directory, "x", S_IFIFO | 0o644),
        wire.symlink(pool.next(), directory, "x", "target"),
        wire.tmpfile(pool.next(), directory, O_RDWR, 0o600),
      ];
      // setfsuid and setfsgid report no failure: they return the present id.
      const switching: StandIn = (real, [, id]) => id === refused ? 0 : real();
      with_stand_ins({ syscall_1: switching }, () => {
        for (const request of requests) assertEquals(pool.send(wire.from(caller, request)).result, "EPERM");
      });
      assertEquals([pool.tree(), getfsuid(), getfsgid()], [["0/d/"], 0, 0]);
    });
  }
});

Deno.test("the umask takes bits away, per kind of thing", () => {
  with_pool({}, (pool) => {
    create(pool, "f", NEW, S_IFREG | 0o666, { umask: 0o027 });
    mkdir(pool, "d", 0o1777, { umask: 0o077 });
    mknod(pool, "n", S_IFREG | 0o666, 0, { umask: 0o002 });
    mknod(pool, "p", S_IFIFO | 0o666, 0, { umask: 0o022 });
    const modes = ["f", "d", "n", "p"].map((name) => stat(pool.on(0, name)).mode! & 0o7777);
    assertEquals(modes, [0o640, 0o1700, 0o664, 0o644]);
    const nameless = pool.send(wire.tmpfile(pool.next(), 1, O_RDWR, S_IFREG | 0o666, 0o027));
    assertEquals(nameless.entry().attr.mode & 0o7777, 0o640);
  });
});

root_test("before Linux 6.0 nobody but root makes a set-gid program", () => {
  const outcomes = [[36, 0o0755], [37, 0o2755]] as const;
  for (const [minor, wanted] of outcomes) {
    with_pool({ outcome: { minor }, tree: ["0/d/"] }, (pool) => {
      Deno.chmodSync(pool.on(0, "d"), 0o2777);
      create(pool, "d/f", NEW, S_IFREG | 0o2755, { caller: { uid: 65534, gid: 65534 } });
      assertEquals(Deno.statSync(pool.on(0, "d/f")).mode! & 0o7777, wanted);
      create(pool, "d/root", NEW, S_IFREG | 0o2755);
      assertEquals(Deno.statSync(pool.on(0, "d/root")).mode! & 0o7777, 0o2755);
      must_run("setfacl", "-d", "-m", "u::rwx,g::rwx,o::rx,m::rwx", pool.on(0, "d"));
      create(pool, "d/acl", NEW, S_IFREG | 0o2755, { caller: { uid: 65534, gid: 65534 }, umask: 0o077 });
      assertEquals(Deno.statSync(pool.on(0, "d/acl")).mode! & 0o7777, wanted);
      mknod(pool, "d/locking", S_IFREG | 0o2644, 0, { caller: { uid: 65534, gid: 65534 } });
      assertEquals(Deno.statSync(pool.on(0, "d/locking")).mode! & 0o7777, 0o2644);
    });
  }
});

root_test("with a default ACL on the directory the ACL's mask counts instead of the umask", () => {
  with_pool({ tree: ["0/d/"] }, (pool) => {
    must_run("setfacl", "-d", "-m", "u::rwx,g::rwx,o::rx,m::rwx", pool.on(0, "d"));
    create(pool, "d/f", NEW, S_IFREG | 0o666, { umask: 0o077 });
    assertEquals(stat(pool.on(0, "d/f")).mode! & 0o7777, 0o664);
  });
});

root_test("each target's own default ACL counts", () => {
  with_pool({ branches: TWO, tree: ["0/d/", "1/d/"], options: { "category.create": "all" } }, (pool) => {
    must_run("setfacl", "-d", "-m", "u::rwx,g::rwx,o::rx,m::rwx", pool.on(1, "d"));
    assertEquals(mkdir(pool, "d/x", 0o777, { umask: 0o077 }).result, "ok");
    assertEquals([0, 1].map((index) => stat(pool.on(index, "d/x")).mode! & 0o7777), [0o700, 0o775]);
  });
});

Deno.test("create: the file is open, its node counted once, attributes are those of the new file", () => {
  with_pool({ branches: ["=RO", ""], tree: ["0/d/"] }, (pool) => {
    const answer = create(pool, "d/f", NEW, S_IFREG | 0o600);
    const { node, attr } = answer.entry();
    assertEquals([attr.mode, attr.size, attr.nlink, pool.lookups(node)], [S_IFREG | 0o600, 0n, 1, 1]);
    const { handle } = answer.created;
    assertEquals(pool.send(wire.write(pool.next(), node, handle, 0, Uint8Array.of(1, 2, 3))).u32(0), 3);
    assertEquals(stat(pool.on(1, "d/f")).size, 3);
    assertEquals(pool.lookup("d/f").attr.ino, attr.ino);
  });
});

Deno.test("create of an open file's name that went away on the branch is a new file; the old one stays readable", () => {
  with_pool({ tree: ["0/f:old"] }, (pool) => {
    const [node, handle] = [pool.node("f"), pool.open("f", O_RDONLY)];
    Deno.removeSync(pool.on(0, "f"));
    const answer = create(pool, "f", NEW, S_IFREG | 0o644);
    assertEquals([answer.result, answer.entry().node === node], ["ok", false]);
    assertEquals(pool.send(wire.read(pool.next(), node, handle, 0, 10)).text, "old");
  });
});

Deno.test("mknod of a file answers with the new file, whatever the getattr policy finds (operations §12)", () => {
  with_pool({ branches: ["=NC", ""] }, (pool) => {
    Deno.writeTextFileSync(pool.on(0, "x"), "somebody else's");
    const { attr } = mknod(pool, "x", S_IFREG | 0o600).entry();
    assertEquals([attr.mode, attr.size, attr.nlink], [S_IFREG | 0o600, 0n, 1]);
    // Shown as a symlink from the next look on: the kernel would refuse a reply of another type than it asked for.
    pool.set("symlinkify", "true");
    pool.set("symlinkify-timeout", "-1");
    assertEquals(mknod(pool, "y", S_IFREG | 0o444).entry().attr.mode, S_IFREG | 0o444);
    assertEquals(pool.lookup("y").attr.mode & 0o170000, 0o120000);
  });
});

root_test("mknod makes devices with their number", () => {
  with_pool({}, (pool) => {
    // Major 0x123, minor 0x45678, as the kernel packs them.
    const rdev = 0x78 | (0x123 << 8) | (0x456 << 20);
    assertEquals(mknod(pool, "dev", S_IFCHR | 0o600, rdev).entry().attr.rdev, rdev >>> 0);
  });
});

Deno.test("a symlink's target is any bytes; its cache times end when symlinks are followed", () => {
  with_pool({}, (pool) => {
    const first = symlink(pool, "l", "../x/\u00e4").entry();
    assertEquals([first.attr.mode & 0o170000, first.entry_s, first.attr_s], [0o120000, 1n, 1n]);
    assertEquals(Deno.readLinkSync(pool.on(0, "l")), "../x/\u00e4");
    pool.set("follow-symlinks", "all");
    const second = symlink(pool, "m", "l").entry();
    assertEquals([second.attr.mode & 0o170000, second.entry_s, second.attr_s], [0o120000, 0n, 0n]);
  });
});

root_test("a read-only directory inside a branch gives EROFS and marks no branch (operations §3.5)", () => {
  for (const [name, make] of Object.entries(MAKERS)) {
    const prepare = tmpfs_branches(1 << 20);
    with_pool({ branches: TWO, prepare }, (pool) => {
      // Read-only below the policy's eyes: a read-only bind mount over the directory that gets the new thing.
      Deno.mkdirSync(pool.on(0, "d"));
      must_run("mount", "--bind", pool.on(0, "d"), pool.on(0, "d"));
      must_run("mount", "-o", "remount,bind,ro", pool.on(0, "d"));
      const result = make(pool, "d/x");
      must_run("umount", pool.on(0, "d"));
      assertEquals(result, "EROFS", name);
      // The root of the branch takes files, so it stays as it is.
      assertEquals(pool.option("branches"), `${pool.branch(0)}=RW:${pool.branch(1)}=RW`);
    });
  }
});

root_test("a branch mounted read-only is passed over by policies and keeps its mode", () => {
  with_pool({ branches: TWO, prepare: tmpfs_branches(1 << 20) }, (pool) => {
    must_run("mount", "-o", "remount,ro", pool.branch(0));
    assertEquals(mkdir(pool, "x", 0o755).result, "ok");
    must_run("mount", "-o", "remount,rw", pool.branch(0));
    assertEquals(pool.tree(), ["1/x/"]);
    assertEquals(pool.option("branches"), `${pool.branch(0)}=RW:${pool.branch(1)}=RW`);
  });
});

root_test("a pool that is mounted read-only says EROFS and keeps its modes", () => {
  with_pool({ branches: TWO, prepare: tmpfs_branches(1 << 20) }, (pool) => {
    for (const index of [0, 1]) must_run("mount", "-o", "remount,ro", pool.branch(index));
    const { result } = mkdir(pool, "x", 0o755);
    for (const index of [0, 1]) must_run("mount", "-o", "remount,rw", pool.branch(index));
    assertEquals([result, pool.option("branches")], ["EROFS", `${pool.branch(0)}=RW:${pool.branch(1)}=RW`]);
  });
});

root_test("cached space that has not seen a remount does not make creating fail, nor the branch RO", () => {
  with_pool({ branches: TWO, prepare: tmpfs_branches(1 << 20), options: { "cache.statfs": "60" } }, (pool) => {
    assertEquals(mkdir(pool, "before", 0o755).result, "ok");
    must_run("mount", "-o", "remount,ro", pool.branch(0));
    assertEquals(mkdir(pool, "x", 0o755).result, "ok");
    must_run("mount", "-o", "remount,rw", pool.branch(0));
    assertEquals(pool.tree(), ["0/before/", "1/x/"]);
    assertEquals(pool.option("branches"), `${pool.branch(0)}=RW:${pool.branch(1)}=RW`);
    assertEquals(pool.log, []);
  });
});

/** Calls `use` with two branches on ext4 of which the first has failed; not on kernels where statvfs says so. */
function with_failed_branch(options: Readonly<Record<string, string>>, use: (pool: Pool) => void): void {
  with_pool({ branches: TWO, options, prepare: ext4_branches }, (pool) => {
    if (fail_ext4(pool.branch(0))) use(pool);
  });
}

function ext4_branches(pool: Pool): () => void {
  for (const index of [0, 1]) mount_ext4(pool.branch(index));
  return () => [0, 1].forEach((index) => must_run("umount", "-l", pool.branch(index)));
}

root_test("a branch that refuses new files becomes RO, and the new thing goes to another one (config §4.7)", () => {
  for (const [name, make] of Object.entries(MAKERS)) {
    with_failed_branch({}, (pool) => {
      assertEquals(make(pool, "x"), "ok", name);
      assertEquals(pool.tree(), name === "tmpfile" ? [] : [name === "mkdir" ? "1/x/" : "1/x"], name);
      assertEquals(pool.option("branches"), `${pool.branch(0)}=RO:${pool.branch(1)}=RW`, name);
      assertEquals(pool.log, [
        `warning: Branch "${pool.branch(0)}" refuses new files as read-only: its mode is RO from now on`,
      ]);
      assertEquals([make(pool, "y"), pool.log.length], ["ok", 1], name);
    });
  }
});

root_test("one branch that took it hides the failure of another (operations §3.5)", () => {
  with_failed_branch({ "category.create": "all" }, (pool) => {
    assertEquals(mkdir(pool, "x", 0o755).result, "ok");
    assertEquals([pool.tree(), pool.option("branches").includes("RO")], [["1/x/"], false]);
  });
});

root_test("probing leaves nothing behind; NC branches are not probed", () => {
  with_failed_branch({ "func.mkdir": "erofs" }, (pool) => {
    pool.set("branches", `${pool.branch(0)}=NC:${pool.branch(1)}=RW`);
    assertEquals(mkdir(pool, "x", 0o755).result, "EROFS");
    assertEquals([pool.tree(), pool.option("branches")], [[], `${pool.branch(0)}=NC:${pool.branch(1)}=RW`]);
    pool.set("branches", `${pool.branch(0)}=RW,1K:${pool.branch(1)}=RW`);
    assertEquals(mkdir(pool, "x", 0o755).result, "EROFS");
    assertEquals([pool.tree(), pool.option("branches")], [[], `${pool.branch(0)}=RO,1K:${pool.branch(1)}=RW`]);
  });
});

Deno.test("only RW branches are probed, by a file in their root that goes again", () => {
  with_pool({ branches: ["=NC", "", "=RO"], options: { "func.mkdir": "erofs" } }, (pool) => {
    const lines = changes_of(pool.directory, () => assertEquals(mkdir(pool, "x", 0o755).result, "EROFS"));
    assertEquals(lines.map((line) => line.replace(/[0-9A-Za-z]{6}$/, "(random)")), [
      "openat 1/._(random)",
      "unlinkat 1/._(random)",
    ]);
  });
});

root_test("the retry works with the branches of that moment, numbers of branches included", () => {
  with_failed_branch({ inodecalc: "devino-hash" }, (pool) => {
    // Somebody takes the first branch out of the pool at the very moment.
    pool.when_logged(() => pool.set("branches", `${pool.branch(1)}=RW`));
    const answer = create(pool, "f", NEW, S_IFREG | 0o644);
    assertEquals([answer.result, pool.option("branches")], ["ok", `${pool.branch(1)}=RW`]);
    const { node, attr } = answer.entry();
    assertEquals(pool.send(wire.getattr(pool.next(), node, answer.created.handle)).attr.ino, attr.ino);
    assertEquals(pool.lookup("f").attr.ino, attr.ino);
  });
});

Deno.test("tmpfile: a node without a name, counted once, gone when it is closed and forgotten", () => {
  with_pool({}, (pool) => {
    const answer = pool.send(wire.tmpfile(pool.next(), 1, O_RDWR, S_IFREG | 0o600, 0o077));
    const { node, attr } = answer.entry();
    assertEquals([attr.mode, attr.nlink, pool.lookups(node)], [S_IFREG | 0o600, 0, 1]);
    assertEquals(pool.send(wire.getattr(pool.next(), node)).attr.mode, S_IFREG | 0o600);
    assertEquals(pool.send(wire.setattr(pool.next(), node, { mode: 0o640 })).attr.mode, S_IFREG | 0o640);
    pool.send(wire.release(pool.next(), node, answer.created.handle));
    pool.send(wire.forget(pool.next(), node, 1));
    assertEquals(pool.context.nodes.count, 1);
  });
});

Deno.test("with never-forget-nodes FORGET keeps the node until its name goes", () => {
  with_pool({ tree: ["0/f"], options: { "never-forget-nodes": "true" } }, (pool) => {
    const node = pool.node("f");
    pool.send(wire.forget(pool.next(), node, 1));
    assertEquals([pool.send(wire.getattr(pool.next(), node)).result, pool.node("f")], ["ok", node]);
    pool.send(wire.forget(pool.next(), node, 1));
    pool.send(wire.unlink(pool.next(), 1, "f"));
    assertEquals(pool.context.nodes.count, 1);
  });
});

Deno.test("CREATE of a name that is there after all makes the kernel look again: no file is opened unchecked", () => {
  with_pool({ tree: [] }, (pool) => {
    Deno.writeTextFileSync(pool.on(0, "secret"), "root only");
    const message = wire.create(pool.next(), 1, "secret", O_CREAT | O_RDWR, 0o100644);
    assertEquals(pool.send(message).result, "ESTALE");
    assertEquals(
      pool.send(wire.create(pool.next(), 1, "secret", O_CREAT | O_EXCL | O_RDWR, 0o100644)).result,
      "EEXIST",
    );
    assertEquals(Deno.readTextFileSync(pool.on(0, "secret")), "root only");
  });
});
