// Access control lists through a pool as on a native file system: the cases of tests/posix/access_lists.py (operations §4,
// §21.5).

import { assertEquals } from "@std/assert";
import { MIB } from "../support/branch_disks.ts";
import { with_pool } from "../support/mount.ts";
import { native_disk } from "../support/native_disk.ts";
import { differences, failures, posix_suite } from "../support/posix_suite.ts";

/** Without posix-acl the lists are stored and inherited, and the kernel looks at the modes alone. */
const ONLY_STORED = [
  "a default list is inherited all the way down",
  "a group that gets nothing is kept from what others get",
  "a list is in force at once and so is its end",
  "a list stays with a renamed and a linked file",
  "a named group counts as a supplementary one",
  "a named group gets what is listed",
  "a named user gets nothing though others may read",
  "a named user gets what is listed",
  "a named user is no longer asked for groups",
  "a named user searches lists and changes a directory",
  "a sticky directory protects from a named user",
  "an owner outside the group loses set gid by a list",
  "one of several groups is enough",
  "the mode shows the mask and changes it",
  "the owning group",
];

/** Each kind of object on a branch of its own, so that directories with lists are cloned. */
const SPREAD = "category.create=ff,func.create=mfs,func.mknod=lfs,func.symlink=lfs";

for (const [value, exceptions] of [["true", []], ["false", ONLY_STORED]] as const) {
  Deno.test(`posix-acl=${value}: access lists on three branches and natively`, async () => {
    const branches = [64, 32, 96].map((size_mib) => ({ size_bytes: size_mib * MIB }));
    await with_pool({ branches, options: `${SPREAD},posix-acl=${value}` }, async (pool) => {
      const native = await posix_suite("access_lists", await native_disk(pool), pool.directory);
      assertEquals(failures(native), []);
      const found = differences(await posix_suite("access_lists", pool.mountpoint, pool.directory), native);
      const expected = exceptions.map((name) => `access lists: ${name}`);
      const unexpected = [...found].filter(([name]) => !expected.includes(name));
      assertEquals([unexpected, expected.filter((name) => !found.has(name))], [[], []]);
    });
  });
}
