// The inode numbers of every kind of reply, in all modes of "inodecalc" (config §9.1, operations §28). The numbers
// themselves are proven in tests/base/inode_number_test.ts; here it is which branch, path, type and number go into them.

import { assertEquals } from "@std/assert";
import { to_bytes } from "../../src/base/bytes.ts";
import { calculate_inode, INODE_MODE_WORDS } from "../../src/base/inode_number.ts";
import { hash_result, rapidhash } from "../../src/base/rapidhash.ts";
import { STATX_BASIC_STATS } from "../../src/base/statx.ts";
import { O_CREAT, O_RDWR } from "../../src/sys/file.ts";
import { Answer, ListedName } from "../support/answer.ts";
import { Pool, with_pool } from "../support/handler.ts";
import * as calls from "../support/pool_calls.ts";
import * as wire from "../support/wire.ts";

/** The number of an object at `path` on a branch, which is there the object at `place` (a directory or not). */
function expected(pool: Pool, mode: string, index: number, path: string, place = path): bigint {
  const { ino, isDirectory } = Deno.lstatSync(pool.on(index, place));
  const [branch, name] = [to_bytes(pool.branch(index)), to_bytes(path)];
  rapidhash(branch, 0, branch.length, 0, 0);
  const [seed_low, seed_high] = hash_result;
  const [low, high] = [Number(BigInt(ino!) & 0xffff_ffffn), Number(BigInt(ino!) >> 32n)];
  const number = INODE_MODE_WORDS.indexOf(mode);
  calculate_inode(number, isDirectory, seed_low!, seed_high!, name, 0, name.length, low, high);
  return BigInt(hash_result[0]!) | BigInt(hash_result[1]!) << 32n;
}

function created(answer: Answer): bigint {
  assertEquals(answer.result, "ok");
  return answer.entry().attr.ino;
}

/** What makes or asks for an object in the directory "d" of the second branch, and the name it is about. */
const REPLIES: readonly (readonly [kind: string, path: string, ask: (pool: Pool) => bigint])[] = [
  ["LOOKUP of a file", "d/f", (pool) => pool.lookup("d/f").attr.ino],
  ["LOOKUP of a directory", "d/s", (pool) => pool.lookup("d/s").attr.ino],
  ["LOOKUP of a symlink", "d/l", (pool) => pool.lookup("d/l").attr.ino],
  ["GETATTR of a file", "d/f", (pool) => calls.getattr(pool, "d/f").attr.ino],
  ["GETATTR of a directory", "d/s", (pool) => calls.getattr(pool, "d/s").attr.ino],
  ["GETATTR of the root", "", (pool) => calls.getattr(pool, "").attr.ino],
  ["GETATTR by handle", "d/f", (pool) => {
    const [node, handle] = [pool.node("d/f"), pool.open("d/f", O_RDWR)];
    return pool.send(wire.getattr(pool.next(), node, handle)).attr.ino;
  }],
  ["STATX", "d/s", (pool) => statx_ino(pool, pool.node("d/s"))],
  ["STATX by handle", "d/f", (pool) => statx_ino(pool, pool.node("d/f"), pool.open("d/f", O_RDWR))],
  ["SETATTR", "d/f", (pool) => calls.setattr(pool, "d/f", { mode: 0o600 }).attr.ino],
  ["SETATTR of a directory", "d/s", (pool) => calls.setattr(pool, "d/s", { mode: 0o700 }).attr.ino],
  ["CREATE", "d/new", (pool) => created(calls.create(pool, "d/new", O_CREAT | O_RDWR, 0o100644))],
  ["MKNOD of a file", "d/new", (pool) => created(calls.mknod(pool, "d/new", 0o100644))],
  ["MKNOD of a pipe", "d/new", (pool) => created(calls.mknod(pool, "d/new", 0o010644))],
  ["MKDIR", "d/new", (pool) => created(calls.mkdir(pool, "d/new", 0o755))],
  ["SYMLINK", "d/new", (pool) => created(calls.symlink(pool, "d/new", "target"))],
  ["LINK", "d/new", (pool) => created(calls.link(pool, "d/f", "d/new"))],
];

function statx_ino(pool: Pool, node: bigint, handle?: bigint): bigint {
  const answer = pool.send(wire.statx(pool.next(), node, 0, STATX_BASIC_STATS, handle));
  assertEquals(answer.result, "ok");
  // struct fuse_statx_out has 32 bytes before struct statx, stx_ino is at byte 32 of that.
  return answer.u64(64);
}

const SPEC = { branches: ["=RO", ""], tree: ["0/a/", "1/d/f", "1/d/s/"] };

function with_objects(mode: string, use: (pool: Pool) => void): void {
  with_pool({ ...SPEC, options: { inodecalc: mode } }, (pool) => {
    Deno.symlinkSync("f", pool.on(1, "d/l"));
    use(pool);
  });
}

for (const mode of INODE_MODE_WORDS) {
  Deno.test(`inodecalc=${mode}: every reply with attributes`, () => {
    for (const [kind, path, ask] of REPLIES) {
      with_objects(mode, (pool) => {
        const found = ask(pool);
        assertEquals(found, expected(pool, mode, path === "" ? 0 : 1, path), kind);
      });
    }
  });

  Deno.test(`inodecalc=${mode}: every entry of a listing, "." and ".." as names like others`, () => {
    with_objects(mode, (pool) => {
      for (const request of [wire.readdir, wire.readdirplus]) {
        for (const [directory, index] of [["d", 1], ["", 0]] as const) {
          for (const { name, ino, entry } of list(pool, directory, request)) {
            const path = directory === "" ? name : `${directory}/${name}`;
            const of_branch = path === "d" ? 1 : index;
            assertEquals(ino, expected(pool, mode, of_branch, path), path);
            if (entry !== undefined && entry.node !== 0n) assertEquals(entry.attr.ino, ino, path);
          }
        }
      }
    });
  });
}

function list(pool: Pool, path: string, request: typeof wire.readdir): ListedName[] {
  const node = pool.node(path);
  const { handle } = pool.send(wire.opendir(pool.next(), node)).open();
  const answer = pool.send(request(pool.next(), node, handle, 0, 4096));
  return request === wire.readdir ? answer.names : answer.entries;
}

Deno.test("a change of inodecalc acts on all later replies, listings that are open included once they are rewound", () => {
  with_objects("passthrough", (pool) => {
    const [node, handle] = [pool.node("d/f"), pool.open("d/f", O_RDWR)];
    const directory = pool.node("d");
    const opened = pool.send(wire.opendir(pool.next(), directory)).open().handle;
    for (const mode of [...INODE_MODE_WORDS, "passthrough"]) {
      pool.set("inodecalc", mode);
      const names = pool.send(wire.readdir(pool.next(), directory, opened, 0, 4096)).names;
      const found = [
        pool.send(wire.getattr(pool.next(), node)).attr.ino,
        pool.send(wire.getattr(pool.next(), node, handle)).attr.ino,
        names.find(({ name }) => name === "f")!.ino,
      ];
      assertEquals(found, found.map(() => expected(pool, mode, 1, "d/f")), mode);
    }
  });
});

Deno.test("a followed symlink hashes as what it leads to: type and number of the target, path of the link", () => {
  for (const mode of INODE_MODE_WORDS) {
    with_objects(mode, (pool) => {
      Deno.symlinkSync("s", pool.on(1, "d/to-directory"));
      Deno.symlinkSync("none", pool.on(1, "d/dangling"));
      const ino = (path: string) => calls.getattr(pool, path).attr.ino;
      const shown = () => [ino("d/l"), ino("d/to-directory"), ino("d/dangling")];
      const link = (path: string) => expected(pool, mode, 1, path);
      const to_file = expected(pool, mode, 1, "d/l", "d/f");
      const to_directory = expected(pool, mode, 1, "d/to-directory", "d/s");
      const [l, d, dangling] = ["d/l", "d/to-directory", "d/dangling"].map(link);
      const cases = {
        never: [l, d],
        regular: [to_file, d],
        directory: [l, to_directory],
        all: [to_file, to_directory],
      };
      for (const [follow, numbers] of Object.entries(cases)) {
        pool.set("follow-symlinks", follow);
        assertEquals(shown(), [...numbers, dangling], `${mode} ${follow}`);
      }
    });
  }
});

Deno.test("what lies on no branch has inode 0 in every mode", () => {
  for (const mode of INODE_MODE_WORDS) {
    with_pool({ options: { inodecalc: mode } }, (pool) => {
      assertEquals(pool.lookup(".mergerfs").attr.ino, 0n, mode);
      pool.set("branches", `${pool.directory}/missing=RW`);
      assertEquals(calls.getattr(pool, "").attr.ino, 0n, mode);
      assertEquals(list(pool, "", wire.readdir).map(({ ino }) => ino), [0n], mode);
    });
  }
});
