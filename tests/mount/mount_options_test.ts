// What of the options arrives in the mount table: type, source, flags, and the words of the file system (config §1.8,
// §1.12.3, departures D17, D18).

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { find_mount } from "../support/mount_table.ts";
import { PROGRAM, with_pool, with_unmounted_pool } from "../support/mount.ts";
import { must, run } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

interface Case {
  readonly options?: string;
  /** Flags of the mount without "rw". */
  readonly flags?: string;
  readonly type?: string;
  readonly source?: string;
  /** Words of the file system without "rw" and the ids, sorted. */
  readonly words?: string;
}

const USUAL: Required<Case> = {
  options: "",
  flags: "nosuid,nodev,relatime",
  type: "fuse.mergerfs",
  source: "0:1",
  words: "allow_other,default_permissions",
};

const CASES: readonly Case[] = [
  {},
  {
    options: "suid,dev,noexec,noatime,sync,dirsync",
    flags: "noexec,noatime",
    words: "allow_other,default_permissions,dirsync,sync",
  },
  { options: "strictatime", flags: "nosuid,nodev" },
  {
    options: "nodiratime,lazytime,norelatime,suid,noexec",
    flags: "nodev,noexec,nodiratime,relatime",
    words: "allow_other,default_permissions,lazytime",
  },
  { options: "noatime,atime,ro,rw,noexec,exec,lazytime,nolazytime,nosuid,suid,nosuid,diratime,async" },
  { options: "ro,noatime,strictatime,relatime", flags: "ro,nosuid,nodev,noatime" },
  { options: "kernel-permissions-check=false,max_read=131072", words: "allow_other,max_read=131072" },
  { options: "subtype=films", type: "fuse.films" },
  { options: "subtype=,fsname=,user=alice,x-foo=bar,large_read,nonempty,blkdev,allow_root,nofail,_netdev" },
  { options: "fsname=a\\,b\\\\c\\040d", source: "a,b\\c d" },
];

/** Words that are always there, or tell the same as a flag. */
const LEFT_OUT = /^(rw|ro|(user|group)_id=0)$/;

for (const given of CASES) {
  Deno.test(`mount table with -o ${given.options ?? "nothing"}`, async () => {
    const expected = { ...USUAL, ...given };
    const branches = [{ kind: "dir" }, { kind: "dir" }] as const;
    await with_pool({ branches, ...(given.options === undefined ? {} : { options: given.options }) }, (pool) => {
      const { type, source, mount_options, super_options } = find_mount(pool.mountpoint)!;
      const flags = mount_options.split(",").filter((word) => word !== "rw").join(",");
      const words = super_options.split(",").filter((word) => !LEFT_OUT.test(word)).sort().join(",");
      assertEquals({ options: expected.options, flags, type, source, words }, expected);
      return Promise.resolve();
    });
  });
}

Deno.test("a pool that is mounted read-only takes no change, with -r as with ro", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    await must(PROGRAM, ["-r", pool.branches[0]!, pool.mountpoint]);
    const entry = find_mount(pool.mountpoint)!;
    assertEquals([entry.mount_options.split(",")[0], entry.super_options.split(",")[0]], ["ro", "ro"]);
    assertNotEquals((await run("touch", [pool.path("f")])).code, 0);
    await must("umount", [pool.mountpoint]);
  });
});

Deno.test("the computed name of the source is read back whole, with comma and backslash", async () => {
  await with_unmounted_pool({ branches: [] }, async (pool) => {
    const names = ["disk,a", "disk\\b"];
    for (const name of [...names, "pool"]) await Deno.mkdir(`${pool.directory}/${name}`);
    await must(PROGRAM, [names.map((name) => `${pool.directory}/${name}`).join(":"), pool.mountpoint]);
    const source = find_mount(pool.mountpoint)!.source;
    const file = `${pool.mountpoint}/.mergerfs`;
    const told = await must("getfattr", ["--absolute-names", "--only-values", "-n", "user.mergerfs.fsname", file]);
    await must("umount", [pool.mountpoint]);
    assertEquals([source, told], [",a:\\b", ",a:\\b"]);
  });
});

// A kernel without SELinux refuses these words; had they not arrived, the mount would work.
Deno.test("the words of SELinux reach the mount", async () => {
  for (const word of ["context", "fscontext", "defcontext", "rootcontext"]) {
    await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
      await Deno.mkdir(pool.mountpoint);
      const args = ["-o", `${word}=system_u:object_r:nothing_t:s0`, pool.branches[0]!, pool.mountpoint];
      const { code, stderr } = await run(PROGRAM, args);
      assertEquals(code, 1);
      assertMatch(
        stderr,
        /^mergerfs-ts: mount failed: Invalid argument \(check the mount words "\w+=.*", or leave .*\)\n$/,
      );
    });
  }
});

Deno.test("auto_unmount takes the mount away when the program is killed", async () => {
  await with_pool({ branches: [{ kind: "dir" }], options: "auto_unmount" }, async (pool) => {
    assert(find_mount(pool.mountpoint) !== undefined);
    Deno.kill(pool.pid, "SIGKILL");
    await wait_until("the mount is gone", () => find_mount(pool.mountpoint) === undefined);
    await pool.assert_gone();
  });
});
