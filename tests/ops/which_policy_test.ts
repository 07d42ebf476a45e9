// Which functions' policies each operation consults (config spec §5.3): with func.X=erofs exactly the operations fail that
// ask X. Names are looked up before, so that the look-ups do not ask.

import { assertEquals } from "@std/assert";
import { functions_of } from "../../src/config/options.ts";
import { CATEGORIES } from "../../src/policies/registry.ts";
import type { Answer } from "../support/answer.ts";
import { type Pool, with_pool } from "../support/handler.ts";
import * as wire from "../support/wire.ts";

const ROOT = 1n;
const O_RDONLY = 0;
const O_CREAT_RDWR = 0o102;
const S_IFIFO = 0o010000;
const FS_IOC_GETFLAGS = 0x80086601;
const IOCTL_DIR = 16;

interface Nodes {
  readonly f: bigint;
  readonly d: bigint;
  readonly l: bigint;
}

type Send = (pool: Pool, id: bigint, nodes: Nodes) => Uint8Array;

/** One request, and the functions that it asks; the tree is TREE. */
const OPERATIONS: Readonly<Record<string, readonly [asks: string, send: Send]>> = {
  lookup: ["getattr", (_, id) => wire.lookup(id, ROOT, "f")],
  getattr: ["getattr", (_, id, { f }) => wire.getattr(id, f)],
  access: ["access", (_, id, { f }) => wire.access(id, f, 4)],
  open: ["open", (_, id, { f }) => wire.open(id, f, O_RDONLY)],
  readlink: ["readlink", (_, id, { l }) => wire.readlink(id, l)],
  getxattr: ["getxattr", (_, id, { f }) => wire.getxattr(id, f, "user.x", 100)],
  basepath: ["getxattr", (_, id, { f }) => wire.getxattr(id, f, "user.mergerfs.basepath", 100)],
  listxattr: ["listxattr", (_, id, { f }) => wire.listxattr(id, f, 100)],
  "ioctl on a directory": ["open", ioctl_on_directory],
  // The directory of the new object is asked for first, and the reply has the attributes of what was made.
  create: ["getattr create", (_, id) => wire.create(id, ROOT, "new", O_CREAT_RDWR, 0o644)],
  mkdir: ["getattr mkdir", (_, id) => wire.mkdir(id, ROOT, "new", 0o755)],
  mknod: ["getattr mknod", (_, id) => wire.mknod(id, ROOT, "new", S_IFIFO | 0o644)],
  symlink: ["getattr symlink", (_, id) => wire.symlink(id, ROOT, "new", "x")],
  tmpfile: ["getattr create", (_, id) => wire.tmpfile(id, ROOT, O_CREAT_RDWR, 0o644)],
  // The reply of a SETATTR has the attributes afterwards.
  chmod: ["getattr chmod", (_, id, { f }) => wire.setattr(id, f, { mode: 0o600 })],
  chown: ["getattr chown", (_, id, { f }) => wire.setattr(id, f, { uid: Deno.uid()!, gid: Deno.gid()! })],
  truncate: ["getattr truncate", (_, id, { f }) => wire.setattr(id, f, { size: 0 })],
  utimens: ["getattr utimens", (_, id, { f }) => wire.setattr(id, f, { mtime: "now" })],
  setxattr: ["setxattr", (_, id, { f }) => wire.setxattr(id, f, "user.x", "y")],
  removexattr: ["removexattr", (_, id, { f }) => wire.removexattr(id, f, "user.x")],
  unlink: ["unlink", (_, id) => wire.unlink(id, ROOT, "f")],
  rmdir: ["rmdir", (_, id) => wire.rmdir(id, ROOT, "d")],
  rename: ["getattr rename", (_, id) => wire.rename(id, ROOT, "f", ROOT, "new")],
  link: ["getattr link", (_, id, { f }) => wire.link(id, ROOT, "new", f)],
  statfs: ["", (_, id, { f }) => wire.statfs(id, f)],
  opendir: ["", (_, id, { d }) => wire.opendir(id, d)],
  readdir: ["", (pool, id) => wire.readdir(id, ROOT, open_root(pool), 0, 4096)],
};

function open_root(pool: Pool): bigint {
  return pool.send(wire.opendir(pool.next(), ROOT)).open().handle;
}

function ioctl_on_directory(pool: Pool, id: bigint): Uint8Array {
  return wire.ioctl(id, ROOT, open_root(pool), FS_IOC_GETFLAGS, IOCTL_DIR, new Uint8Array(0), 8);
}

/** What the operation says while the function (none: "") refuses. */
function answer_of(operation: string, refusing: string, options: Readonly<Record<string, string>>): Answer {
  let answer: Answer | undefined;
  with_pool({ tree: ["0/f", "0/d/", "0/l"], options }, (pool) => {
    Deno.removeSync(pool.on(0, "l"));
    Deno.symlinkSync("x", pool.on(0, "l"));
    pool.send(wire.setxattr(pool.next(), pool.node("f"), "user.x", "value"));
    const nodes = { f: pool.node("f"), d: pool.node("d"), l: pool.node("l") };
    if (refusing !== "") pool.set(refusing, "erofs");
    answer = pool.send(OPERATIONS[operation]![1](pool, pool.next(), nodes));
  });
  return answer!;
}

const FUNCTIONS = CATEGORIES.flatMap((category) => functions_of(category)).map(({ name }) =>
  name.slice("func.".length)
);

function functions_asked(operation: string, options: Readonly<Record<string, string>>): string {
  assertEquals(answer_of(operation, "", options).result, "ok", operation);
  return FUNCTIONS.filter((name) => answer_of(operation, `func.${name}`, options).result === "EROFS").sort().join(" ");
}

for (const [operation, [asks]] of Object.entries(OPERATIONS)) {
  Deno.test(`${operation} asks ${asks === "" ? "no policy" : `func.${asks.replace(" ", " and func.")}`}`, () => {
    assertEquals(functions_asked(operation, {}), asks.split(" ").sort().join(" "));
  });
}

Deno.test("a rename that preserves paths does not ask about the new directory", () => {
  assertEquals(functions_asked("rename", { "func.create": "epmfs" }), "rename");
});
