// func.readdir=cosr and cor: the branches of a listing read by other threads (config §5.4, operations §19.3, departures D9).
// What the readers find while another branch hangs, tests/mount/listing_at_once_test.ts shows.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { c_string } from "../../src/base/bytes.ts";
import { EACCES, EIO, EMFILE } from "../../src/base/errno.ts";
import { DirectoryReaders } from "../../src/daemon/directory_readers.ts";
import { Arena } from "../../src/state/arena.ts";
import { Listing } from "../../src/ops/common/listing.ts";
import { do_job } from "../../src/ops/common/store_directory.ts";
import { ReadJobs } from "../../src/state/read_jobs.ts";
import { memfd_create } from "../../src/sys/memory.ts";
import { ListedName } from "../support/answer.ts";
import { Pool, with_pool } from "../support/handler.ts";
import { fails_with, with_stand_ins } from "../support/system_calls.ts";
import { wait_until } from "../support/wait_until.ts";
import * as wire from "../support/wire.ts";

const READERS = 2;
const FOUR = ["", "=RO", "=NC", ""];

/** Calls `use` with the arena of all pools of this file and its jobs; `readers` of them serve those. */
async function with_readers(readers: number, use: () => void): Promise<void> {
  const arena = the_arena();
  const jobs = new ReadJobs(arena);
  const running = new DirectoryReaders(arena);
  jobs.want(readers);
  running.adjust();
  await wait_until("the readers are there", () => jobs.running === readers);
  try {
    use();
  } finally {
    jobs.want(0);
    await wait_until("the readers are gone", () => running.count === 0);
  }
}

/** From now on a listing goes on only when a reader has done one of its jobs, and readers stay whatever the options say. */
function use_readers(pool: Pool): void {
  const { read_jobs } = pool.context;
  read_jobs.want = () => false;
  read_jobs.wake_readers = (count) => {
    const seen = read_jobs.completions();
    ReadJobs.prototype.wake_readers.call(read_jobs, count);
    read_jobs.wait(seen);
  };
}

function leave_readers(pool: Pool): void {
  const read_jobs = pool.context.read_jobs as Partial<ReadJobs>;
  delete read_jobs.want;
  delete read_jobs.wake_readers;
}

function the_arena(): Arena {
  let arena: Arena | undefined;
  with_pool({}, (pool) => arena = pool.arena);
  return arena!;
}

/** What a reader does with a job; it is reader 0. */
type Reader = (jobs: ReadJobs, job: number) => void;

/** Makes each of these readers take a job of the next listing, before the listing goes on. */
function read_as(pool: Pool, ...readers: Reader[]): void {
  const { read_jobs } = pool.context;
  read_jobs.want(1);
  read_jobs.join();
  read_jobs.wake_readers = () => {
    read_jobs.wake_readers = () => {};
    for (const reader of readers) reader(read_jobs, read_jobs.take(0));
  };
}

/** Ends what `read_as` began. */
function end_readers(pool: Pool): void {
  const { read_jobs } = pool.context;
  while (read_jobs.running > 0) read_jobs.leave();
  leave_readers(pool);
  read_jobs.want(0);
}

/** The listing of a directory, or its errno. */
function list(pool: Pool, path: string): readonly ListedName[] | string {
  const node = pool.node(path);
  const { handle } = pool.send(wire.opendir(pool.next(), node)).open();
  const answer = pool.send(wire.readdir(pool.next(), node, handle, 0, 65536));
  pool.send(wire.releasedir(pool.next(), node, handle));
  return answer.result === "ok" ? answer.names : answer.result;
}

function names(listing: readonly ListedName[] | string): string[] {
  return typeof listing === "string" ? [listing] : listing.map(({ name }) => name).sort();
}

function without_offsets(listing: readonly ListedName[] | string): unknown[] {
  assert(typeof listing !== "string", String(listing));
  return listing.map(({ name, ino, type }) => `${name} ${ino} ${type}`);
}

Deno.test("cosr lists what seq lists, in the same order; cor the same names, each from some branch", async () => {
  const branch = fc.uniqueArray(fc.constantFrom("a", "b", "c/", "d/", "e", "f/"), { maxLength: 6 });
  await with_readers(READERS, () => {
    fc.assert(
      fc.property(
        fc.array(branch, { minLength: 4, maxLength: 4 }),
        fc.constantFrom(...["hybrid-hash", "passthrough"]),
        (
          trees,
          inodecalc,
        ) => {
          const tree = trees.flatMap((found, index) => found.map((name) => `${index}/d/${name}`));
          with_pool({ branches: FOUR, tree: ["3/d/x", ...tree], options: { inodecalc } }, (pool) => {
            use_readers(pool);
            const alone = FOUR.flatMap((_, index) => list_of_branch(pool, index));
            pool.set("func.readdir", `cosr:${READERS}`);
            const cosr = list(pool, "d");
            pool.set("func.readdir", `cor:${READERS}`);
            const cor = list(pool, "d");
            pool.set("func.readdir", "seq");
            const seq = list(pool, "d");
            assertEquals(cosr, seq);
            assertEquals(names(cor), names(seq));
            const unknown = without_offsets(cor).filter((entry) => !alone.includes(entry));
            assertEquals(unknown, []);
            leave_readers(pool);
          });
        },
      ),
      { numRuns: 15 },
    );
  });
});

function list_of_branch(pool: Pool, index: number): unknown[] {
  const all = FOUR.map((mode, at) => pool.branch(at) + mode);
  pool.set("branches", all[index]!);
  const found = pool.has("d") ? without_offsets(list(pool, "d")) : [];
  pool.set("branches", all.join(":"));
  return found;
}

Deno.test("a directory of more than one batch, read by others", async () => {
  await with_readers(READERS, () => {
    with_pool({ branches: FOUR, tree: FOUR.map((_, index) => `${index}/d/`) }, (pool) => {
      use_readers(pool);
      for (let i = 0; i < 1200; i++) Deno.writeTextFileSync(pool.on(i % 4, `d/${"n".repeat(240)}${i}`), "");
      for (const word of ["cosr", "cor"]) {
        pool.set("func.readdir", `${word}:${READERS}`);
        const { node, handle } = opened(pool, "d");
        let offset = 0n;
        const found = new Set<string>();
        for (;;) {
          const answer = pool.send(wire.readdir(pool.next(), node, handle, offset, 65536));
          for (const { name } of answer.names) found.add(name);
          if (answer.names.length === 0) break;
          offset = answer.names.at(-1)!.offset;
        }
        assertEquals([found.size, offset], [1202, 1202n], word);
      }
      leave_readers(pool);
    });
  });
});

function opened(pool: Pool, path: string): { node: bigint; handle: bigint } {
  const node = pool.node(path);
  return { node, handle: pool.send(wire.opendir(pool.next(), node)).open().handle };
}

for (const word of ["seq", "cosr", "cor"]) {
  Deno.test(`${word}: a bug in the middle leaves neither a job nor a descriptor behind`, () => {
    with_pool({ branches: FOUR, tree: ["0/d/a", "1/d/b", "2/d/c", "3/d/e"] }, (pool) => {
      pool.set("func.readdir", `${word}:1`);
      const { listing } = pool.context;
      const bugs = pool.handler.bugs;
      const done: Reader = (jobs, job) => do_job(jobs, job, 0);
      if (word !== "seq") read_as(pool, done);
      listing.add = () => {
        throw new Error("a bug");
      };
      assertEquals(list(pool, "d"), "EIO");
      delete (listing as Partial<Listing>).add;
      end_readers(pool);
      assertEquals(pool.handler.bugs, bugs + 1);
      pool.handler.bugs = bugs;
    });
  });
}

for (const word of ["cosr", "cor"]) {
  Deno.test(`without a reader ${word} lists all the same`, () => {
    with_pool({ branches: FOUR, tree: ["0/d/a", "2/d/b"], options: { "func.readdir": word } }, (pool) => {
      assertEquals(pool.list("d").sort(), ["a", "b"]);
      assertEquals(names(list(pool, "")), [".", "..", "d"]);
    });
  });

  Deno.test(`readers that hang elsewhere do not stop ${word}`, () => {
    with_pool({ branches: FOUR, tree: ["0/d/a", "2/d/b"], options: { "func.readdir": `${word}:1` } }, (pool) => {
      const { read_jobs } = pool.context;
      read_jobs.want(1);
      read_jobs.join();
      const elsewhere = read_jobs.publish(c_string("/elsewhere"));
      assertEquals(read_jobs.take(0), elsewhere);
      assertEquals(pool.list("d").sort(), ["a", "b"]);
      read_jobs.finish(elsewhere, 0, 0, 0, -1);
      read_jobs.end(elsewhere);
      read_jobs.leave();
    });
  });

  Deno.test(`${word}: as many jobs wait as func.readdir says, then requests read by themselves`, () => {
    with_pool({ branches: FOUR, tree: ["0/d/a", "2/d/b"] }, (pool) => {
      const { read_jobs } = pool.context;
      read_as(pool);
      const elsewhere = read_jobs.publish(c_string("/elsewhere"));
      let published = 0;
      read_jobs.publish = (path) => (published++, ReadJobs.prototype.publish.call(read_jobs, path));
      for (const [numbers, jobs] of [["1:1", 0], ["1:2", 3], ["1", 3]] as const) {
        pool.set("func.readdir", `${word}:${numbers}`);
        published = 0;
        assertEquals([pool.list("d").sort(), published], [["a", "b"], jobs], numbers);
      }
      delete (read_jobs as Partial<ReadJobs>).publish;
      read_jobs.end(elsewhere);
      end_readers(pool);
    });
  });

  Deno.test(`${word}: what a reader cannot do, or dies of, the request does`, () => {
    with_pool({ branches: FOUR, tree: ["0/d/a", "1/d/b", "2/d/c", "3/d/e"] }, (pool) => {
      pool.set("func.readdir", `${word}:1`);
      const give_back: Reader = (jobs, job) => jobs.give_back(job, 0);
      const die: Reader = (jobs) => jobs.lose(0);
      read_as(pool, give_back, give_back, die);
      assertEquals(pool.list("d").sort(), ["a", "b", "c", "e"]);
      end_readers(pool);
    });
  });

  Deno.test(`${word}: what a reader could not open, or not read to its end`, () => {
    with_pool({ branches: FOUR, tree: ["0/d/a", "1/d/b", "2/d/c", "3/d/e"] }, (pool) => {
      pool.set("func.readdir", `${word}:1`);
      const unopened: Reader = (jobs, job) => jobs.finish(job, 0, -EACCES, 0, -1);
      const unread: Reader = (jobs, job) => jobs.finish(job, 0, 0, -EIO, memfd_create(c_string("nothing")));
      read_as(pool, unopened, unread);
      assertEquals(pool.list("d").sort(), ["a", "e"]);
      for (const index of [0, 3]) Deno.removeSync(pool.on(index, "d"), { recursive: true });
      read_as(pool, unread, unread);
      // The error of reading is that of the branch only where branches are read at once (operations §19.3).
      const expected = word === "cosr" ? [] : ["ENOENT"];
      assertEquals(names(list(pool, "d")), expected);
      end_readers(pool);
    });
  });

  Deno.test(`${word}: the first error counts when no branch can be read`, async () => {
    await with_readers(READERS, () => {
      with_pool({ branches: FOUR, tree: ["0/d/", "1/d"], options: { "func.readdir": word } }, (pool) => {
        const { node, handle } = opened(pool, "d");
        Deno.removeSync(pool.on(0, "d"));
        const answer = pool.send(wire.readdir(pool.next(), node, handle, 0, 4096));
        assertEquals(answer.result, "ENOENT");
        Deno.writeTextFileSync(pool.on(0, "d"), "");
        assertEquals(pool.send(wire.readdir(pool.next(), node, handle, 0, 4096)).result, "ENOTDIR");
        Deno.removeSync(pool.on(0, "d"));
        Deno.removeSync(pool.on(1, "d"));
      });
    });
  });

  Deno.test(`${word}: paths too long for one system call`, async () => {
    await with_readers(READERS, () => {
      with_pool({ branches: FOUR, options: { "func.readdir": word } }, (pool) => {
        const parts = Array.from({ length: 16 }, (_, at) => String.fromCharCode(97 + at).repeat(252));
        let node = 1n;
        for (const part of parts) {
          const made = pool.send(wire.mkdir(pool.next(), node, part, 0o755));
          assertEquals(made.result, "ok");
          node = made.entry().node;
        }
        const { handle } = pool.send(wire.opendir(pool.next(), node)).open();
        assertEquals(pool.send(wire.readdir(pool.next(), node, handle, 0, 4096)).names.length, 2);
      });
    });
  });
}

Deno.test("what a reader finds no descriptor for, the request reads", () => {
  for (const failing of ["openat", "memfd_create"] as const) {
    with_pool({ branches: ["", ""], tree: ["0/d/a", "1/d/b"], options: { "func.readdir": "cosr:1" } }, (pool) => {
      read_as(pool, (jobs, job) => {
        with_stand_ins({ [failing]: () => fails_with(EMFILE) }, () => do_job(jobs, job, 0));
      });
      assertEquals(names(list(pool, "d")), [".", "..", "a", "b"]);
      end_readers(pool);
    });
  }
});
