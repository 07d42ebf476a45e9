// While a file is being moved, which may take minutes, hundreds of requests may wait for it: they hold no worker, so that all
// other files are served. The move stands still because the disk it goes to is frozen: reading it works, changes wait.

import { assertEquals } from "@std/assert";
import { MIB } from "../support/branch_disks.ts";
import { broken_live_invariants } from "../support/live_arena.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

/** More than the most workers there are on a small machine. */
const WRITERS = 100;
const CLOSERS = 80;
const BLOCK = 4096;
const FILLED = 1_000_000;
const START = 2 * MIB;
const SIZE = START + 2 * WRITERS * BLOCK;
const SERVED_DEADLINE_MS = 20_000;

/** A small full disk with the files f and other, and a frozen one. `use` gets a function that lets that go on. */
async function with_frozen_target(
  options: string,
  use: (pool: Pool, thaw: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const branches = [{ size_bytes: 2 * MIB }, { kind: "ext4", size_bytes: 16 * MIB }] as const;
  await with_pool(
    { branches, options: `category.create=ff,passthrough.io=off${options}`, trace: true },
    async (pool) => {
      await python(
        `
        os.chdir(sys.argv[1])
        put("other", "o" * ${BLOCK})
        put("f", "f" * ${FILLED})
        os.truncate("f", ${SIZE})
        fd = os.open("ballast", os.O_WRONLY | os.O_CREAT)
        while attempt(os.write, fd, bytes(${BLOCK})) == ${BLOCK}:
            pass
      `,
        [pool.branches[0]!],
      );
      const target = pool.branches[1]!;
      let is_frozen = true;
      const thaw = async () => {
        if (is_frozen) await must("fsfreeze", ["-u", target]);
        is_frozen = false;
      };
      await must("fsfreeze", ["-f", target]);
      try {
        await use(pool, thaw);
      } finally {
        await thaw(); // before any clean-up: whoever waits for the disk cannot be killed
      }
    },
  );
}

/** Fills every second block in the hole at the end of f, all at once: by system calls, or through a mapping. */
const WRITE_ALL: Record<string, string> = {
  "system calls": `
    import threading
    fd = os.open(sys.argv[1] + "/f", os.O_RDWR)
    results = []
    def write(at):
        results.append(attempt(os.pwrite, fd, bytes([at]) * ${BLOCK}, ${START} + 2 * at * ${BLOCK}))
    threads = [threading.Thread(target=write, args=(at,)) for at in range(${WRITERS})]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    show(len(results) == ${WRITERS} and set(results) == {${BLOCK}})
  `,
  "a mapping": `
    fd = os.open(sys.argv[1] + "/f", os.O_RDWR)
    with mmap.mmap(fd, ${SIZE}) as pages:
        for at in range(${WRITERS}):
            start = ${START} + 2 * at * ${BLOCK}
            pages[start:start + ${BLOCK}] = bytes([at]) * ${BLOCK}
        pages.flush()
    os.fsync(fd)
    show(True)
  `,
};

/** What must not wait: everything about other files, and looking at this one. */
const OTHER_WORK = `
  os.chdir(sys.argv[1])
  fd = os.open("other", os.O_RDWR)
  os.pwrite(fd, b"changed", 0)
  os.fsync(fd)
  os.ftruncate(fd, 7)
  os.rename("other", "renamed")
  show([get("renamed"), sorted(os.listdir(".")), os.stat("f").st_size])
`;

/** Reading it, and closing it: without dirty pages, which the kernel would write out first. */
const READ_OFTEN = `
  files = [os.open(sys.argv[1] + "/f", os.O_RDONLY) for _ in range(${CLOSERS})]
  first = os.pread(files[0], 3, 0)
  for file in files:
      os.close(file)
  show(first.decode())
`;

for (const [how, write_all] of Object.entries(WRITE_ALL)) {
  Deno.test(`a hundred writes of a file that is moved hold up nobody else: by ${how}`, async () => {
    const cache_files = how === "a mapping" ? "partial" : "off";
    await with_frozen_target(`,cache.files=${cache_files}`, async (pool, thaw) => {
      const writing = python(write_all, [pool.mountpoint]);
      const written = writing.catch((error) => String(error)); // so that a failure below is told first
      await pool.wait_for_trace(/opcode=WRITE\b/, WRITERS);
      const deadline = { deadline_ms: SERVED_DEADLINE_MS };
      if (cache_files === "off") assertEquals(await python(READ_OFTEN, [pool.mountpoint], deadline), "fff");
      const served = await python(OTHER_WORK, [pool.mountpoint], deadline);
      assertEquals(served, ["changed", ["ballast", "f", "renamed"], SIZE]);
      await thaw();
      assertEquals(await written, true);
      const check = `
        with open(sys.argv[1], "rb") as file:
            text = file.read()
        blocks = b"".join(bytes([at]) * ${BLOCK} + bytes(${BLOCK}) for at in range(${WRITERS}))
        show(text == b"f" * ${FILLED} + bytes(${START - FILLED}) + blocks)
      `;
      assertEquals(await python(check, [pool.on_branch(1, "f")]), true);
      const trace = Deno.readTextFileSync(pool.log_file);
      const requests = [...trace.matchAll(/ unique=(\w+) opcode=WRITE\b/g)].map(([, unique]) => unique);
      assertEquals([new Set(requests).size, requests.length > WRITERS], [requests.length, true]);
      await wait_until("the state is as it should be", () => broken_live_invariants(pool.pid).length === 0);
    });
  });
}
