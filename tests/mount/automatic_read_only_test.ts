// A branch that refuses new files as read-only although it is not mounted so gets the mode RO, and the new object goes
// elsewhere (config.md §4.7). Such a branch is made by a pool of its own whose creating policies refuse.

import { assertEquals } from "@std/assert";
import { type Pool, with_pool } from "../support/mount.ts";
import { python } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

const MAKE_AND_LOOK = `
  os.chdir(sys.argv[1])
  calls = {"create": lambda: put("f"), "mkdir": lambda: os.mkdir("d"), "mknod": lambda: os.mkfifo("p"),
           "symlink": lambda: os.symlink("x", "l")}
  made = attempt(calls[sys.argv[2]])
  branches = os.getxattr(".mergerfs", "user.mergerfs.branches").decode()
  os.setxattr(".mergerfs", "user.mergerfs.branches", branches.replace("=RO", "=RW").encode())
  show({"made": made, "modes": [branch[-2:] for branch in branches.split(":")]})
`;

async function with_refusing_branch(
  modes: readonly ("RW" | "NC")[],
  use: (pool: Pool) => Promise<void>,
): Promise<void> {
  await with_pool({ branches: [{}], options: "category.create=erofs" }, async (refusing) => {
    const branches = [{ path: refusing.mountpoint, mode: modes[0]! }, ...modes.slice(1).map((mode) => ({ mode }))];
    await with_pool({ branches, options: "category.create=ff" }, use);
  });
}

Deno.test("create, mkdir, mknod and symlink go on without it", async () => {
  await with_refusing_branch(["RW", "NC", "RW"], async (pool) => {
    for (const call of ["create", "mkdir", "mknod", "symlink"]) {
      const found = await python(MAKE_AND_LOOK, [pool.mountpoint, call]);
      assertEquals(found, { made: 0, modes: ["RO", "NC", "RW"] }, call);
    }
    assertEquals(pool.branches.slice(1).map((path) => [...Deno.readDirSync(path)].length), [0, 4]);
    const told = `mergerfs-ts: WARNING: Branch "${pool.branches[0]}" refuses new files`;
    await wait_until(
      "the log tells of each",
      () => pool.error_lines().filter((line) => line.startsWith(told)).length === 4,
    );
  });
});

Deno.test("alone it makes creating fail with EROFS, and stays RO", async () => {
  await with_refusing_branch(["RW"], async (pool) => {
    for (const call of ["mkdir", "create"]) {
      assertEquals(await python(MAKE_AND_LOOK, [pool.mountpoint, call]), { made: "EROFS", modes: ["RO"] }, call);
    }
  });
});
