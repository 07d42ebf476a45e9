// Disks without room: every call on the pool ends as on such a disk itself, and goes on when there is room again, without
// a restart. Blocks, inodes and quotas; what fsync has acknowledged is there.

import { assertEquals, assertNotEquals } from "@std/assert";
import { type DiskKind, make_disk, MIB, set_quota } from "../support/branch_disks.ts";
import { type BranchSetup, type Pool, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

const DISK_BYTES = { tmpfs: 4 * MIB, ext4: 8 * MIB, xfs: 300 * MIB, btrfs: 64 * MIB, dir: 0 } as const;

/** A further name takes an inode of a tmpfs. */
const LINK = { ext4: 0, tmpfs: "ENOSPC" } as const;

/** An answer of tests/support/full_disk.py: a call and its result. */
type Results = readonly (readonly [string, unknown])[];

interface Room {
  readonly name: string;
  readonly kind: DiskKind;
  readonly options: string;
  readonly branches?: number;
  /** Called for each disk while it is empty. */
  readonly limit?: (disk: string) => Promise<unknown>;
  /** What a store into a mapped page that has no room leads to: msync fails, fsync has nothing to add. */
  readonly refusal: "ENOSPC" | "EDQUOT";
}

const ROOMS: readonly Room[] = [
  { name: "tmpfs", kind: "tmpfs", options: "category.create=ff", refusal: "ENOSPC" },
  {
    name: "ext4, two disks, page cache",
    kind: "ext4",
    options: "category.create=ff,cache.files=full",
    branches: 2,
    refusal: "ENOSPC",
  },
  { name: "xfs", kind: "xfs", options: "category.create=ff", refusal: "ENOSPC" },
  { name: "quota", kind: "btrfs", options: "category.create=ff", limit: set_quota, refusal: "EDQUOT" },
];

/** See `compare` of tests/support/full_disk.py. */
async function compare(pool: Pool, native: string): Promise<[Results, Results, Results, Results, number[]]> {
  const script = new URL("../support/full_disk.py", import.meta.url).pathname;
  return JSON.parse(await must("/usr/bin/python3", [script, native, pool.mountpoint, ...pool.branches]));
}

for (const room of ROOMS) {
  Deno.test(`a full pool answers as a full disk does, and goes on when there is room: ${room.name}`, async () => {
    const size_bytes = DISK_BYTES[room.kind];
    const branches = Array.from({ length: room.branches ?? 1 }, () => ({ kind: room.kind, size_bytes }));
    const prepare = async (paths: readonly string[]) => {
      for (const path of paths) await room.limit?.(path);
    };
    await with_pool({ branches, options: room.options, prepare }, async (pool) => {
      const native = `${pool.directory}/native`;
      await make_disk(room.kind, native, `${native}.image`, size_bytes);
      await room.limit?.(native);
      const [full, full_pool, roomy, roomy_pool, mapped] = await compare(pool, native);
      assertEquals(full_pool, full);
      assertNotEquals(JSON.stringify(full).indexOf(room.refusal), -1);
      assertEquals(roomy_pool, roomy);
      assertEquals(JSON.stringify(roomy).indexOf(room.refusal), -1);
      // Natively the process gets SIGBUS; the kernel cannot ask a server for room before a page is stored into.
      assertEquals(mapped, [1, 0]);
    });
  });
}

for (const options of ["cache.files=off", "cache.files=partial", "cache.writeback=true,cache.files=full"]) {
  Deno.test(`what fsync has acknowledged is on the disk when it is full, ${options}`, async () => {
    await with_pool({ branches: [{ kind: "ext4", size_bytes: 4 * MIB }], options }, async (pool) => {
      const result = await python<unknown[]>(
        `
        fd = os.open(sys.argv[1] + "/f", os.O_RDWR | os.O_CREAT)
        acknowledged, errors = b"", []
        while not errors:
            block = os.urandom(30000)
            written = attempt(os.write, fd, block)
            synced = attempt(os.fsync, fd)
            errors = [error for error in (written, synced) if isinstance(error, str)]
            if not errors:
                acknowledged += block[:written]
        with open(sys.argv[2] + "/f", "rb") as file:
            stored = file.read()
        show([errors, len(acknowledged) > 10**6, stored[:len(acknowledged)] == acknowledged])
      `,
        [pool.mountpoint, pool.branches[0]!],
      );
      assertEquals(result, [["ENOSPC"], true, true]);
    });
  });
}

const FULL_AND_ROOMY: readonly BranchSetup[] = [{ kind: "ext4", size_bytes: 2 * MIB }, {}];

Deno.test("with one disk full, new files go where there is room, old ones stay whole, and it is used again later", async () => {
  await with_pool({ branches: FULL_AND_ROOMY }, async (pool) => {
    const results = await python<unknown[]>(
      `
      import full_disk
      pool, full, roomy = sys.argv[1:]
      put(full + "/old", "content")
      full_disk.fill(full)
      os.chdir(pool)
      made = [attempt(put, f"new{at}", b"x" * 5000) for at in range(20)]
      dirs = [attempt(os.mkdir, f"d{at}") for at in range(20)]
      places = [sorted(os.listdir(roomy)) == sorted([f"new{at}" for at in range(20)] + [f"d{at}" for at in range(20)])]
      grown = attempt(lambda: full_disk.write("old", 9000))
      full_disk.empty(full)
      again = [attempt(put, f"again{at}", "x") for at in range(400)]
      show([set(made) == {0}, set(dirs) == {0}, places, grown, get("old")[:7], set(again) == {0},
            any(name.startswith("again") for name in os.listdir(full))])
    `,
      [pool.mountpoint, ...pool.branches],
    );
    assertEquals(results, [true, true, [true], [9000, 0, 0, 9007], "content", true, true]);
  });
});

for (const kind of ["ext4", "tmpfs"] as const) {
  Deno.test(`without inodes: ENOSPC as natively, nothing lost, and files again when one is removed (${kind})`, async () => {
    const prepare = async ([first]: readonly string[]) => {
      // Both have bytes left. What can be changed afterwards is the number of a tmpfs only; ext4 is made again.
      if (kind === "tmpfs") return void await must("mount", ["-o", "remount,nr_inodes=20", first!]);
      await must("umount", [first!]);
      const image = `${first}.inodes`;
      await must("truncate", ["-s", "8M", image]);
      await must("mkfs.ext4", ["-q", "-F", "-m", "0", "-N", "32", "-O", "^has_journal", image]);
      await must("mount", ["-o", "loop", image, first!]);
    };
    await with_pool(
      { branches: [{ kind, size_bytes: 8 * MIB }, {}], options: "category.create=ff", prepare },
      async (pool) => {
        const results = await python<unknown[]>(
          `
        os.chdir(sys.argv[1])
        os.mkdir("d")
        results = [attempt(put, f"d/{at}", "x") for at in range(40)]
        made = results.count(0)
        space = os.statvfs(sys.argv[2])
        show([0 < made < 40, results == [0] * made + ["ENOSPC"] * (40 - made), space.f_ffree, space.f_bavail > 100,
              attempt(os.mkdir, "e"), attempt(os.symlink, "x", "s"), attempt(os.mkfifo, "p"), attempt(os.link, "d/0", "l"),
              sorted(os.listdir("d")) == sorted(str(at) for at in range(made)), get(f"d/{made - 1}"),
              attempt(put, "d/0", "longer"), attempt(os.rename, "d/1", "r"), attempt(os.unlink, "r"), attempt(put, "new"),
              attempt(put, "newer"), os.listdir(sys.argv[3])])
      `,
          [pool.mountpoint, ...pool.branches],
        );
        const refused = ["ENOSPC", "ENOSPC", "ENOSPC"];
        // Policies compare bytes, not inodes: the second branch is not tried (operations §12).
        assertEquals(results, [true, true, 0, true, ...refused, LINK[kind], true, "x", 0, 0, 0, 0, "ENOSPC", []]);
      },
    );
  });
}
