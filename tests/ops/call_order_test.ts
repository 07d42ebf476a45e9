// Which system calls an operation makes, in which order, and what it answers when one of them fails: the order of the steps
// of SETATTR, of creating, of cloning and of renaming (operations §5, §11 to §15), which steps end it and which do not.

import { O_CREAT, O_EXCL, O_RDWR } from "../../src/sys/file.ts";
import { type Operation, test_operations } from "../support/failing_calls.ts";
import { must_run, Pool } from "../support/handler.ts";
import * as wire from "../support/wire.ts";

const NEW = O_CREAT | O_EXCL | O_RDWR;
const FILE = 0o100666;
const CALLER = { uid: 1234, gid: 2345 };
const UMASK = 0o022;
const ALL = { "category.create": "all" };
const PRESERVING = { "category.create": "epall" };

function node(path: string, request: (pool: Pool, id: bigint, node: bigint) => Uint8Array): Operation["request"] {
  return (pool) => request(pool, pool.next(), pool.node(path));
}

/** What follows the mkdir of a cloned directory: the times of the directory above are put back, the rest is the copy's. */
function cloned(place: string): string[] {
  const above = place.slice(0, place.lastIndexOf("/"));
  const copied = [
    `set_flags ${place}`,
    `fremovexattr ${place} system.posix_acl_access`,
    `fremovexattr ${place} system.posix_acl_default`,
    `fchown ${place}`,
    `fchmod ${place}`,
    `futimens ${place}`,
  ];
  return [`utimensat ${above}`, ...copied].map((line) => `${line}: ok …`);
}

/** A call with the caller's identity: nothing else runs with it (operations §4). */
function as_caller(line: string): string[] {
  return [`setfsgid ${CALLER.gid}`, `setfsuid ${CALLER.uid}`, line, "setfsuid 0", "setfsgid 0"];
}

const OPERATIONS: readonly Operation[] = [
  {
    name: "SETATTR of everything by path",
    spec: { tree: ["0/f:text"] },
    request: node("f", (_, id, f) => wire.setattr(id, f, { mode: 0o600, uid: 5, gid: 6, size: 4, mtime: { s: 7 } })),
    keeps: ["text"],
    lines: [
      "chmod 0/f: EIO",
      "fchownat 0/f: EIO",
      "truncate 0/f: EIO",
      "utimensat 0/f: EIO",
    ],
  },
  {
    name: "SETATTR of everything by handle",
    spec: { tree: ["0/f:text"] },
    request: (pool) => {
      const changes = { mode: 0o600, uid: 5, gid: 6, size: 4, mtime: { s: 7 } };
      return wire.setattr(pool.next(), pool.node("f"), { ...changes, fh: pool.open("f", O_RDWR) });
    },
    keeps: ["text"],
    lines: [
      "fchmod 0/f: EIO",
      "fchown 0/f: EIO",
      "ftruncate 0/f: EIO",
      "futimens 0/f: EIO",
    ],
  },
  {
    name: "SETATTR of a file on two branches that loses its privileges",
    spec: { branches: ["", ""], tree: ["0/f:text", "1/f:text"] },
    prepare: (pool) => [0, 1].forEach((index) => Deno.chmodSync(pool.on(index, "f"), 0o6755)),
    request: node("f", (_, id, f) => wire.setattr(id, f, { size: 4, kill_suidgid: true })),
    keeps: ["text"],
    lines: [
      "truncate 0/f: EIO; truncate 1/f, removexattr 1/f security.capability, chmod 1/f",
      "removexattr 0/f security.capability: ok …",
      "chmod 0/f: ok …",
      "truncate 1/f: ok",
      "removexattr 1/f security.capability: ok …",
      "chmod 1/f: ok",
    ],
  },
  {
    name: "SETXATTR on two branches",
    spec: { branches: ["", ""], tree: ["0/f:text", "1/f:text"] },
    request: node("f", (_, id, f) => wire.setxattr(id, f, "user.a", "b")),
    keeps: ["text"],
    lines: [
      "setxattr 0/f user.a: EIO …",
      "setxattr 1/f user.a: ok",
    ],
  },
  {
    name: "CREATE in a directory that is cloned",
    spec: { branches: ["=NC", ""], tree: ["0/d/e/"] },
    prepare: (pool) => must_run("setfattr", "-n", "user.a", "-v", "b", pool.on(0, "d")),
    request: node("d/e", (_, id, e) => wire.from(CALLER, wire.create(id, e, "x", NEW, FILE, UMASK))),
    keeps: [],
    lines: [
      "mkdirat 1/d: EIO",
      "utimensat 1: ok …",
      "set_flags 1/d: ok …",
      "fremovexattr 1/d system.posix_acl_access: ok …",
      "fremovexattr 1/d system.posix_acl_default: ok …",
      "fsetxattr 1/d user.a: ok …",
      "fchown 1/d: ok …",
      "fchmod 1/d: ok …",
      "futimens 1/d: ok …",
      "mkdirat 1/d/e: EIO",
      ...cloned("1/d/e"),
      ...as_caller("openat 1/d/e/x: EIO"),
    ],
  },
  {
    name: "MKDIR on two branches, one of which gets the directory above",
    spec: { branches: ["", ""], tree: ["0/d/"], options: ALL },
    request: node("d", (_, id, d) => wire.mkdir(id, d, "x", 0o755)),
    keeps: [],
    lines: [
      "mkdirat 0/d/x: ok …",
      "mkdirat 1/d: ok",
      ...cloned("1/d"),
      "mkdirat 1/d/x: ok",
    ],
  },
  {
    name: "MKNOD of a file",
    spec: { branches: ["", ""], options: ALL },
    request: (pool) => wire.from(CALLER, wire.mknod(pool.next(), 1, "x", FILE)),
    keeps: [],
    lines: [
      ...as_caller("openat 0/x: EIO"),
    ],
  },
  {
    name: "MKNOD of a pipe",
    spec: { branches: ["", ""], options: ALL },
    request: (pool) => wire.from(CALLER, wire.mknod(pool.next(), 1, "x", 0o010644)),
    keeps: [],
    lines: [
      ...as_caller("mknodat 0/x: ok …"),
      ...as_caller("mknodat 1/x: ok"),
    ],
  },
  {
    name: "SYMLINK",
    spec: { branches: ["", ""], options: ALL },
    request: (pool) => wire.from(CALLER, wire.symlink(pool.next(), 1, "x", "target")),
    keeps: [],
    lines: [
      ...as_caller("symlinkat 0/x: ok …"),
      ...as_caller("symlinkat 1/x: ok"),
    ],
  },
  {
    name: "TMPFILE",
    spec: { tree: ["0/d/"] },
    request: node("d", (_, id, d) => wire.from(CALLER, wire.tmpfile(id, d, O_RDWR, FILE, UMASK))),
    keeps: [],
    lines: [
      ...as_caller("openat 0/d: EIO"),
    ],
  },
  {
    name: "UNLINK on two branches",
    spec: { branches: ["", ""], tree: ["0/f", "1/f"] },
    request: (pool) => wire.unlink(pool.next(), 1, "f"),
    keeps: [],
    lines: [
      "unlinkat 0/f: ok …",
      "unlinkat 1/f: ok",
    ],
  },
  {
    name: "RMDIR on two branches",
    spec: { branches: ["", ""], tree: ["0/d/", "1/d/"] },
    request: (pool) => wire.rmdir(pool.next(), 1, "d"),
    keeps: [],
    lines: [
      "unlinkat 0/d: ok …",
      "unlinkat 1/d: EIO",
    ],
  },
  {
    name: "RENAME to a directory that is cloned, over copies on other branches",
    spec: { branches: ["=RO", "", ""], tree: ["0/t/g:stale", "1/s/f:one", "2/s/f:two", "2/t/"] },
    request: (pool) => wire.rename(pool.next(), pool.node("s"), "f", pool.node("t"), "g"),
    // What is on one branch only may go: a copy that could not be renamed, when another one was (operations §14.3).
    keeps: [],
    lines: [
      "mkdirat 1/t: ok; renameat2 2/s/f 2/t/g, unlinkat 0/t/g, unlinkat 1/s/f",
      ...cloned("1/t"),
      "renameat2 1/s/f 1/t/g: ok; renameat2 2/s/f 2/t/g, unlinkat 0/t/g, unlinkat 1/s/f",
      "renameat2 2/s/f 2/t/g: ok; renameat2 2/s/f 2/t/g, unlinkat 0/t/g",
      "unlinkat 0/t/g: ok",
    ],
  },
  {
    name: "RENAME of the only copy",
    spec: { branches: ["", ""], tree: ["0/s/f:one", "1/t/g:stale"] },
    request: (pool) => wire.rename(pool.next(), pool.node("s"), "f", pool.node("t"), "g"),
    keeps: ["one"],
    lines: [
      "mkdirat 0/t: EIO",
      ...cloned("0/t"),
      "renameat2 0/s/f 0/t/g: EIO",
      "unlinkat 1/t/g: ok",
    ],
  },
  {
    name: "RENAME that preserves paths",
    spec: { branches: ["", "", ""], tree: ["0/f:one", "1/f:two", "2/g:stale"], options: PRESERVING },
    request: (pool) => wire.rename(pool.next(), 1, "f", 1, "g"),
    keeps: [],
    lines: [
      "renameat2 0/f 0/g: ok; renameat2 1/f 1/g, unlinkat 0/f, unlinkat 2/g",
      "renameat2 1/f 1/g: ok; unlinkat 1/f, unlinkat 2/g",
      "unlinkat 2/g: ok",
    ],
  },
  {
    name: "RENAME2 that exchanges",
    spec: { branches: ["", ""], tree: ["0/f:one", "0/g:two"] },
    request: (pool) => wire.rename2(pool.next(), 1, "f", 1, "g", 2),
    keeps: ["one", "two"],
    lines: [
      "renameat2 0/f 0/g: EIO",
    ],
  },
  {
    name: "RENAME that becomes a symlink",
    spec: {
      branches: ["", "", ""],
      tree: ["0/s/f:one", "1/s/f:two", "2/t/"],
      options: { ...PRESERVING, "rename-exdev": "rel-symlink" },
    },
    request: (pool) => wire.rename(pool.next(), pool.node("s"), "f", pool.node("t"), "g"),
    keeps: ["one", "two"],
    lines: [
      "mkdirat 0/.mergerfs_rename_exdev: EXDEV",
      "fchown 0/.mergerfs_rename_exdev: ok …",
      "fchmod 0/.mergerfs_rename_exdev: ok …",
      "mkdirat 0/.mergerfs_rename_exdev/s: EXDEV",
      ...cloned("0/.mergerfs_rename_exdev/s"),
      "renameat2 0/s/f 0/.mergerfs_rename_exdev/s/f: EXDEV",
      "mkdirat 1/.mergerfs_rename_exdev: EXDEV; renameat2 0/.mergerfs_rename_exdev/s/f 0/s/f",
      "fchown 1/.mergerfs_rename_exdev: ok …",
      "fchmod 1/.mergerfs_rename_exdev: ok …",
      "mkdirat 1/.mergerfs_rename_exdev/s: EXDEV; renameat2 0/.mergerfs_rename_exdev/s/f 0/s/f",
      ...cloned("1/.mergerfs_rename_exdev/s"),
      "renameat2 1/s/f 1/.mergerfs_rename_exdev/s/f: EXDEV; renameat2 0/.mergerfs_rename_exdev/s/f 0/s/f",
      "symlinkat 2/t/g: EIO; renameat2 0/.mergerfs_rename_exdev/s/f 0/s/f, renameat2 1/.mergerfs_rename_exdev/s/f 1/s/f",
    ],
  },
  {
    name: "LINK on two branches, one of which gets the directory",
    spec: { branches: ["", ""], tree: ["0/s/f:one", "1/s/f:two", "1/t/"] },
    request: (pool) => wire.link(pool.next(), pool.node("t"), "g", pool.node("s/f")),
    keeps: ["one", "two"],
    lines: [
      "mkdirat 0/t: ok; linkat 1/s/f 1/t/g",
      ...cloned("0/t"),
      "linkat 0/s/f 0/t/g: ok …",
      "linkat 1/s/f 1/t/g: ok",
    ],
  },
  {
    name: "LINK that preserves paths",
    spec: { branches: ["", ""], tree: ["0/f:one", "1/f:two"], options: PRESERVING },
    request: (pool) => wire.link(pool.next(), 1, "g", pool.node("f")),
    keeps: ["one", "two"],
    lines: [
      "linkat 0/f 0/g: ok …",
      "linkat 1/f 1/g: ok",
    ],
  },
  {
    name: "LINK that becomes a symlink",
    spec: {
      branches: ["", ""],
      tree: ["0/s/f:one", "1/t/"],
      options: { ...PRESERVING, "link-exdev": "rel-symlink" },
    },
    request: (pool) => wire.link(pool.next(), pool.node("t"), "g", pool.node("s/f")),
    keeps: ["one"],
    lines: [
      "symlinkat 1/t/g: EIO",
    ],
  },
  {
    name: "LINK of a nameless file",
    spec: { branches: ["", ""], tree: ["0/s/", "1/t/"] },
    request: (pool) => {
      const made = pool.send(wire.tmpfile(pool.next(), pool.node("s"), O_RDWR, FILE));
      return wire.link(pool.next(), pool.node("t"), "g", made.entry().node);
    },
    keeps: [],
    lines: [
      "mkdirat 0/t: EIO",
      ...cloned("0/t"),
      "linkat 0/s/(nameless) 0/t/g: EIO",
    ],
  },
];

test_operations(OPERATIONS);
