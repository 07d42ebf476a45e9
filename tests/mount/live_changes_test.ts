// A change of the configuration holds for every request that starts after the setxattr returned, in every worker, while
// others go on: clients make files without a pause while branches, modes and policies change below them.

import { assert, assertEquals } from "@std/assert";
import { MIB } from "../support/branch_disks.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { python, run } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

const CLIENTS = 6;
const ROUNDS = 6;

/** Changes in turn: key, value with A, B, C for the branches, and the branch that gets new things from then on. */
const CHANGES: readonly (readonly [key: string, value: string, target: number])[] = [
  ["branches", "B:C:A", 1],
  ["branches", "A=RO:B=NC:C=RW", 2],
  ["branches", "+<A=RW", 0],
  ["branches", "-A", 2],
  ["branches", "=C=NC:A=RW:B", 0],
  ["category.create", "mfs", 1],
  ["branches", "B=RO:A:C", 2],
  ["category.create", "lfs", 0],
  ["branches", "A=RW,512M:C:B", 2],
  ["category.create", "ff", 2],
  ["branches", "->", 2],
  ["branches", "-<", 2],
  ["branches", "+>A:B", 2],
  ["branches", "-C", 0],
  ["minfreespace", "96M", 1],
  ["minfreespace", "0", 0],
];

/**
 * `started` counts the changes that were begun, `finished` those whose setxattr has returned. What a client makes while
 * both are the same number, before and after, has to be where that change says.
 */
const CLIENTS_CODE = `
  import json, mmap
  pool, clients, changes = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
  control = pool + "/.mergerfs"
  shared = memoryview(mmap.mmap(-1, 65536)).cast("q")
  # From MADE on, two words for each client: the change it works with, and what it has made since.
  STARTED, FINISHED, STOP, MADE = 0, 1, 2, 8

  def client(number):
      made, errors, count = [], [], 0
      while not shared[STOP]:
          at = shared[FINISHED]
          is_calm = shared[STARTED] == at
          name, count = f"{number}_{count}", count + 1
          try:
              if count % 4:
                  put(f"{pool}/{name}", name)
              else:
                  os.mkdir(f"{pool}/{name}")
              told = os.getxattr(control, "user.mergerfs." + changes[at][0]).decode()
          except OSError as error:
              errors.append(f"{name}: {error}")
              continue
          if not is_calm or shared[STARTED] != at:
              made.append([name, -1, ""])
              continue
          made.append([name, at, told])
          if shared[MADE + 2 * number] != at:
              shared[MADE + 2 * number + 1] = 0
          shared[MADE + 2 * number] = at
          shared[MADE + 2 * number + 1] += 1
      return [made, errors]

  readers = []
  for number in range(clients):
      reader, writer = os.pipe()
      if os.fork() == 0:
          os.close(reader)
          with os.fdopen(writer, "w") as file:
              json.dump(client(number), file)
          os._exit(0)
      os.close(writer)
      readers.append(os.fdopen(reader))
  try:
      for at, (key, value) in enumerate(changes):
          if at > 0:
              shared[STARTED] = at
              os.setxattr(control, "user.mergerfs." + key, value.encode())
              shared[FINISHED] = at
          wait_until(f"every client has worked with change {at}", lambda: all(
              shared[MADE + 2 * number] == at and shared[MADE + 2 * number + 1] >= 3 for number in range(clients)), 60)
  finally:
      shared[STOP] = 1
  show([json.load(reader) for reader in readers])
`;

type Made = readonly [name: string, change: number, told: string];

function all_changes(pool: Pool): { key: string; value: string; target: number }[] {
  const path_of = (letter: string) => pool.branches["ABC".indexOf(letter)]!;
  const first = { key: "category.create", value: "ff", target: 0 };
  const round = CHANGES.map(([key, value, target]) => ({
    key,
    value: value.replace(/(?<![A-Z])[ABC](?![A-Z])/g, path_of),
    target,
  }));
  // Each round ends with the list of the start.
  const last = { key: "branches", value: pool.branches.join(":"), target: 0 };
  return [first, ...Array.from({ length: ROUNDS }, () => [...round, last]).flat()];
}

Deno.test("six clients make files on four workers while everything that chooses their branch changes", async () => {
  const branches = [64, 128, 96].map((megabytes) => ({ size_bytes: megabytes * MIB }));
  await with_pool({ branches, options: "read-thread-count=4,category.create=ff" }, async (pool) => {
    const changes = all_changes(pool);
    const results = await python<(readonly [Made[], string[]])[]>(
      CLIENTS_CODE,
      [pool.mountpoint, String(CLIENTS), JSON.stringify(changes.map(({ key, value }) => [key, value]))],
    );
    assertEquals(results.flatMap(([, errors]) => errors), []);
    const places = pool.branches.map((branch) => new Set([...Deno.readDirSync(branch)].map(({ name }) => name)));
    const wrong = results.flatMap(([made]) => made).filter(([name, change]) => {
      const on = places.flatMap((names, at) => names.has(name) ? [at] : []);
      return on.length !== 1 || (change >= 0 && on[0] !== changes[change]!.target);
    });
    assertEquals(wrong, []);
    // The value that was read back is one and the same for all clients.
    for (const at of changes.keys()) {
      const told = new Set(results.flatMap(([made]) => made).filter((each) => each[1] === at).map((each) => each[2]));
      assertEquals(told.size, 1, `change ${at} reads back as ${[...told].join(" and ")}`);
    }
    const calm = results.flatMap(([made]) => made).filter(([, change]) => change >= 0).length;
    assert(calm >= 3 * CLIENTS * changes.length);
  });
});

Deno.test("the pool's own mountpoint is refused as a branch; one worker is enough for that", async () => {
  await with_pool({ branches: [{ kind: "dir" }], options: "read-thread-count=1" }, async (pool) => {
    Deno.mkdirSync(pool.on_branch(0, "d"));
    Deno.symlinkSync(pool.path("d"), `${pool.directory}/link`);
    const set = (value: string) =>
      run("setfattr", ["-n", "user.mergerfs.branches", "-v", value, pool.path(".mergerfs")], { deadline_ms: 20_000 });
    for (const path of [pool.mountpoint, pool.path("d"), pool.path("d/none"), `${pool.directory}/link`]) {
      assertEquals((await set(`+<${path}`)).code, 1, path);
    }
    await wait_until(
      "the refusals are in the log",
      () => pool.error_lines().filter((line) => line.includes("mountpoint of this pool")).length === 4,
    );
    assertEquals((await set(`=${pool.directory}/[bpl]*`)).code, 0);
    await wait_until("what is left out is told", () => pool.error_lines().some((line) => line.includes("left out")));
    assertEquals(Deno.readDirSync(pool.mountpoint).map(({ name }) => name).toArray(), ["d"]);
  });
});
