// link-exdev and rename-exdev as programs see them: what the kernel makes of a file that is a symlink from now on
// (operations §14.4, §15.3, F6).

import { assertEquals } from "@std/assert";
import { type Pool, run_in_background, with_pool, with_unmounted_pool } from "../support/mount.ts";
import { must, python, run } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

const ASIDE = ".mergerfs_rename_exdev";
const PRESERVING = "category.create=epmfs";

/** The file is on branch 0, the directory of its new name on branch 1 only. */
function prepare(branches: readonly string[]): void {
  for (const directory of [`${branches[0]!}/s`, `${branches[1]!}/t`]) Deno.mkdirSync(directory);
  Deno.writeTextFileSync(`${branches[0]!}/s/f`, "text");
}

function entries(pool: Pool): Promise<string> {
  return must("find", [...pool.branches, "-mindepth", "1", "-printf", "%H/%P %y %l\n"]);
}

const LINK = `
  os.chdir(sys.argv[1])
  os.stat("s/f")
  result = attempt(os.link, "s/f", "t/g")
  show([result, get("t/g"), stat.S_ISLNK(os.lstat("t/g").st_mode), os.stat("s/f").st_nlink])
`;

for (const mode of ["rel-symlink", "abs-base-symlink", "abs-pool-symlink"]) {
  Deno.test(`link-exdev=${mode}: the new name leads to the file at once`, async () => {
    const options = `${PRESERVING},link-exdev=${mode},cache.entry=600,cache.attr=600`;
    await with_pool({ branches: [{}, {}], prepare, options }, async (pool) => {
      assertEquals(await python(LINK, [pool.mountpoint]), [0, "text", true, 1]);
      const target = {
        "rel-symlink": "../s/f",
        "abs-base-symlink": pool.on_branch(0, "s/f"),
        "abs-pool-symlink": pool.path("s/f"),
      }[mode];
      assertEquals(Deno.readLinkSync(pool.on_branch(1, "t/g")), target);
    });
  });
}

const RENAME = `
  os.chdir(sys.argv[1])
  before = os.open("s/f", os.O_RDWR)
  result = attempt(os.rename, "s/f", "t/g")
  with open("t/g", "r+") as file:
      text = file.read()
      file.write(" and more")
  show([result, text, os.read(before, 100).decode(), attempt(os.stat, "s/f"), attempt(os.readlink, "t/g")])
`;

for (const [mode, target] of [["rel-symlink", "../"], ["abs-symlink", ""]] as const) {
  Deno.test(`rename-exdev=${mode}: the file can be used under its new name at once, and stays open`, async () => {
    const options = `${PRESERVING},rename-exdev=${mode}`;
    await with_pool({ branches: [{}, {}], prepare, options }, async (pool) => {
      const leads_to = `${target || `${pool.mountpoint}/`}${ASIDE}/s/f`;
      const results = await python(RENAME, [pool.mountpoint]);
      assertEquals(results, [0, "text", "text and more", "ENOENT", leads_to]);
      assertEquals(Deno.readTextFileSync(pool.on_branch(0, `${ASIDE}/s/f`)), "text and more");
    });
  });
}

const LOOK_BEFORE_USE = `
  os.chdir(sys.argv[1])
  os.stat("s/f")
  os.rename("s/f", "t/g")
  show([stat.S_ISLNK(os.lstat("t/g").st_mode), get("t/g"), attempt(os.readlink, "t/g")])
`;

Deno.test("rename-exdev: the new name is a symlink at once, however long the kernel keeps names and attributes", async () => {
  const options = `${PRESERVING},rename-exdev=rel-symlink,cache.entry=600,cache.attr=600`;
  await with_pool({ branches: [{}, {}], prepare, options }, async (pool) => {
    assertEquals(await python(LOOK_BEFORE_USE, [pool.mountpoint]), [true, "text", `../${ASIDE}/s/f`]);
  });
});

Deno.test("rename-exdev: mv of a directory, which a link then is", async () => {
  await with_pool(
    { branches: [{}, {}], prepare, options: `${PRESERVING},rename-exdev=rel-symlink` },
    async (pool) => {
      Deno.mkdirSync(pool.on_branch(0, "s/d"));
      Deno.writeTextFileSync(pool.on_branch(0, "s/d/inside"), "deep");
      await must("ls", ["-lR", pool.mountpoint]);
      await must("mv", [pool.path("s/d"), pool.path("t/e")]);
      assertEquals(await Deno.readTextFile(pool.path("t/e/inside")), "deep");
      assertEquals(await Deno.readLink(pool.path("t/e")), `../${ASIDE}/s/d`);
    },
  );
});

Deno.test("rename-exdev: a name that is taken is replaced by a copy, as mv does for another device", async () => {
  const options = `${PRESERVING},rename-exdev=rel-symlink`;
  await with_pool({ branches: [{}, {}], prepare, options }, async (pool) => {
    Deno.writeTextFileSync(pool.on_branch(1, "t/g"), "former");
    await must("mv", [pool.path("s/f"), pool.path("t/g")]);
    assertEquals(await Deno.readTextFile(pool.path("t/g")), "text");
    assertEquals((await entries(pool)).includes(ASIDE), false);
  });
});

Deno.test("a mountpoint given as a relative path is absolute in symlinks, and reads back as given", async () => {
  await with_unmounted_pool({ branches: [{}, {}], prepare }, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    const list = pool.branches.map((path) => path.slice(pool.directory.length + 1)).join(":");
    const options = `minfreespace=0,${PRESERVING},link-exdev=abs-pool-symlink,rename-exdev=abs-symlink`;
    const started = await run_in_background(pool, ["-o", options, list, "./pool/"], { cwd: pool.directory });
    assertEquals(started, { code: 0, stdout: started.stdout, stderr: "" });
    await must("ln", [pool.path("s/f"), pool.path("t/linked")]);
    await must("mv", [pool.path("s/f"), pool.path("t/moved")]);
    const links = ["t/linked", "t/moved"].map((name) => Deno.readLinkSync(pool.on_branch(1, name)));
    const key = await must("getfattr", ["--only-values", "-n", "user.mergerfs.mountpoint", pool.path(".mergerfs")]);
    await must("umount", [pool.mountpoint]);
    assertEquals(links, [`${pool.mountpoint}/s/f`, `${pool.mountpoint}/${ASIDE}/s/f`]);
    assertEquals(key, "./pool/");
    await wait_until("the branches are free", async () => (await run("umount", [pool.branches[0]!])).code === 0);
  });
});
