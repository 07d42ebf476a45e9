// A branch that hangs (a disk that spins up, a dead network share) stops only what needs that branch. The hanging branch
// is a pool of our own whose server is stopped by a signal.

import { assertEquals } from "@std/assert";
import { type Pool, with_pool } from "../support/mount.ts";
import { must, python, run } from "../support/run.ts";
import { kill } from "../support/temp_dir.ts";
import { wait_until } from "../support/wait_until.ts";

const STUCK_PROCESSES = 12;
const HEALTHY_FILES = 40;
/** For what must not wait for the hanging branch. */
const SERVED_DEADLINE_MS = 20_000;

/** Calls `body` with a pool of a healthy branch and a second one, which is the pool `inner`: it hangs when that is stopped. */
async function with_hanging_branch(
  options: string,
  body: (pool: Pool, inner: Pool) => Promise<void>,
): Promise<void> {
  await with_pool({ branches: [{}] }, async (inner) => {
    const branches = [{}, { path: inner.mountpoint }];
    const prepare = ([healthy]: readonly string[]) => {
      Deno.writeTextFileSync(`${healthy!}/../pool.conf`, "");
      Deno.mkdirSync(`${healthy!}/healthy`);
      for (let at = 0; at < HEALTHY_FILES; at++) Deno.writeTextFileSync(`${healthy!}/healthy/${at}`, `healthy ${at}`);
      for (let at = 0; at < STUCK_PROCESSES; at++) {
        Deno.mkdirSync(`${inner.branches[0]!}/slow${at}`);
        Deno.writeTextFileSync(`${inner.branches[0]!}/slow${at}/f`, `slow ${at}`);
      }
    };
    await with_pool({ branches, prepare, options, trace: true }, async (pool) => {
      try {
        await body(pool, inner);
      } finally {
        // Before any clean-up: processes that wait for the branch cannot be killed.
        kill(inner.pid, "SIGCONT");
      }
    });
  });
}

/** How many threads of a process wait for the answer of a FUSE server. */
function hanging_threads(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return [...Deno.readDirSync(tasks)].filter(({ name }) => {
    try {
      return Deno.readTextFileSync(`${tasks}/${name}/wchan`) === "request_wait_answer";
    } catch {
      return false; // it has ended meanwhile
    }
  }).length;
}

/** Everything that needs only the healthy branch; no dentry or attribute is cached. */
const HEALTHY_WORK = `
  os.chdir(sys.argv[1] + "/healthy")
  results = []
  for at in range(${HEALTHY_FILES}):
      results.append([get(str(at)), os.stat(str(at)).st_size])
  fd = os.open("0", os.O_RDWR)
  os.pwrite(fd, b"written", 0)
  os.fsync(fd)
  os.ftruncate(fd, 7)
  results.append([os.pread(fd, 20, 0).decode(), os.fstat(fd).st_size, attempt(os.getxattr, "0", "user.none")])
  os.close(fd)
  show(results)
`;

const HEALTHY_RESULT = [
  ...Array.from({ length: HEALTHY_FILES }, (_, at) => [`healthy ${at}`, `healthy ${at}`.length]),
  ["written", 7, "ENODATA"],
];

function work_on_healthy(pool: Pool): Promise<unknown> {
  return python(HEALTHY_WORK, [pool.mountpoint], { deadline_ms: SERVED_DEADLINE_MS });
}

Deno.test("twelve processes that hang on one branch do not stop work on another", async () => {
  await with_hanging_branch("", async (pool, inner) => {
    kill(inner.pid, "SIGSTOP");
    const stuck = Array.from({ length: STUCK_PROCESSES }, (_, at) => run("cat", [pool.path(`slow${at}/f`)]));
    await pool.wait_for_trace(/opcode=LOOKUP\b.*"slow\d+"/, STUCK_PROCESSES);
    assertEquals(await work_on_healthy(pool), HEALTHY_RESULT);
    kill(inner.pid, "SIGCONT");
    const results = await Promise.all(stuck);
    assertEquals(results.map(({ stdout }) => stdout), results.map((_, at) => `slow ${at}`));
  });
});

Deno.test("processes that hang on one branch come and go many times", async () => {
  await with_hanging_branch("cache.entry=0,cache.attr=0", async (pool, inner) => {
    for (let round = 1; round <= 5; round++) {
      kill(inner.pid, "SIGSTOP");
      const stuck = [0, 1, 2, 3].map((at) => run("stat", [pool.path(`slow${at}/f`)]));
      await pool.wait_for_trace(/opcode=LOOKUP\b.*"slow\d+"/, round * 4);
      const served = await run("cat", [pool.path("healthy/1")], { deadline_ms: SERVED_DEADLINE_MS });
      assertEquals(served.stdout, "healthy 1");
      kill(inner.pid, "SIGCONT");
      assertEquals((await Promise.all(stuck)).map(({ code }) => code), [0, 0, 0, 0]);
    }
  });
});

Deno.test("changes that hang on one branch hold no lock that others need", async () => {
  // The kernel knows all names, so that the changes themselves hang and not the look-ups before them.
  const options = "cache.entry=600,cache.attr=600,cache.negative-entry=600";
  await with_hanging_branch(options, async (pool, inner) => {
    const files = Array.from({ length: STUCK_PROCESSES }, (_, at) => pool.path(`slow${at}/f`));
    for (const file of files) await run("stat", [file, `${file}2`]);
    kill(inner.pid, "SIGSTOP");
    const stuck = Promise.allSettled(
      files.map((file, at) =>
        python(at % 2 ? "os.unlink(sys.argv[1])" : 'os.rename(sys.argv[1], sys.argv[1] + "2")', [file])
      ),
    );
    // Before RENAME the kernel asks once more for the name that is not there yet.
    await pool.wait_for_trace(/opcode=(UNLINK|RENAME2?)\b|opcode=LOOKUP\b.*name="f2"/, 2 * STUCK_PROCESSES);
    assertEquals(await work_on_healthy(pool), HEALTHY_RESULT);
    kill(inner.pid, "SIGCONT");
    assertEquals((await stuck).map(({ status }) => status), files.map(() => "fulfilled"));
    const left = files.map((_, at) => [...Deno.readDirSync(`${inner.branches[0]!}/slow${at}`)].map(({ name }) => name));
    assertEquals(left, files.map((_, at) => at % 2 ? [] : ["f2"]));
  });
});

Deno.test("buffered reads that hang on one branch do not stop buffered reads of another", async () => {
  await with_hanging_branch("cache.files=partial", async (pool, inner) => {
    const results = await python<[string[], unknown]>(
      `
      import threading
      pool, log, server, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
      files = [os.open(f"{pool}/slow{at}/f", os.O_RDONLY) for at in range(count)]
      contents = [None] * count
      def read(at):
          contents[at] = os.pread(files[at], 100, 0).decode()
      threads = [threading.Thread(target=read, args=(at,)) for at in range(count)]
      os.kill(server, signal.SIGSTOP)
      try:
          for thread in threads:
              thread.start()
          wait_until("all reads have reached the pool", lambda: get(log).count("opcode=READ ") >= count)
          healthy = [get(f"{pool}/healthy/{at}") for at in range(40)]
      finally:
          os.kill(server, signal.SIGCONT)
      for thread in threads:
          thread.join()
      show([contents, healthy])
    `,
      [pool.mountpoint, pool.log_file, String(inner.pid), String(STUCK_PROCESSES)],
    );
    assertEquals(results, [
      Array.from({ length: STUCK_PROCESSES }, (_, at) => `slow ${at}`),
      Array.from({ length: HEALTHY_FILES }, (_, at) => `healthy ${at}`),
    ]);
  });
});

Deno.test("a change of the branch list that hangs stops no request and no other change", async () => {
  await with_hanging_branch("config=pool.conf", async (pool, inner) => {
    const set = (value: string) =>
      run("setfattr", ["-n", "user.mergerfs.branches", "-v", value, pool.path(".mergerfs")]);
    const get = (key: string) =>
      must("getfattr", ["--only-values", "-n", `user.mergerfs.${key}`, pool.path(".mergerfs")]);
    kill(inner.pid, "SIGSTOP");
    const changing = set(`+${inner.mountpoint}/slow1=RO`);
    await wait_until("the change hangs", () => hanging_threads(pool.pid) === 1);
    // Reading the config file again hangs, too; the main thread does not.
    await Deno.writeTextFile(`${pool.directory}/pool.conf`, `branches=+${inner.mountpoint}/slow2\n`);
    kill(pool.pid, "SIGHUP");
    await wait_until("the second change hangs, too", () => hanging_threads(pool.pid) === 2);
    const stuck = Array.from({ length: 4 }, (_, at) => run("cat", [pool.path(`slow${at}/f`)]));
    await pool.wait_for_trace(/opcode=LOOKUP\b.*"slow\d+"/, 4);
    assertEquals(await work_on_healthy(pool), HEALTHY_RESULT);
    assertEquals(await get("branches"), pool.branches.map((path) => `${path}=RW`).join(":"));

    kill(inner.pid, "SIGCONT");
    assertEquals([(await changing).code, ...(await Promise.all(stuck)).map(({ code }) => code)], [0, 0, 0, 0, 0]);
    await wait_until("both changes are in force", async () => /slow2=RW/.test(await get("branches")));
    assertEquals((await get("branches")).includes(`${inner.mountpoint}/slow1=RO`), true);
  });
});
