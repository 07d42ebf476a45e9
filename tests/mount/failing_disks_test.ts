// Disks that become read-only while the pool uses them: by hand, and by themselves after an error (config spec §4.6, §4.7),
// and branches that come and go (§4.5).

import { assert, assertEquals } from "@std/assert";
import { type Pool, type PoolSetup, with_pool } from "../support/mount.ts";
import { fail_ext4 } from "../support/failing_disk.ts";
import { must, python } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

const DISKS: PoolSetup = { branches: [{ kind: "ext4" }, { kind: "ext4" }], options: "category.create=ff" };

function branches_of(pool: Pool): Promise<string> {
  return must("getfattr", [
    "--only-values",
    "--absolute-names",
    "-n",
    "user.mergerfs.branches",
    pool.path(".mergerfs"),
  ]);
}

function modes(pool: Pool, ...words: string[]): string {
  return pool.branches.map((path, at) => `${path}=${words[at]}`).join(":");
}

function names(pool: Pool): string[][] {
  return pool.branches.map((branch) => [...Deno.readDirSync(branch)].map(({ name }) => name).sort());
}

Deno.test("a disk that is remounted read-only in use: changes fail, new files go elsewhere, and back", async () => {
  await with_pool(DISKS, async (pool) => {
    await Deno.writeTextFile(pool.path("old"), "content");
    await Deno.mkdir(pool.path("d"));
    const reader = await Deno.open(pool.path("old"));
    await must("mount", ["-o", "remount,ro", pool.branches[0]!]);
    const results = await python(
      `
      os.chdir(sys.argv[1])
      show([attempt(call) for call in (
          lambda: put("new"), lambda: os.mkdir("e"), lambda: os.symlink("x", "s"), lambda: os.mkfifo("p"),
          lambda: put("d/in_d"), lambda: get("old"), lambda: os.chmod("old", 0o600), lambda: os.truncate("old", 1),
          lambda: os.unlink("old"), lambda: os.rmdir("d"), lambda: put("old"))])
    `,
      [pool.mountpoint],
    );
    assertEquals(results, [0, 0, 0, 0, 0, "content", "EROFS", "EROFS", "EROFS", "ENOTEMPTY", "EROFS"]);
    assertEquals(names(pool), [["d", "old"], ["d", "e", "new", "p", "s"]]);
    assertEquals(await branches_of(pool), modes(pool, "RW", "RW"));
    reader.close();

    await must("mount", ["-o", "remount,ro", pool.branches[1]!]);
    assertEquals(
      await python(`show([attempt(put, sys.argv[1]), attempt(os.mkdir, sys.argv[1])])`, [pool.path("none")]),
      [
        "EROFS",
        "EROFS",
      ],
    );
    for (const branch of pool.branches) await must("mount", ["-o", "remount,rw", branch]);
    await Deno.writeTextFile(pool.path("again"), "");
    assertEquals([names(pool)[0], await branches_of(pool)], [["again", "d", "old"], modes(pool, "RW", "RW")]);
  });
});

Deno.test("a disk that fails in use becomes RO for good; the file that met it is made elsewhere", async () => {
  await with_pool(DISKS, async (pool) => {
    await Deno.writeTextFile(pool.path("old"), "content");
    const is_hidden = fail_ext4(pool.branches[0]!);
    await Deno.writeTextFile(pool.path("new"), "content");
    await Deno.mkdir(pool.path("d"));
    assertEquals([names(pool), await Deno.readTextFile(pool.path("old"))], [[["old"], ["d", "new"]], "content"]);
    if (!is_hidden) return; // before Linux 6.15 it is a read-only mount like any other
    assertEquals(await branches_of(pool), modes(pool, "RO", "RW"));
    const refusals = () => pool.error_lines().filter((line) => line.includes("refuses new files"));
    await wait_until("the log tells of it", () => refusals().length > 0);
    const told = refusals();
    assertEquals(told.length, 1, told.join("\n"));
    assert(told[0]!.includes(pool.branches[0]!));
    // It stays so until somebody says otherwise.
    await must("setfattr", ["-n", "user.mergerfs.branches", "-v", modes(pool, "RW", "RW"), pool.path(".mergerfs")]);
    assertEquals(await branches_of(pool), modes(pool, "RW", "RW"));
    await Deno.writeTextFile(pool.path("newer"), "");
    assertEquals(await branches_of(pool), modes(pool, "RO", "RW"));
  });
});

const EMPTY = `
  pool = sys.argv[1]
  def told():
      info, space = os.stat(pool), os.statvfs(pool)
      return [oct(info.st_mode), info.st_uid, info.st_nlink, info.st_mtime, os.listdir(pool),
              [space.f_blocks, space.f_bavail, space.f_files],
              attempt(put, pool + "/f"), attempt(os.mkdir, pool + "/d"), os.stat(pool + "/.mergerfs").st_mode]
`;

Deno.test("a pool without any branch is empty, can be set right, and shows a branch that appears", async () => {
  await with_pool({ branches: [{}], options: "cache.attr=0,cache.entry=0" }, async (pool) => {
    const later = `${pool.directory}/later`;
    const results = await python<unknown[]>(
      `${EMPTY}
  import shutil
  branch, later = sys.argv[2:]
  def set_branches(text):
      os.setxattr(pool + "/.mergerfs", "user.mergerfs.branches", text.encode())
  put(pool + "/old")
  set_branches("")
  empty = told()
  set_branches(later)
  missing = told()
  os.mkdir(later)
  put(pool + "/new")
  appeared = [os.listdir(pool), os.listdir(later), os.statvfs(pool).f_blocks > 0]
  shutil.rmtree(later)
  gone = told()
  set_branches("+" + branch)
  show([empty, missing, appeared, gone, os.listdir(pool)])
`,
      [pool.mountpoint, pool.branches[0]!, later],
    );
    // Entries without an inode number are left out by C libraries.
    const empty = ["0o40755", 0, 2, 0, [], [0, 0, 0], "ENOENT", "ENOENT", 0o100664];
    assertEquals(results, [empty, empty, [["new"], ["new"], true], empty, ["old"]]);
  });
});
