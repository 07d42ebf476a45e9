// A branch that hangs stops only what needs that branch; who waits for it can give up, and nobody else is the worse for it.

import { assertEquals } from "@std/assert";
import { with_hanging_branch } from "../support/hanging_branch.ts";
import { type Pool } from "../support/mount.ts";
import { must, python, run } from "../support/run.ts";
import { kill } from "../support/temp_dir.ts";
import { DEADLINE_MS, wait_until, within } from "../support/wait_until.ts";

const STUCK_PROCESSES = 12;
const HEALTHY_FILES = 40;
/** For what must not wait for the hanging branch. */
const SERVED_DEADLINE_MS = 20_000;

function prepare(healthy: string, slow: string): void {
  Deno.writeTextFileSync(`${healthy}/../pool.conf`, "");
  Deno.mkdirSync(`${healthy}/healthy`);
  for (let at = 0; at < HEALTHY_FILES; at++) Deno.writeTextFileSync(`${healthy}/healthy/${at}`, `healthy ${at}`);
  for (let at = 0; at < STUCK_PROCESSES; at++) {
    Deno.mkdirSync(`${slow}/slow${at}`);
    Deno.writeTextFileSync(`${slow}/slow${at}/f`, `slow ${at}`);
  }
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
  await with_hanging_branch("", prepare, async (pool, inner) => {
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
  await with_hanging_branch("cache.entry=0,cache.attr=0", prepare, async (pool, inner) => {
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
  await with_hanging_branch(options, prepare, async (pool, inner) => {
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
  await with_hanging_branch("cache.files=partial", prepare, async (pool, inner) => {
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
  await with_hanging_branch("config=pool.conf", prepare, async (pool, inner) => {
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

function cat(path: string): Deno.ChildProcess {
  return new Deno.Command("cat", { args: [path], stdin: "null", stdout: "null", stderr: "null" }).spawn();
}

/** Resolves when all have ended, with the signals that ended them. */
async function signals(children: readonly Deno.ChildProcess[]): Promise<(Deno.Signal | null)[]> {
  const ended = Promise.all(children.map(({ status }) => status));
  return (await within("the end of the killed programs", DEADLINE_MS, ended)).map(({ signal }) => signal);
}

Deno.test("programs that are killed while their requests hang end when the branch answers (INTERRUPT)", async () => {
  await with_hanging_branch("", prepare, async (pool, inner) => {
    kill(inner.pid, "SIGSTOP");
    const stuck = [0, 1, 2, 3].map((at) => cat(pool.path(`slow${at}/f`)));
    await pool.wait_for_trace(/opcode=LOOKUP\b.*"slow\d+"/, 4);
    for (const child of stuck) child.kill("SIGKILL");
    await pool.wait_for_trace(/ opcode=INTERRUPT /, 4);
    assertEquals(await work_on_healthy(pool), HEALTHY_RESULT);
    kill(inner.pid, "SIGCONT");
    assertEquals(await signals(stuck), stuck.map(() => "SIGKILL"));
    assertEquals(await must("cat", [pool.path("slow0/f")]), "slow 0");
    // An INTERRUPT has no reply.
    const lines = pool.log_lines();
    const asked = lines.flatMap((line) => / unique=(\S+) opcode=INTERRUPT /.exec(line)?.[1] ?? []);
    assertEquals(lines.filter((line) => asked.some((unique) => line.includes(` dir=OUT unique=${unique} `))), []);
  });
});

Deno.test("a program that is killed before its request is read ends at once", async () => {
  await with_hanging_branch("read-thread-count=2,process-thread-count=-1", prepare, async (pool, inner) => {
    kill(inner.pid, "SIGSTOP");
    const stuck = [0, 1].map((at) => cat(pool.path(`slow${at}/f`)));
    await pool.wait_for_trace(/opcode=LOOKUP\b.*"slow\d+"/, 2);
    const waiting = cat(pool.path("slow2/f"));
    await wait_until("it waits for the pool", () => hanging_threads(waiting.pid) === 1);
    waiting.kill("SIGKILL");
    assertEquals(await signals([waiting]), ["SIGKILL"]);
    kill(inner.pid, "SIGCONT");
    assertEquals(await signals(stuck), [null, null]);
    assertEquals(pool.log_lines().some((line) => line.includes('name="slow2"')), false);
  });
});

const TWO_WRITERS = `
  import threading
  file, log, server, wanted = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
  fd = os.open(file, os.O_RDWR)
  writers = [threading.Thread(target=os.pwrite, args=(fd, bytes([65 + at]) * 4096, at * 4096)) for at in range(2)]
  def waiting_in_the_kernel():
      waits = [get(f"/proc/self/task/{writer.native_id}/wchan") for writer in writers]
      return all(wait != "0" and "futex" not in wait for wait in waits)
  def sent(): return get(log).count("opcode=WRITE ")
  os.kill(server, signal.SIGSTOP)
  try:
      for writer in writers:
          writer.start()
      wait_until("both write", waiting_in_the_kernel)
      wait_until("the requests are there", lambda: sent() >= wanted)
      at_once = sent()
  finally:
      os.kill(server, signal.SIGCONT)
  for writer in writers:
      writer.join()
  show([at_once, sent(), get(file) == "A" * 4096 + "B" * 4096])
`;

for (const [value, at_once] of [["true", 2], ["false", 1]] as const) {
  Deno.test(`parallel-direct-writes=${value}: of two writers of one file ${at_once} at a time`, async () => {
    const options = `parallel-direct-writes=${value},security-capability=false`;
    const fill = (_healthy: string, slow: string) => Deno.writeTextFileSync(`${slow}/f`, "x".repeat(8192));
    await with_hanging_branch(options, fill, async (pool, inner) => {
      const args = [pool.path("f"), pool.log_file, String(inner.pid), String(at_once)];
      assertEquals(await python(TWO_WRITERS, args), [at_once, 2, true]);
    });
  });
}
