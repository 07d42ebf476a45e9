// The descriptors of a serving daemon run out: its limit is lowered with prlimit(1). Nothing that is open suffers, nothing is
// half done or shown as missing, the daemon stays, and when there are descriptors again all goes on without a restart.

import { assert, assertEquals } from "@std/assert";
import { broken_live_invariants } from "../support/live_arena.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { must, python, run } from "../support/run.ts";
import { kill } from "../support/temp_dir.ts";
import { wait_until } from "../support/wait_until.ts";

const STUCK_PROCESSES = 5;
const LISTING = /^\/memfd:mergerfs-ts-(listing|directory)/;

/** The descriptors that the daemon has for what clients have open: files of the branches, listings. */
function held(pool: Pool): string[] {
  const folder = `/proc/${pool.pid}/fd`;
  const targets = [...Deno.readDirSync(folder)].map(({ name }) => {
    try {
      return Deno.readLinkSync(`${folder}/${name}`);
    } catch {
      return ""; // closed meanwhile
    }
  });
  const is_held = (path: string) => path.startsWith(`${pool.directory}/branch`) || LISTING.test(path);
  return targets.filter(is_held);
}

async function set_limit(pool: Pool, limit: number | string): Promise<void> {
  await must("prlimit", ["--pid", String(pool.pid), `--nofile=${limit}:`]);
}

async function hard_limit(pool: Pool): Promise<string> {
  return (await must("prlimit", ["--pid", String(pool.pid), "--nofile", "-o", "HARD", "--noheadings"])).trim();
}

async function make_files(branches: readonly string[]): Promise<void> {
  for (const [at, branch] of branches.entries()) {
    await Deno.mkdir(`${branch}/d`);
    await Deno.writeTextFile(`${branch}/d/f${at}`, `branch ${at}`);
  }
  await Deno.writeTextFile(`${branches[0]}/d/g`, "");
}

/** Calls that need no descriptor of their own, then those that do. All names are new, so that they can be made twice. */
const CALLS = `
  import subprocess
  os.chdir(sys.argv[1])
  def set_limit(limit):
      subprocess.run(["prlimit", "--pid", sys.argv[2], f"--nofile={limit}:"], check=True)
  def on_open_files(held):
      return [attempt(os.pwrite, held, b"abc", 0), attempt(os.pread, held, 3, 0) == b"abc", attempt(os.fsync, held),
              attempt(os.ftruncate, held, 3), attempt(os.fstat, held).st_size, attempt(os.close, os.dup(held)),
              attempt(lambda: os.stat("d/f2").st_size), attempt(os.getxattr, "d/f1", "user.none")]
  def with_descriptors():
      return [attempt(lambda: sorted(os.listdir("d"))), attempt(lambda: os.statvfs(".").f_blocks > 0),
              attempt(put, "new"), attempt(os.mkdir, "d/new"), attempt(os.symlink, "x", "link"),
              attempt(os.rename, "d/f1", "d/r1"), attempt(os.chmod, "d/f2", 0o600), attempt(os.unlink, "d/g"),
              attempt(os.truncate, "d/f2", 3), attempt(os.setxattr, "d/f2", "user.x", b"y"), attempt(get, "d/f0")]
`;
const ON_OPEN_FILES = [3, true, 0, 0, 3, 0, 8, "ENODATA"];
const ON_THE_REST = [["f0", "f1", "f2", "g"], true, 0, 0, 0, 0, 0, 0, 0, 0, "branch 0"];

for (const mode of ["seq", "cosr"]) {
  Deno.test(`without a descriptor: EMFILE, open files go on, nothing is lost or leaked (func.readdir=${mode})`, async () => {
    await with_pool({ prepare: make_files, options: `func.readdir=${mode}` }, async (pool) => {
      await must("ls", [pool.path("d")]);
      const results = await python<unknown[]>(
        `${CALLS}
  held = os.open("held", os.O_RDWR | os.O_CREAT)
  set_limit(1)
  without = [attempt(os.open, "d/f0", os.O_RDONLY), on_open_files(held), with_descriptors()]
  set_limit(sys.argv[3])
  show([without, [on_open_files(held), with_descriptors()]])
`,
        [pool.mountpoint, String(pool.pid), await hard_limit(pool)],
      );
      const refused = ON_THE_REST.map(() => "EMFILE");
      assertEquals(results, [["EMFILE", ON_OPEN_FILES, refused], [ON_OPEN_FILES, ON_THE_REST]]);
      await wait_until("the descriptors of all files are given back", () => held(pool).length === 0);
      assertEquals(broken_live_invariants(pool.pid), []);
      const told = pool.error_lines().filter((line) => line.includes("EMFILE"));
      assertEquals(told.length, 1, told.join("\n"));
    });
  });
}

Deno.test("programs that open all they can leave descriptors for listing, renaming and removing", async () => {
  await with_pool({ prepare: make_files }, async (pool) => {
    const results = await python<unknown[]>(
      `${CALLS}
  set_limit(200)
  opened = []
  while not opened or opened[-1] != "EMFILE":
      opened.append(attempt(os.open, "d/f0", os.O_RDONLY))
  refused = [attempt(put, "new"), "new" in os.listdir(".")]
  rest = [attempt(lambda: sorted(os.listdir("d"))), attempt(os.mkdir, "d/new"), attempt(os.rename, "d/f1", "d/r1"),
          attempt(os.chmod, "d/f2", 0o600), attempt(os.unlink, "d/g")]
  os.close(opened[1])
  wait_until("one is free", lambda: attempt(put, "new") == 0)
  set_limit(sys.argv[3])
  show([len(opened) - 1, refused, rest])
`,
      [pool.mountpoint, String(pool.pid), await hard_limit(pool)],
    );
    assertEquals(results, [150, ["EMFILE", false], [["f0", "f1", "f2", "g"], 0, 0, 0, 0]]);
  });
});

Deno.test("workers hang, and there is no descriptor for one more: the daemon stays and answers when they go on", async () => {
  await with_pool({ branches: [{}] }, async (inner) => {
    for (let at = 0; at < STUCK_PROCESSES; at++) await Deno.mkdir(inner.on_branch(0, `slow${at}`));
    await with_pool({ branches: [{}, { path: inner.mountpoint }] }, async (pool) => {
      const limit = await hard_limit(pool);
      await set_limit(pool, 1);
      kill(inner.pid, "SIGSTOP");
      try {
        const stuck = Array.from({ length: STUCK_PROCESSES }, (_, at) => run("stat", [pool.path(`slow${at}`)]));
        const refusals = () => pool.error_lines().filter((line) => line.includes("A worker could not start"));
        await wait_until("one more worker is wanted", () => refusals().length > 0);
        kill(inner.pid, "SIGCONT");
        assertEquals((await Promise.all(stuck)).map(({ code }) => code), Array(STUCK_PROCESSES).fill(0));
        assert(refusals().length === 1 && refusals()[0]!.includes("no descriptors are left"), refusals().join("\n"));
      } finally {
        kill(inner.pid, "SIGCONT");
      }
      await set_limit(pool, limit);
    });
  });
});
