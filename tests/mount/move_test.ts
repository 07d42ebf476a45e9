// moveonenospc with disks that are really full: what programs see while the file under their hands changes its disk
// (operations §17.3, §30.9; departures D1, D2).

import { assertEquals } from "@std/assert";
import { MIB } from "../support/branch_disks.ts";
import { type BranchSetup, type Pool, type PoolSetup, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

const SMALL: BranchSetup = { size_bytes: 2 * MIB };

/** The first branch is a small disk, full after 2 MiB; new files go there. */
function small_and_large(options = "", ...more: BranchSetup[]): PoolSetup {
  const branches = [SMALL, {}, ...more];
  return { branches, options: `category.create=ff${options}` };
}

/** Files of all branches but directories: "0/d/f". */
async function files(pool: Pool): Promise<string[]> {
  const found = await Promise.all(
    pool.branches.map((branch) => must("find", [branch, "!", "-type", "d", "-printf", "%P\n"])),
  );
  return found.flatMap((text, index) =>
    text.split("\n").filter((line) => line !== "").map((path) => `${index}/${path}`)
  );
}

Deno.test("the table of operations §30.9: an append at the limit is short, the next one is whole", async () => {
  await with_pool(small_and_large(), async (pool) => {
    const result = await python(
      `
      os.makedirs(sys.argv[1] + "/d/e")
      fd = os.open(sys.argv[1] + "/d/e/file", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
      os.setxattr(fd, "user.kept", b"value")
      os.fchown(fd, 12, 34)
      block = os.urandom(300000)
      counts, ino = [], os.fstat(fd).st_ino
      while not counts or counts[-1] == len(block):
          counts.append(os.write(fd, block))
      counts.append(os.write(fd, block))
      stat = os.fstat(fd)
      content = os.pread(fd, 10**8, 0)
      expected = b"".join(block[:count] for count in counts)
      show([0 < counts[-2] < len(block), counts[-1] == len(block), content == expected, stat.st_size == len(expected),
            stat.st_ino != ino, stat.st_ino == os.stat(sys.argv[1] + "/d/e/file").st_ino])
    `,
      [pool.mountpoint],
    );
    assertEquals(result, [true, true, true, true, true, true]);
    assertEquals(await files(pool), ["1/d/e/file"]);
    const shown = await must("stat", ["-c", "%a %u %g", pool.on_branch(1, "d/e/file")]);
    const attribute = await must("getfattr", [
      "-n",
      "user.kept",
      "--only-values",
      "--absolute-names",
      pool.on_branch(1, "d/e/file"),
    ]);
    assertEquals([shown.trim(), attribute], ["640 12 34", "value"]);
  });
});
