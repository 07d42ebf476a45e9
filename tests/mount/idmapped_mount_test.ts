// A pool mounted once more with users and groups mapped: what is stored on the branches, compared with a native file system
// (operations §4, §23 allow-idmap, §29.1 F6c, F7). posix_test.ts runs the POSIX cases in such a mount.

import { assertEquals } from "@std/assert";
import { idmapped_mount } from "../support/idmapped_mount.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { native_disk } from "../support/native_disk.ts";
import { must, python } from "../support/run.ts";

/** Users and groups below 1000 as they are, 1000 of the others moved up by 10,000, and nobody else. */
const MOVED = { users: "0 0 1000,1000 11000 1000", groups: "0 0 1000,1000 11000 1000" };

/** Calls `body` with the directory of a mapped mount of `source`. */
async function with_mapped<T>(source: string, body: (mapped: string) => Promise<T>): Promise<T> {
  const mapped = `${source}_mapped`;
  assertEquals(await idmapped_mount(source, mapped, MOVED), "");
  try {
    return await body(mapped);
  } finally {
    await must("umount", [mapped]);
  }
}

/** Arguments: the mapped mount, and where the same objects show as they are stored. Users 11001 and 11002 are stored as 1001 and 1002. */
const CHANGES = `
  mapped, stored = sys.argv[1:]
  os.chdir(mapped)
  os.chmod(".", 0o1777)
  os.mkdir("team")
  os.chown("team", 0, 11500)
  os.chmod("team", 0o2770)
  def make():
      os.umask(0o027)
      put("file", "text")
      os.chmod("file", 0o4755)
      os.mkdir("directory")
      os.mkfifo("pipe")
      os.mknod("node", 0o640)
      os.symlink("file", "symlink")
      os.link("file", "link")
      descriptor = os.open(".", O_TMPFILE | os.O_RDWR, 0o600)
      linkat_fd(descriptor, "tmpfile")
      put("team/file")
      os.mkdir("team/directory")
      os.rename("file", "renamed")
  def own(path):
      return [attempt(os.chown, path, -1, 11500), attempt(os.chown, path, -1, 1500), attempt(os.chmod, path, 0o600)]
  def remove(path):
      return [attempt(os.unlink, path), attempt(os.rename, path, path + "_"), attempt(os.truncate, path, 0)]
  results = [
      as_user(11001, 11001, make, groups=[11500]), as_user(11002, 11002, lambda: remove("renamed")),
      as_user(11001, 11001, lambda: own("renamed"), groups=[11500]), as_user(11001, 11001, lambda: remove("link")),
      as_user(1001, 1001, lambda: [attempt(put, "new"), attempt(os.mkdir, "new"), attempt(get, "renamed")]),
      attempt(os.chown, "pipe", 11002, 11002), attempt(os.chown, "pipe", 1002, -1), attempt(os.chown, "pipe", 5, 6),
  ]
  # What is stored under somebody who has no place in the mount belongs to nobody there.
  put(f"{stored}/strange")
  os.chown(f"{stored}/strange", 5000, 5000)
  results += [attempt(os.chown, "strange", 0, 0), attempt(os.chmod, "strange", 0o600), attempt(get, "strange")]
  def told(path):
      info = os.lstat(path)
      return [path.split("/", 3)[-1], oct(info.st_mode), info.st_uid, info.st_gid]
  names = sorted(os.listdir(".")) + ["team/file", "team/directory"]
  show(results + [told(name) + told(f"{stored}/{name}")[1:] for name in names])
`;

Deno.test("what is made and changed in a mapped mount is stored as natively", async () => {
  const options = "category.create=ff,cache.attr=0,cache.entry=0";
  await with_pool({ branches: [{}, {}], options }, async (pool) => {
    const native = await native_disk(pool);
    const expected = await with_mapped(native, (mapped) => python(CHANGES, [mapped, native]));
    const actual = await with_mapped(pool.mountpoint, (mapped) => python(CHANGES, [mapped, pool.branches[0]!]));
    assertEquals(actual, expected);
    const { uid, gid } = Deno.lstatSync(pool.on_branch(0, "team/file"));
    assertEquals([uid, gid], [1001, 1500]);
  });
});

const ACCESS_LISTS = `
  import subprocess
  mapped, stored = sys.argv[1:]
  os.chdir(mapped)
  def run(command, directory="."):
      return subprocess.run(command, shell=True, cwd=directory, capture_output=True, text=True).stdout
  os.mkdir("d")
  run("setfacl -m u:11001:rwx,g:11500:rx d; setfacl -d -m u:11001:rw,g:11500:r d")
  put("d/f", "text")
  os.mkdir("d/e")
  shown = [run("getfacl -n d d/f d/e", place) for place in (".", stored)]
  os.chmod("d/f", 0o640)
  show(shown + [as_user(11001, 11001, lambda: [get("d/f"), attempt(put, "d/new")]), run("getfacl -n d/f", stored)])
`;

Deno.test("access lists of a mapped mount are stored as natively", async () => {
  await with_pool({ branches: [{}], options: "posix-acl=true,cache.attr=0" }, async (pool) => {
    const native = await native_disk(pool);
    const expected = await with_mapped(native, (mapped) => python(ACCESS_LISTS, [mapped, native]));
    const stored = pool.branches[0]!;
    assertEquals(await with_mapped(pool.mountpoint, (mapped) => python(ACCESS_LISTS, [mapped, stored])), expected);
  });
});

/** Arguments: the mount, the user whose file is stored as that of 1001, the branches. */
const ACROSS_BRANCHES = `
  mount, user, *branches = sys.argv[1:]
  os.chdir(mount)
  def change():
      return [attempt(os.link, "s/f", "t/linked"), attempt(os.rename, "s/f", "t/moved"), get("t/moved")]
  results = as_user(int(user), int(user), change)
  owners = [os.lstat(f"{branches[1]}/t/{name}").st_uid for name in ("linked", "moved")]
  show([results, owners, os.lstat(f"{branches[0]}/.mergerfs_rename_exdev/s/f").st_uid, os.readlink("t/moved")])
`;

/** The file of user 1001 on branch 0, the directory of its new name on branch 1 only. */
function prepare_across([first, second]: readonly string[]): void {
  for (const directory of [`${first}/s`, `${second}/t`]) {
    Deno.mkdirSync(directory);
    Deno.chmodSync(directory, 0o777);
  }
  Deno.writeTextFileSync(`${first}/s/f`, "text");
  Deno.chownSync(`${first}/s/f`, 1001, 1001);
}

const ACROSS = "category.create=epmfs,link-exdev=rel-symlink,rename-exdev=rel-symlink";

Deno.test("links that take the place of a link or rename between branches belong to root", async () => {
  await with_pool({ branches: [{}, {}], prepare: prepare_across, options: ACROSS }, async (pool) => {
    const change = (mapped: string) => python(ACROSS_BRANCHES, [mapped, "11001", ...pool.branches]);
    const result = await with_mapped(pool.mountpoint, change);
    assertEquals(result, [[0, 0, "text"], [0, 0], 1001, "../.mergerfs_rename_exdev/s/f"]);
  });
});

Deno.test("allow-idmap=false: they belong to who linked and renamed, whom the kernel then names", async () => {
  const options = `${ACROSS},allow-idmap=false`;
  await with_pool({ branches: [{}, {}], prepare: prepare_across, options }, async (pool) => {
    await Deno.chmod(pool.directory, 0o755);
    const result = await python(ACROSS_BRANCHES, [pool.mountpoint, "1001", ...pool.branches]);
    assertEquals(result, [[0, 0, "text"], [1001, 1001], 1001, "../.mergerfs_rename_exdev/s/f"]);
  });
});

async function reads_back(pool: Pool): Promise<string> {
  return await must("getfattr", ["--only-values", "-n", "user.mergerfs.allow-idmap", pool.path(".mergerfs")]);
}

for (const options of ["allow-idmap=false", "kernel-permissions-check=false"]) {
  Deno.test(`${options}: no mapped mount of the pool, which works`, async () => {
    await with_pool({ branches: [{}], options }, async (pool) => {
      await Deno.writeTextFile(pool.path("f"), "text");
      assertEquals(await idmapped_mount(pool.mountpoint, `${pool.directory}/mapped`), "EINVAL");
      assertEquals([await reads_back(pool), await Deno.readTextFile(pool.path("f"))], ["false", "text"]);
    });
  });
}
