// The default policies: new files go to branches by their free space (pfrd), existing ones are taken from the first (ff),
// changes reach every copy (epall), and directories are cloned to where a file goes (operations.md §5, §30.6).

import { assert, assertEquals } from "@std/assert";
import { MIB } from "../support/branch_disks.ts";
import { with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

const FILES = 600;

Deno.test("pfrd spreads new files over the branches by their free space", async () => {
  const sizes = [32, 64, 128];
  await with_pool({ branches: sizes.map((size) => ({ size_bytes: size * MIB })) }, async (pool) => {
    await python(`[put(f"{sys.argv[1]}/{at}") for at in range(${FILES})]`, [pool.mountpoint]);
    const counts = pool.branches.map((branch) => [...Deno.readDirSync(branch)].length);
    assertEquals(counts.reduce((sum, count) => sum + count), FILES);
    const all_space = sizes.reduce((sum, size) => sum + size);
    for (const [at, count] of counts.entries()) {
      const share = sizes[at]! / all_space;
      // Six standard deviations of a binomial distribution: false alarms once in 500 million runs.
      const tolerance = 6 * Math.sqrt(FILES * share * (1 - share));
      assert(Math.abs(count - FILES * share) < tolerance, `${counts} files on branches of ${sizes} MiB`);
    }
  });
});

Deno.test("a full branch gets no new files", async () => {
  await with_pool({ branches: [{ size_bytes: 8 * MIB }, {}] }, async (pool) => {
    await must("fallocate", ["-l", String(8 * MIB), `${pool.branches[0]!}/ballast`]);
    await python(`[put(f"{sys.argv[1]}/{at}", "x") for at in range(50)]`, [pool.mountpoint]);
    assertEquals([...Deno.readDirSync(pool.branches[0]!)].map(({ name }) => name), ["ballast"]);
  });
});

Deno.test("an existing file is taken from the first branch, a change reaches every copy", async () => {
  const prepare = (branches: readonly string[]) =>
    branches.forEach((branch, at) => Deno.writeTextFileSync(`${branch}/f`, `branch ${at}`));
  await with_pool({ prepare }, async (pool) => {
    assertEquals(await Deno.readTextFile(pool.path("f")), "branch 0");
    await Deno.chmod(pool.path("f"), 0o640);
    await python("os.truncate(sys.argv[1], 2)", [pool.path("f")]);
    for (const branch of pool.branches) {
      assertEquals(Deno.statSync(`${branch}/f`).mode! & 0o777, 0o640);
      assertEquals(Deno.readTextFileSync(`${branch}/f`), "br");
    }
    await Deno.remove(pool.path("f"));
    assertEquals(pool.branches.flatMap((branch) => [...Deno.readDirSync(branch)]), []);
  });
});

const SOURCE = `
  branch = sys.argv[2]
  os.makedirs(f"{branch}/p/q")
  os.chown(f"{branch}/p", 1000, 1001)
  os.chmod(f"{branch}/p", 0o2775)
  os.chown(f"{branch}/p/q", 1002, 1003)
  os.chmod(f"{branch}/p/q", 0o1777)
  for key in ("user.foo", "trusted.foo"):
      os.setxattr(f"{branch}/p/q", key, b"value of " + key.encode())
`;

Deno.test("directories are cloned with mode, owner, times and attributes", async () => {
  await with_pool({ branches: [{ mode: "NC" }, {}] }, async (pool) => {
    const found = await python<Record<string, unknown>>(
      `${SOURCE}
  os.utime(f"{branch}/p", (1000, 2000))
  def create():
      os.umask(0o027)
      put(f"{sys.argv[1]}/p/q/new", "x")
  created = as_user(65534, 65534, create)
  def told(path):
      info = os.stat(f"{sys.argv[3]}/{path}")
      return [oct(info.st_mode & 0o5777), info.st_uid, info.st_gid]
  attributes = {key: os.getxattr(f"{sys.argv[3]}/p/q", key).decode() for key in os.listxattr(f"{sys.argv[3]}/p/q")}
  show({
      "created": created, "p": told("p"), "q": told("p/q"), "new": told("p/q/new"), "attributes": attributes,
      "times": [os.stat(f"{sys.argv[3]}/p").st_atime, os.stat(f"{sys.argv[3]}/p").st_mtime],
      "on_source": os.listdir(f"{branch}/p/q"),
  })
`,
      [pool.mountpoint, ...pool.branches],
    );
    assertEquals(found, {
      created: 0,
      // The setgid bit of a cloned directory may be lost or kept (operations.md §29.2), so it is not looked at.
      p: ["0o775", 1000, 1001],
      q: ["0o1777", 1002, 1003],
      new: ["0o640", 65534, 65534],
      attributes: { "user.foo": "value of user.foo", "trusted.foo": "value of trusted.foo" },
      // The table has them changed by the making of q. In the pool q was there before, so p keeps its times: a program that
      // compares them (rsync) must not see a change where there was none (docs/architecture.md).
      times: [1000, 2000],
      on_source: [],
    });
  });
});

Deno.test("below a directory with a default ACL the umask does not count, also when it is cloned", async () => {
  await with_pool({ branches: [{ mode: "NC" }, {}] }, async (pool) => {
    await python(SOURCE, [pool.mountpoint, ...pool.branches]);
    await must("setfacl", ["-d", "-m", "u::rwx,g::rwx,o::rw-", `${pool.branches[0]!}/p/q`]);
    const modes = await python(
      `
      os.umask(0o077)
      put(f"{sys.argv[1]}/p/q/new")
      os.mkdir(f"{sys.argv[1]}/p/q/folder")
      show([oct(os.stat(f"{sys.argv[2]}/p/q/{name}").st_mode & 0o777) for name in ("new", "folder")])
    `,
      [pool.mountpoint, pool.branches[1]!],
    );
    assertEquals(modes, ["0o666", "0o776"]);
  });
});

Deno.test("a cloned directory that exists already is left alone", async () => {
  await with_pool({ branches: [{ mode: "NC" }, {}] }, async (pool) => {
    await python(SOURCE, [pool.mountpoint, ...pool.branches]);
    await Deno.mkdir(pool.on_branch(1, "p"), { mode: 0o700 });
    await Deno.writeTextFile(pool.path("p/new"), "x");
    const info = await Deno.stat(pool.on_branch(1, "p"));
    assertEquals([info.mode! & 0o777, info.uid], [0o700, 0]);
  });
});
