// func.readdir=cosr and cor on real mounts: while one branch hangs, the others are read (config §5.4, departures D9). The
// branch that hangs is a pool of our own whose server is stopped by a signal; the others belong to a second one, whose
// trace tells when a directory was read to its end.

import { assertEquals } from "@std/assert";
import { H_READERS_RUNNING } from "../../src/state/layout.ts";
import { with_live_arena } from "../support/live_arena.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { must, run } from "../support/run.ts";
import { kill } from "../support/temp_dir.ts";
import { wait_until } from "../support/wait_until.ts";

const READ_TO_ITS_END = /opcode=RELEASEDIR\b/;
const STARTED = /opcode=READDIR/;
const OPENED = /opcode=OPENDIR\b/;
const EXPECTED = ["after", "before", "slow"];

/** Calls `body` with a pool of three branches: `quick` serves the first and the last, `slow` the one between them. */
async function with_slow_branch(
  options: string,
  body: (pool: Pool, slow: Pool, quick: Pool) => Promise<void>,
): Promise<void> {
  await with_pool({ branches: [{}] }, async (slow) => {
    await with_pool({ branches: [{}], trace: true }, async (quick) => {
      const prepare = () => {
        for (const place of [slow.path("d/slow"), quick.path("0/d/before"), quick.path("1/d/after")]) {
          Deno.mkdirSync(place, { recursive: true });
        }
      };
      const branches = [quick.path("0"), slow.mountpoint, quick.path("1")].map((path) => ({ path }));
      await with_pool({ branches, prepare, options, trace: true }, async (pool) => {
        try {
          await body(pool, slow, quick);
        } finally {
          // Before any clean-up: processes that wait for the branch cannot be killed.
          kill(slow.pid, "SIGCONT");
        }
      });
    });
  });
}

function count(pool: Pool, pattern: RegExp): number {
  return pool.log_lines().filter((line) => pattern.test(line)).length;
}

function readers_of(pool: Pool): number {
  return with_live_arena(pool.pid, ({ header }) => header[H_READERS_RUNNING]!);
}

async function list(directory: string): Promise<string[]> {
  return (await must("ls", [directory])).trim().split("\n");
}

for (const option of ["cosr:2", "cor:2", "cosr:1", "cor:1"]) {
  Deno.test(`func.readdir=${option}: the others are read while one branch hangs`, async () => {
    await with_slow_branch(`func.readdir=${option}`, async (pool, slow, quick) => {
      await list(pool.path("d"));
      await wait_until("the readers are there", () => readers_of(pool) === Number(option.split(":")[1]));
      const before = count(quick, READ_TO_ITS_END);
      kill(slow.pid, "SIGSTOP");
      const listing = list(pool.path("d"));
      await quick.wait_for_trace(READ_TO_ITS_END, before + 2);
      kill(slow.pid, "SIGCONT");
      assertEquals(await listing, EXPECTED);
    });
  });
}

Deno.test("func.readdir=seq: what comes behind a branch that hangs has to wait", async () => {
  await with_slow_branch("func.readdir=seq", async (pool, slow, quick) => {
    await list(pool.path("d"));
    const [opened, read] = [OPENED, READ_TO_ITS_END].map((pattern) => count(quick, pattern));
    kill(slow.pid, "SIGSTOP");
    const listing = list(pool.path("d"));
    await quick.wait_for_trace(OPENED, opened! + 1);
    // What needs only a branch that answers is served meanwhile.
    assertEquals((await run("stat", [pool.path("d/before")])).code, 0);
    assertEquals([count(quick, OPENED), count(quick, READ_TO_ITS_END)], [opened! + 1, read]);
    kill(slow.pid, "SIGCONT");
    assertEquals(await listing, EXPECTED);
    assertEquals(readers_of(pool), 0);
  });
});

Deno.test("more listings hang than there are readers: others go on, and all are complete in the end", async () => {
  await with_slow_branch("func.readdir=cor:1,cache.entry=0", async (pool, slow) => {
    const healthy = `${pool.directory}/healthy`;
    await Deno.mkdir(`${healthy}/h`, { recursive: true });
    await list(pool.path("d"));
    await wait_until("the reader is there", () => readers_of(pool) === 1);
    const before = count(pool, STARTED);
    kill(slow.pid, "SIGSTOP");
    const hanging = Array.from({ length: 4 }, () => list(pool.path("d")));
    await pool.wait_for_trace(STARTED, before + hanging.length);
    // A pool of two healthy branches, as far as requests from now on can see.
    await must("setfattr", ["-n", "user.mergerfs.branches", "-v", `${healthy}:${healthy}/h`, pool.path(".mergerfs")], {
      deadline_ms: 20_000,
    });
    assertEquals(await must("ls", [pool.mountpoint], { deadline_ms: 20_000 }), "h\n");
    kill(slow.pid, "SIGCONT");
    assertEquals(await Promise.all(hanging), hanging.map(() => EXPECTED));
  });
});

Deno.test("the way of reading changes while the pool is mounted; readers come and go with it", async () => {
  await with_pool({ branches: [{}, {}, {}] }, async (pool) => {
    for (const index of [0, 1, 2]) Deno.mkdirSync(pool.on_branch(index, `d/${index}`), { recursive: true });
    const set = (text: string) =>
      must("setfattr", ["-n", "user.mergerfs.func.readdir", "-v", text, pool.path(".mergerfs")]);
    const cases: [text: string, readers: number][] = [["cor:3", 3], ["cosr:1", 1], ["cosr:2:1", 2], ["seq", 0]];
    for (const [text, readers] of cases) {
      await set(text);
      assertEquals(await list(pool.path("d")), ["0", "1", "2"], text);
      await wait_until(`there are ${readers} readers`, () => readers_of(pool) === readers);
      assertEquals(await list(pool.path("d")), ["0", "1", "2"], text);
      const shown = await must("getfattr", [
        "--only-values",
        "-n",
        "user.mergerfs.func.readdir",
        pool.path(".mergerfs"),
      ]);
      assertEquals(shown, text);
    }
  });
});
