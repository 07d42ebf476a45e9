// The handler and requests made of dice: it never throws, always answers with a sound message, counts no bug, and leaves
// neither locks, descriptors nor nodes behind.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC } from "../../src/sys/file.ts";
import { is_root, Pool, PoolSpec, tmpfs_branches, with_pool } from "../support/handler.ts";
import { noise, Step, steps, well_formed } from "../support/random_requests.ts";
import * as wire from "../support/wire.ts";

const TREE = ["0/f:text", "0/d/x", "1/d/y", "1/f", "1/e/"];

// On small filesystems of their own without devices, where that is possible.
const SPEC: PoolSpec = {
  branches: ["", "=NC", ""],
  tree: TREE,
  ...(is_root ? { prepare: tmpfs_branches(1 << 20) } : {}),
};

function make_known(pool: Pool): void {
  for (const path of ["f", "d", "d/x", "e"]) pool.node(path);
  pool.open("f", O_RDWR);
  pool.send(wire.opendir(pool.next(), pool.node("d")));
}

Deno.test("noise is answered with an error or not at all, also while the trace is on", () => {
  for (const debug of ["false", "true"]) {
    with_pool(SPEC, (pool) => {
      using _trace = traced_to(pool, debug);
      make_known(pool);
      fc.assert(
        fc.property(noise, (bytes) => {
          const { result } = pool.send(bytes);
          assert(result !== "EIO" || bytes.length < 40, result);
          pool.check();
        }),
        { numRuns: 300 },
      );
    });
  }
});

/** The trace goes to a file of the test. */
function traced_to(pool: Pool, debug: string): Disposable {
  pool.send(wire.setxattr(pool.next(), pool.node(".mergerfs"), "user.mergerfs.log.file", `${pool.directory}/trace`));
  pool.set("debug", debug);
  return {
    [Symbol.dispose]() {
      pool.context.trace.redirect(() => undefined);
      pool.set("debug", "false");
    },
  };
}

Deno.test("well-formed requests with any numbers never are a bug", () => {
  for (const debug of ["false", "true"]) {
    with_pool(SPEC, (pool) => {
      using _trace = traced_to(pool, debug);
      make_known(pool);
      fc.assert(
        fc.property(fc.array(well_formed, { minLength: 1, maxLength: 10 }), (requests) => {
          for (const request of requests) {
            const { unique, result } = pool.send(request);
            assertEquals(unique, result === "none" ? 0n : 1n);
          }
          pool.check();
        }),
        { numRuns: 300 },
      );
    });
  }
});

/** What a sequence knows: nodes and handles that it was given. */
class Known {
  readonly nodes: bigint[] = [1n];
  readonly files: (readonly [node: bigint, handle: bigint])[] = [];
  readonly directories: (readonly [node: bigint, handle: bigint])[] = [];
  private dice: readonly number[] = [];
  private at = 0;

  constructor(readonly pool: Pool) {}

  roll(dice: readonly number[]): void {
    this.dice = dice;
    this.at = 0;
  }

  number(below: number): number {
    return this.dice[this.at++ % this.dice.length]! % below;
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[this.number(Math.max(1, list.length))];
  }

  node(): bigint {
    return this.pick(this.nodes)!;
  }

  name(): string {
    return this.pick(["a", "b", "c", "f", "d"])!;
  }

  entry(message: Uint8Array): void {
    const answer = this.pool.send(message);
    if (answer.result === "ok" && answer.entry().node !== 0n) this.nodes.push(answer.entry().node);
  }

  created(message: Uint8Array): void {
    const answer = this.pool.send(message);
    if (answer.result !== "ok") return;
    this.nodes.push(answer.entry().node);
    this.files.push([answer.entry().node, answer.created.handle]);
  }

  file(): readonly [bigint, bigint] {
    return this.pick(this.files) ?? [1n, 0n];
  }

  /** Takes a handle out of a list; it is released then. */
  take(list: (readonly [bigint, bigint])[]): readonly [bigint, bigint] {
    return list.splice(this.number(Math.max(1, list.length)), 1)[0] ?? [1n, 0n];
  }
}

const FLAGS = [O_RDONLY, O_RDWR, O_RDWR | O_TRUNC].map((flags) => flags | O_NONBLOCK);

/** The kinds of steps. Each sends one request. */
const KINDS: readonly ((known: Known) => void)[] = [
  (k) => k.entry(wire.lookup(k.pool.next(), k.node(), k.name())),
  (k) => k.entry(wire.lookup(k.pool.next(), k.node(), k.name())),
  (k) => k.entry(wire.lookup(k.pool.next(), k.node(), k.pick([".", ".."])!)),
  (k) => k.entry(wire.mkdir(k.pool.next(), k.node(), k.name(), 0o755)),
  (k) => k.entry(wire.mknod(k.pool.next(), k.node(), k.name(), k.pick([0o100644, 0o010644])!)),
  (k) => k.entry(wire.symlink(k.pool.next(), k.node(), k.name(), "a")),
  (k) => k.entry(wire.link(k.pool.next(), k.node(), k.name(), k.node())),
  (k) => k.created(wire.create(k.pool.next(), k.node(), k.name(), O_CREAT | O_RDWR | O_NONBLOCK, 0o100644)),
  (k) => k.created(wire.create(k.pool.next(), k.node(), k.name(), O_CREAT | O_EXCL | O_RDWR, 0o100644)),
  (k) => k.created(wire.tmpfile(k.pool.next(), k.node(), O_RDWR, 0o600)),
  (k) => void k.pool.send(wire.unlink(k.pool.next(), k.node(), k.name())),
  (k) => void k.pool.send(wire.rmdir(k.pool.next(), k.node(), k.name())),
  (k) => void k.pool.send(wire.rename(k.pool.next(), k.node(), k.name(), k.node(), k.name())),
  (k) => void k.pool.send(wire.rename2(k.pool.next(), k.node(), k.name(), k.node(), k.name(), 1 + k.number(2))),
  (k) => void k.pool.send(wire.getattr(k.pool.next(), k.node())),
  (k) => void k.pool.send(wire.setattr(k.pool.next(), k.node(), { mode: 0o700 + k.number(64), size: k.number(99) })),
  (k) => void k.pool.send(wire.setxattr(k.pool.next(), k.node(), "user.a", "value")),
  (k) => void k.pool.send(wire.statx(k.pool.next(), k.node(), 0, 0xfff)),
  (k) => void k.pool.send(wire.forget(k.pool.next(), k.node(), 1)),
  (k) => {
    const node = k.node();
    const answer = k.pool.send(wire.open(k.pool.next(), node, k.pick(FLAGS)!));
    if (answer.result === "ok") k.files.push([node, answer.open().handle]);
  },
  (k) => {
    const node = k.node();
    const answer = k.pool.send(wire.opendir(k.pool.next(), node));
    if (answer.result === "ok") k.directories.push([node, answer.open().handle]);
  },
  (k) => void k.pool.send(wire.read(k.pool.next(), ...k.file(), 0, 100)),
  (k) => void k.pool.send(wire.write(k.pool.next(), ...k.file(), k.number(99), Uint8Array.of(1, 2, 3))),
  (k) => void k.pool.send(wire.release(k.pool.next(), ...k.take(k.files))),
  (k) => void k.pool.send(wire.releasedir(k.pool.next(), ...k.take(k.directories))),
  (k) => {
    const answer = k.pool.send(wire.readdirplus(k.pool.next(), ...(k.pick(k.directories) ?? [1n, 0n]), 0, 4096));
    if (answer.result === "ok") {
      k.nodes.push(...answer.entries.map(({ entry }) => entry!.node).filter((id) => id !== 0n));
    }
  },
];

function play(pool: Pool, sequence: readonly Step[]): void {
  const known = new Known(pool);
  for (const { kind, dice } of sequence) {
    known.roll(dice);
    KINDS[kind]!(known);
  }
}

Deno.test("sequences of requests in any order, with nodes and handles old and new", () => {
  const options = [{}, { "category.create": "all" }, { "func.create": "epff", "follow-symlinks": "all" }];
  fc.assert(
    fc.property(steps(KINDS.length), fc.constantFrom(...options), (sequence, chosen) => {
      // with_pool itself checks what is left behind.
      with_pool({ branches: ["", ""], tree: TREE, options: chosen }, (pool) => play(pool, sequence));
    }),
    { numRuns: 400 },
  );
});
