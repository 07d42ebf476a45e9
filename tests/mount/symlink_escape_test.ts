// Departures D3: where a directory of one branch is a symlink on another, no modifying call follows that link out of the
// branch. (The reference deletes and writes through it.)

import { assertEquals } from "@std/assert";
import { MIB } from "../support/branch_disks.ts";
import { type PoolSetup, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";
import { tree_lines } from "../support/tree.ts";

/** `a` is a directory on branch 0 and a link to a directory outside of the pool on branch 1. */
async function prepare(branches: readonly string[]): Promise<void> {
  const outside = outside_of(branches);
  await must("mkdir", ["-p", `${branches[0]!}/a`, `${outside}/empty`, `${outside}/full`, `${branches[0]!}/elsewhere`]);
  for (const name of ["victim", "full/inside", "other"]) await Deno.writeTextFile(`${outside}/${name}`, "precious");
  await must("setfattr", ["-n", "user.old", "-v", "x", `${outside}/victim`]);
  await Deno.symlink(outside, `${branches[1]!}/a`);
  await Deno.writeTextFile(`${branches[1]!}/movable`, "content");
  await Deno.writeTextFile(`${branches[0]!}/a/own`, "on branch 0");
}

function outside_of(branches: readonly string[]): string {
  return `${branches[0]!}/../outside`;
}

const CALLS: Readonly<Record<string, string>> = {
  unlink: 'os.unlink("a/victim")',
  rmdir: 'os.rmdir("a/empty")',
  chmod: 'os.chmod("a/victim", 0o600)',
  chown: 'os.chown("a/victim", 12, 34)',
  truncate: 'os.truncate("a/victim", 0)',
  utimens: 'os.utime("a/victim", ns=(1, 2))',
  setxattr: 'os.setxattr("a/victim", "user.new", b"x")',
  removexattr: 'os.removexattr("a/victim", "user.old")',
  "open for writing": 'os.write(os.open("a/victim", os.O_WRONLY), b"x")',
  "open with truncation": 'os.close(os.open("a/victim", os.O_RDWR | os.O_TRUNC))',
  "rename out of it": 'os.rename("a/victim", "stolen")',
  "rename into it": 'os.rename("movable", "a/moved")',
  "rename over a name in it": 'os.rename("movable", "a/victim")',
  "link out of it": 'os.link("a/victim", "stolen")',
  "link into it": 'os.link("movable", "a/linked")',
  "exchange with it": 'renameat2("movable", "a/victim", RENAME_EXCHANGE)',
};

for (const [name, call] of Object.entries(CALLS)) {
  Deno.test(`symlink in a branch: ${name} does not leave the branch`, async () => {
    await with_pool({ branches: [{}, {}], prepare }, async (pool) => {
      const before = await tree_lines(outside_of(pool.branches));
      await python(`os.chdir(sys.argv[1]); show(attempt(lambda: ${call}))`, [pool.mountpoint]);
      assertEquals(await tree_lines(outside_of(pool.branches)), before);
    });
  });
}

// Branch 1 has nearly all of the free space, so that the create policy wants it.
const CREATING: PoolSetup = { branches: [{ size_bytes: MIB }, { size_bytes: 512 * MIB }], prepare };

Deno.test("symlink in a branch: nothing is created through it", async () => {
  await with_pool(CREATING, async (pool) => {
    const before = await tree_lines(outside_of(pool.branches));
    await python(
      `
      os.chdir(sys.argv[1])
      for at in range(10):
          attempt(put, f"a/file{at}", "x")
          attempt(os.mkdir, f"a/directory{at}")
          attempt(os.symlink, "x", f"a/link{at}")
          attempt(os.mkfifo, f"a/pipe{at}")
          attempt(lambda: os.close(os.open("a", O_TMPFILE | os.O_RDWR, 0o600)))
          attempt(os.makedirs, f"a/deep{at}/below")
      show(0)
    `,
      [pool.mountpoint],
    );
    assertEquals(await tree_lines(outside_of(pool.branches)), before);
  });
});

Deno.test("symlink in a branch: what lies on the other branch can be changed", async () => {
  await with_pool({ branches: [{}, {}], prepare }, async (pool) => {
    const results = await python(
      `
      os.chdir(sys.argv[1])
      show([
          attempt(os.chmod, "a/own", 0o600), attempt(put, "a/own", "new"), get("a/own"),
          attempt(os.rename, "a/own", "a/renamed"), attempt(os.unlink, "a/renamed"),
      ])
    `,
      [pool.mountpoint],
    );
    assertEquals(results, [0, 0, "new", 0, 0]);
  });
});

Deno.test("symlink in a branch: a link that is the last name is changed itself, not what it points to", async () => {
  await with_pool(
    { branches: [{}], prepare: (branches) => prepare([branches[0]!, `${branches[0]!}/elsewhere`]) },
    async (pool) => {
      const before = await tree_lines(outside_of(pool.branches));
      const results = await python(
        `
      os.chdir(sys.argv[1])
      show([
          attempt(os.chown, "elsewhere/a", 12, 34, follow_symlinks=False), os.lstat("elsewhere/a").st_uid,
          attempt(os.utime, "elsewhere/a", ns=(1, 2), follow_symlinks=False), attempt(os.rename, "elsewhere/a", "moved"),
          attempt(os.unlink, "moved"),
      ])
    `,
        [pool.mountpoint],
      );
      assertEquals(results, [0, 12, 0, 0, 0]);
      assertEquals(await tree_lines(outside_of(pool.branches)), before);
    },
  );
});

Deno.test("symlink in a branch: follow-symlinks=directory follows it, as the user asked", async () => {
  await with_pool({ branches: [{}, {}], prepare, options: "follow-symlinks=directory" }, async (pool) => {
    await Deno.remove(pool.path("a/victim"));
    assertEquals(await python('show(os.path.exists(sys.argv[1] + "/victim"))', [outside_of(pool.branches)]), false);
  });
});
