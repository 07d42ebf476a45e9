// moveonenospc from disk to disk: full ones, and one whose quota is used up (EDQUOT). All that a file has comes along to
// every kind of file system: holes, owner, mode, ACL, extended attributes, flags, times to the nanosecond.

import { assert, assertEquals } from "@std/assert";
import { type DiskKind, MIB, set_quota } from "../support/branch_disks.ts";
import { with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

const DISK_BYTES: Readonly<Record<DiskKind, number>> = {
  ext4: 16 * MIB,
  btrfs: 64 * MIB,
  xfs: 300 * MIB,
  tmpfs: 16 * MIB,
  dir: 0,
};

interface Case {
  readonly from: DiskKind;
  readonly from_bytes: number;
  readonly prepare?: (disk: string) => Promise<void>;
  readonly refusal: "ENOSPC" | "EDQUOT";
  readonly to: DiskKind;
}

const FULL_EXT4 = { from: "ext4", from_bytes: 4 * MIB, refusal: "ENOSPC" } as const;
const QUOTA = { from: "btrfs", from_bytes: DISK_BYTES.btrfs, prepare: set_quota, refusal: "EDQUOT" } as const;

const CASES: readonly Case[] = [
  { ...FULL_EXT4, to: "ext4" },
  { from: "xfs", from_bytes: DISK_BYTES.xfs, refusal: "ENOSPC", to: "btrfs" },
  { ...QUOTA, to: "xfs" },
  { ...QUOTA, to: "tmpfs" },
];

const MOVE = `
  import subprocess
  os.chdir(sys.argv[1])
  fd = os.open("f", os.O_RDWR | os.O_CREAT, 0o640)
  os.ftruncate(fd, 6 * 2**20)
  os.pwrite(fd, b"middle", 3 * 2**20)
  def tell():
      run = lambda *words: subprocess.run(words, capture_output=True, text=True, check=True).stdout
      return [run("getfacl", "-p", "f"), run("stat", "-c", "%a %u %g %x", "f"), str(get_flags("f") & FS_NODUMP_FL),
              run("getfattr", "-d", "-m", "^(user|trusted.c)", "f")]
  changes = "setfacl -m u:1000:rw f; chown 5:6 f; chattr +d f; setfattr -n user.a -v b f; setfattr -n trusted.c -v d f"
  subprocess.run(changes, shell=True, check=True)
  os.utime("f", ns=(1234567890123456789, 1111111111111111111))
  before, ballast = tell(), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT)
  for size in (2**20, 4096):
      while (refusal := attempt(os.write, ballast, bytes(size))) == size:
          pass
  end = os.lseek(fd, 0, os.SEEK_END)
  written = os.pwrite(fd, b"e" * 100000, end)
  after = tell()
  content = [os.pread(fd, 8, 3 * 2**20 - 1).hex(), os.pread(fd, 2, end - 1).hex()]
  show([before, after, [refusal, str(written), str(os.fstat(fd).st_size), *content]])
`;

for (const { from, from_bytes, prepare, refusal, to } of CASES) {
  Deno.test(`from ${from} (${refusal}) to ${to}: holes, owner, ACL, attributes, flags and times come along`, async () => {
    const branches = [{ kind: from, size_bytes: from_bytes }, { kind: to, size_bytes: DISK_BYTES[to] }];
    const setup = {
      branches,
      options: "category.create=ff",
      prepare: async ([disk]: readonly string[]) => await prepare?.(disk!),
    };
    await with_pool(setup, async (pool) => {
      const [before, after, result] = await python<string[][]>(MOVE, [pool.mountpoint, pool.on_branch(0, "ballast")]);
      assertEquals(result, [refusal, "100000", String(6 * MIB + 100_000), "006d6964646c6500", "0065"]);
      assertEquals(after, before);
      assert(before![0]!.includes("user:") && before![3]!.includes("trusted.c"), JSON.stringify(before));
      const names = (at: number) => [...Deno.readDirSync(pool.branches[at]!)].map(({ name }) => name);
      assertEquals([names(0), names(1)], [["ballast"], ["f"]]);
      const blocks = Number((await must("stat", ["-c", "%b", pool.on_branch(1, "f")])).trim());
      assert(blocks * 512 < 400_000, `${blocks} blocks of 512 bytes`);
    });
  });
}
