// Branch modes RO and NC, and minfreespace: who may create, who may change, and with which error it is refused.

import { assertEquals } from "@std/assert";
import { type BranchSetup, type Pool, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

const CREATE_CALLS = `{
    "create": lambda: put("new_file"), "mkdir": lambda: os.mkdir("new_directory"),
    "mkfifo": lambda: os.mkfifo("new_pipe"), "mknod": lambda: os.mknod("new_regular"),
    "symlink": lambda: os.symlink("x", "new_link"),
}`;

const CHANGE_CALLS = `{
    "chmod": lambda: os.chmod("f", 0o600), "chown": lambda: os.chown("f", 1, 2),
    "truncate": lambda: os.truncate("f", 1), "utime": lambda: os.utime("f", ns=(1, 2)),
    "setxattr": lambda: os.setxattr("f", "user.new", b"x"), "removexattr": lambda: os.removexattr("f", "user.old"),
    "link": lambda: os.link("f", "linked"), "rename": lambda: os.rename("f", "g"),
    "unlink": lambda: os.unlink("g" if os.path.exists("g") else "f"), "rmdir": lambda: os.rmdir("d"),
}`;

/** The result of each call of a table, by its name. */
function results_of(pool: Pool, table: string): Promise<Record<string, unknown>> {
  return python(
    `
    os.chdir(sys.argv[1])
    show({name: attempt(call) for name, call in ${table.replaceAll("\n", " ")}.items()})
  `,
    [pool.mountpoint],
  );
}

async function prepare(branches: readonly string[]): Promise<void> {
  for (const branch of branches) {
    await Deno.mkdir(`${branch}/d`);
    await Deno.writeTextFile(`${branch}/f`, "content");
    await must("setfattr", ["-n", "user.old", "-v", "x", `${branch}/f`]);
  }
}

function all(results: Readonly<Record<string, unknown>>, value: unknown): void {
  assertEquals(results, Object.fromEntries(Object.keys(results).map((name) => [name, value])));
}

function names_on(branch: string): string[] {
  return [...Deno.readDirSync(branch)].map(({ name }) => name).sort();
}

const NEW = ["new_directory", "new_file", "new_link", "new_pipe", "new_regular"];

Deno.test("new objects go to the RW branch, never to RO or NC", async () => {
  await with_pool({ branches: [{ mode: "RO" }, { mode: "NC" }, { mode: "RW" }] }, async (pool) => {
    all(await results_of(pool, CREATE_CALLS), 0);
    assertEquals(pool.branches.map(names_on), [[], [], NEW]);
  });
});

for (const modes of [["RO"], ["NC"], ["RO", "NC"]] as const) {
  Deno.test(`creating on ${modes.join(" and ")} alone: EROFS`, async () => {
    await with_pool({ branches: modes.map((mode) => ({ mode })) }, async (pool) => {
      all(await results_of(pool, CREATE_CALLS), "EROFS");
      assertEquals(pool.branches.flatMap(names_on), []);
    });
  });
}

Deno.test("changing what lies on an RO branch: EROFS", async () => {
  await with_pool({ branches: [{ mode: "RO" }], prepare }, async (pool) => {
    all(await results_of(pool, CHANGE_CALLS), "EROFS");
    assertEquals(names_on(pool.branches[0]!), ["d", "f"]);
    assertEquals(await Deno.readTextFile(pool.path("f")), "content");
  });
});

Deno.test("changing what lies on an NC branch works", async () => {
  await with_pool({ branches: [{ mode: "NC" }], prepare }, async (pool) => {
    all(await results_of(pool, CHANGE_CALLS), 0);
    assertEquals(names_on(pool.branches[0]!), ["linked"]);
  });
});

Deno.test("a branch that is mounted read-only gets nothing new and refuses changes", async () => {
  const branches: BranchSetup[] = [{}, {}];
  const remount = async (paths: readonly string[]) => {
    await prepare(paths.slice(0, 1));
    await must("mount", ["-o", "remount,ro", paths[0]!]);
  };
  await with_pool({ branches, prepare: remount }, async (pool) => {
    all(await results_of(pool, CREATE_CALLS), 0);
    assertEquals(pool.branches.map(names_on), [["d", "f"], NEW]);
    all(await results_of(pool, CHANGE_CALLS), "EROFS");
  });
});

Deno.test("branches with less than minfreespace get nothing new; with none left: ENOSPC", async () => {
  await with_pool({ branches: [{}, { size_bytes: 256 << 20 }], options: "minfreespace=128M" }, async (pool) => {
    all(await results_of(pool, CREATE_CALLS), 0);
    assertEquals(pool.branches.map(names_on), [[], NEW]);
  });
  await with_pool({ branches: [{}, {}], options: "minfreespace=128M" }, async (pool) => {
    all(await results_of(pool, CREATE_CALLS), "ENOSPC");
    assertEquals(pool.branches.flatMap(names_on), []);
  });
});

Deno.test("minfreespace does not hinder changes and writes", async () => {
  await with_pool({ branches: [{}], options: "minfreespace=128M", prepare }, async (pool) => {
    await Deno.writeTextFile(pool.path("f"), "more than before", { create: false });
    assertEquals(await Deno.readTextFile(pool.on_branch(0, "f")), "more than before");
    all(await results_of(pool, CHANGE_CALLS), 0);
  });
});

Deno.test("a branch of the list has its own minfreespace and mode", async () => {
  await with_pool({ branches: [{}, {}, {}] }, async (pool) => {
    const [first, second, third] = pool.branches;
    await must("setfattr", [
      "-n",
      "user.mergerfs.branches",
      "-v",
      `${first}=RW,128M:${second}=NC:${third}=RW`,
      pool.path(".mergerfs"),
    ]);
    all(await results_of(pool, CREATE_CALLS), 0);
    assertEquals(pool.branches.map(names_on), [[], [], NEW]);
  });
});
