// System calls beyond the everyday ones, each on the pool and on a native directory with the same results.

import { assertEquals } from "@std/assert";
import { on_pool_and_native, type PoolSetup, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

function compared(name: string, code: string, setup: PoolSetup = {}): void {
  Deno.test(name, async () => {
    const { pool, native } = await on_pool_and_native(
      setup,
      (directory) => python(`\n  os.chdir(sys.argv[1])\n${code}`, [directory]),
    );
    assertEquals(pool, native);
  });
}

compared(
  "O_TMPFILE: a nameless file works, and linkat gives it a name",
  `
  fd = os.open(".", O_TMPFILE | os.O_RDWR, 0o640)
  os.write(fd, b"content")
  before = [os.listdir("."), os.fstat(fd).st_nlink, os.fstat(fd).st_size, oct(os.fstat(fd).st_mode)]
  linked = attempt(linkat_fd, fd, "named")
  os.write(fd, b" and more")
  show([before, linked, os.listdir("."), get("named"), os.stat("named").st_nlink, oct(os.stat("named").st_mode)])
`,
);

compared(
  "O_TMPFILE: closed without a name it leaves nothing",
  `
  os.mkdir("d")
  fd = os.open("d", O_TMPFILE | os.O_WRONLY, 0o600)
  os.write(fd, b"content")
  os.close(fd)
  show([os.listdir("d"), attempt(os.rmdir, "d")])
`,
);

compared(
  "renameat2 NOREPLACE",
  `
  put("a", "a")
  put("b", "b")
  os.mkdir("d")
  show([
      attempt(renameat2, "a", "b", RENAME_NOREPLACE), attempt(renameat2, "a", "d", RENAME_NOREPLACE),
      attempt(renameat2, "a", "d/c", RENAME_NOREPLACE), attempt(renameat2, "gone", "x", RENAME_NOREPLACE),
      get("b"), get("d/c"), sorted(os.listdir(".")),
  ])
`,
);

compared(
  "renameat2 EXCHANGE",
  `
  os.mkdir("d")
  put("d/inside", "inside")
  put("a", "a")
  put("b", "b")
  show([
      attempt(renameat2, "a", "b", RENAME_EXCHANGE), get("a"), get("b"),
      attempt(renameat2, "a", "d", RENAME_EXCHANGE), get("a/inside"), get("d"),
      attempt(renameat2, "a", "gone", RENAME_EXCHANGE), sorted(os.listdir(".")),
  ])
`,
  // Names on different branches cannot be exchanged (departures D11).
  { branches: [{}] },
);

Deno.test("renameat2 EXCHANGE of names on different branches, and WHITEOUT: EINVAL", async () => {
  const prepare = (branches: readonly string[]) => {
    Deno.writeTextFileSync(`${branches[0]!}/a`, "a");
    Deno.writeTextFileSync(`${branches[1]!}/b`, "b");
  };
  await with_pool({ prepare }, async (pool) => {
    const results = await python(
      `
      os.chdir(sys.argv[1])
      show([attempt(renameat2, "a", "b", RENAME_EXCHANGE), attempt(renameat2, "a", "c", RENAME_WHITEOUT), get("a"), get("b")])
    `,
      [pool.mountpoint],
    );
    assertEquals(results, ["EINVAL", "EINVAL", "a", "b"]);
  });
});

compared(
  "SEEK_DATA and SEEK_HOLE find the holes of a file",
  `
  fd = os.open("holes", os.O_WRONLY | os.O_CREAT)
  os.ftruncate(fd, 1 << 20)
  os.pwrite(fd, b"x" * 8192, 256 << 10)
  os.fsync(fd)
  fd = os.open("holes", os.O_RDONLY)
  show([
      os.lseek(fd, 0, os.SEEK_DATA), os.lseek(fd, 256 << 10, os.SEEK_HOLE), os.lseek(fd, 0, os.SEEK_HOLE),
      attempt(os.lseek, fd, 512 << 10, os.SEEK_DATA), os.lseek(fd, 512 << 10, os.SEEK_HOLE),
      attempt(os.lseek, fd, 2 << 20, os.SEEK_HOLE), os.lseek(fd, -10, os.SEEK_END),
  ])
`,
);

compared(
  "fallocate: allocate, keep size, punch a hole, refuse nonsense",
  `
  fd = os.open("f", os.O_RDWR | os.O_CREAT)
  def told():
      return [os.fstat(fd).st_size, os.fstat(fd).st_blocks]
  results = [attempt(fallocate, fd, 0, 0, 65536), told()]
  results += [attempt(fallocate, fd, FALLOC_FL_KEEP_SIZE, 65536, 65536), told()]
  os.pwrite(fd, b"x" * 65536, 0)
  results += [attempt(fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192), told()]
  content = os.pread(fd, 65536, 0)
  results += [content.count(b"x"), content[4095:4097].hex(), attempt(fallocate, fd, 0, 0, 0)]
  show(results)
`,
);

compared(
  "copy_file_range copies within the pool",
  `
  put("from", bytes(range(256)) * 4096)
  source, target = os.open("from", os.O_RDONLY), os.open("to", os.O_RDWR | os.O_CREAT)
  copied = 0
  while (part := os.copy_file_range(source, target, 1 << 20)) > 0:
      copied += part
  at_offset = os.copy_file_range(source, target, 1000, offset_src=5, offset_dst=3)
  os.close(target)
  with open("to", "rb") as file:
      content = file.read()
  show([copied, at_offset, len(content), content[:3].hex(), content[3:1003] == (bytes(range(256)) * 5)[5:1005]])
`,
);

compared(
  "mmap: shared writes reach the file, private ones do not",
  `
  put("f", b"a" * 10000)
  fd = os.open("f", os.O_RDWR)
  with mmap.mmap(fd, 10000, mmap.MAP_SHARED) as shared, mmap.mmap(fd, 10000, mmap.MAP_PRIVATE) as private:
      shared[5000:5003] = b"bcd"
      private[1:2] = b"z"
      shared.flush()
      read = os.pread(fd, 10, 4998).decode()
      os.pwrite(fd, b"0123", 0)
      shown = shared[:4].decode()
  os.close(fd)
  show([read, shown, get("f")[:10], get("f")[4999:5004]])
`,
);

compared(
  "flock and fcntl locks hold between processes",
  `
  put("f", "x" * 100)
  file = open("f", "r+")
  def try_flock():
      return attempt(fcntl.flock, open("f", "r+"), fcntl.LOCK_EX | fcntl.LOCK_NB)
  def try_range():
      return attempt(fcntl.lockf, open("f", "r+"), fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 20)
  fcntl.flock(file, fcntl.LOCK_EX)
  results = [as_user(0, 0, try_flock)]
  fcntl.flock(file, fcntl.LOCK_UN)
  results.append(as_user(0, 0, try_flock))
  fcntl.lockf(file, fcntl.LOCK_EX, 10, 15)
  results.append(as_user(0, 0, try_range))
  fcntl.lockf(file, fcntl.LOCK_UN, 10, 15)
  results.append(as_user(0, 0, try_range))
  show(results)
`,
);

compared(
  "fsync of a directory, syncfs, and opens with O_SYNC, O_DIRECT and O_APPEND",
  `
  directory = os.open(".", os.O_RDONLY)
  results = [attempt(os.fsync, directory), attempt(os.fdatasync, directory), LIBC.syncfs(directory)]
  first, second = (os.open("f", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_SYNC) for _ in range(2))
  for at in range(5):
      os.write(first, b"first\\n")
      os.write(second, b"second\\n")
  buffer = mmap.mmap(-1, 4096)
  buffer[:5] = b"12345"
  fd = os.open("direct", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
  results += [os.pwrite(fd, buffer, 0), os.preadv(fd, [buffer], 0), os.stat("direct").st_size]
  show(results + [get("f")])
`,
);

compared(
  "truncate grows with zeros and refuses what the kernel refuses",
  `
  put("f", "content")
  results = [attempt(os.truncate, "f", 10), get("f"), attempt(os.truncate, "f", 2), get("f")]
  os.mkdir("d")
  results += [attempt(os.truncate, "d", 0), attempt(os.truncate, "gone", 0), attempt(os.truncate, "f", -1)]
  fd = os.open("f", os.O_WRONLY | os.O_TRUNC)
  show(results + [os.fstat(fd).st_size, attempt(os.read, fd, 1)])
`,
);

compared(
  "extended attributes: set, replace, list, remove, and every refusal",
  `
  put("f")
  os.symlink("f", "link")
  results = [
      attempt(os.setxattr, "f", "user.a", b"1"), attempt(os.setxattr, "f", "user.empty", b""),
      attempt(os.setxattr, "f", "user.a", b"2", os.XATTR_CREATE), attempt(os.setxattr, "f", "user.b", b"2", os.XATTR_REPLACE),
      attempt(os.setxattr, "f", "user.a", b"3", os.XATTR_REPLACE), attempt(os.setxattr, "f", "user.big", b"b" * 60000),
      len(os.getxattr("f", "user.big")), os.getxattr("f", "user.a").hex(), os.getxattr("f", "user.empty").hex(),
      sorted(os.listxattr("f")), attempt(os.removexattr, "f", "user.a"), attempt(os.removexattr, "f", "user.a"),
      attempt(os.getxattr, "f", "user.a"), attempt(os.getxattr, "gone", "user.a"),
      attempt(os.setxattr, "link", "user.a", b"1", follow_symlinks=False),
      attempt(os.setxattr, "link", "trusted.a", b"1", follow_symlinks=False),
      attempt(os.setxattr, "f", "nonsense", b"1"),
  ]
  show(results)
`,
);

compared(
  "times keep their nanoseconds; now and omit work",
  `
  put("f")
  os.symlink("f", "link")
  os.utime("f", ns=(1_000_000_001, 2_000_000_002))
  os.utime("link", ns=(3_000_000_003, 4_000_000_004), follow_symlinks=False)
  results = [os.stat("f").st_atime_ns, os.stat("f").st_mtime_ns, os.lstat("link").st_mtime_ns]
  os.utime("f", ns=(-1_000_000_000, 4_294_967_296_000_000_000))
  results += [os.stat("f").st_atime_ns, os.stat("f").st_mtime_ns]
  os.utime("f")
  show(results + [os.stat("f").st_mtime_ns > 1_600_000_000_000_000_000])
`,
);

compared(
  "symbolic links, pipes and devices",
  `
  long = "x" * 4095
  results = [attempt(os.symlink, long, "long"), len(os.readlink("long")), attempt(os.symlink, "", "empty")]
  os.symlink("gone", "dangling")
  results += [attempt(os.stat, "dangling"), os.lstat("dangling").st_size, attempt(os.readlink, ".")]
  os.mkfifo("pipe", 0o620)
  os.mknod("character", 0o644 | stat.S_IFCHR, os.makedev(259, 70000))
  os.mknod("block", 0o600 | stat.S_IFBLK, os.makedev(8, 1))
  os.mknod("regular", 0o604)
  for name in ("pipe", "character", "block", "regular"):
      results += [oct(os.lstat(name).st_mode), os.lstat(name).st_rdev]
  show(results)
`,
);

compared(
  "refusals are those of a native file system",
  `
  os.makedirs("d/e")
  put("f")
  show([
      attempt(os.mkdir, "d"), attempt(os.rmdir, "d"), attempt(os.rmdir, "f"), attempt(os.unlink, "d"),
      attempt(os.rename, "d", "f"), attempt(os.rename, "f", "d"), attempt(os.rename, "d", "d/e/x"),
      attempt(os.rename, "gone", "x"), attempt(os.link, "d", "x"), attempt(os.link, "f", "d"),
      attempt(os.open, "f", os.O_CREAT | os.O_EXCL), attempt(os.open, "d", os.O_WRONLY), attempt(os.mkdir, "f/x"),
      attempt(os.stat, "f/x"), attempt(os.open, "gone", os.O_RDONLY), attempt(os.rename, "d", "d"),
      attempt(os.open, "f", os.O_RDONLY | os.O_DIRECTORY), attempt(os.mkdir, "gone/x"), attempt(os.symlink, "x", "f"),
      attempt(os.mkdir, ""), attempt(os.rmdir, "d/."), attempt(os.rename, "d/.", "x"),
  ])
`,
);

compared(
  "a working directory and open files follow when their directory is renamed",
  `
  os.makedirs("a/b")
  put("a/b/f", "content")
  file = open("a/b/f", "r+")
  os.chdir("a/b")
  os.rename("../../a", "../../c")
  results = [get("f"), os.path.basename(os.path.dirname(os.getcwd())), file.read(), os.listdir(".")]
  put("new", "new")
  os.chdir("../..")
  show(results + [get("c/b/new"), sorted(os.listdir("c/b")), attempt(os.stat, "a")])
`,
);

Deno.test("lsattr and chattr work on files and directories of the pool", async () => {
  await with_pool({ branches: [{ kind: "ext4", size_bytes: 4 << 20 }] }, async (pool) => {
    await Deno.writeTextFile(pool.path("f"), "");
    await Deno.mkdir(pool.path("d"));
    await must("chattr", ["+d", pool.path("f"), pool.path("d")]);
    const shown = async (directory: string) => {
      const lines = (await must("lsattr", ["-d", `${directory}/f`, `${directory}/d`])).trim().split("\n");
      return lines.map((line) => line.split(" ")[0]!.replaceAll("-", ""));
    };
    assertEquals(await shown(pool.mountpoint), ["de", "de"]);
    assertEquals(await shown(pool.branches[0]!), ["de", "de"]);
    await must("chattr", ["-d", pool.path("f")]);
    assertEquals(await shown(pool.mountpoint), ["e", "de"]);
  });
});

Deno.test("statx tells the birth time that the branch tells", async () => {
  await with_pool({ branches: [{ kind: "ext4", size_bytes: 4 << 20 }] }, async (pool) => {
    const times = await python<(string | null)[]>(
      `
      pool, branch = sys.argv[1:]
      put(f"{pool}/f")
      os.mkdir(f"{pool}/d")
      show([birth_time_ns(f"{place}/{name}") for name in "fd" for place in (pool, branch)])
    `,
      [pool.mountpoint, pool.branches[0]!],
    );
    assertEquals([times[0], times[2]], [times[1], times[3]]);
    assertEquals(times.includes(null), false);
  });
});

Deno.test("statfs sums the branches up", async () => {
  await with_pool({}, async (pool) => {
    const sums = await python<number[][]>(
      `
      def numbers(path):
          info = os.statvfs(path)
          return [info.f_blocks * info.f_frsize, info.f_bfree * info.f_frsize, info.f_bavail * info.f_frsize]
      pool, *branches = sys.argv[1:]
      show([numbers(pool), [sum(column) for column in zip(*map(numbers, branches))]])
    `,
      [pool.mountpoint, ...pool.branches],
    );
    assertEquals(sums[0], sums[1]);
  });
});

Deno.test("fsync of a directory reaches every branch that has it, each with the call that was made", async () => {
  await with_pool({ branches: [{}], trace: true }, async (inner) => {
    const prepare = () => {
      for (const name of ["0/d", "1", "2/d"]) Deno.mkdirSync(inner.path(name), { recursive: true });
    };
    const branches = ["0", "1", "2"].map((name) => ({ path: inner.path(name) }));
    await with_pool({ branches, prepare }, async (pool) => {
      const sync = "fd = os.open(sys.argv[1], os.O_RDONLY); show([attempt(os.fsync, fd), attempt(os.fdatasync, fd)])";
      assertEquals(await python(sync, [pool.path("d")]), [0, 0]);
      const flags = inner.log_lines().flatMap((line) => / opcode=FSYNCDIR .* fsync_flags=(\S+)/.exec(line)?.[1] ?? []);
      assertEquals(flags, ["0x0", "0x0", "0x1", "0x1"]);
    });
  });
});

Deno.test("ioctl: no command of btrfs, no block numbers (operations §22, §30.11)", async () => {
  await with_pool({}, async (pool) => {
    const results = await python(
      `
      fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
      os.write(fd, b"x" * 8192)
      # BTRFS_IOC_START_SYNC, FIBMAP.
      show([attempt(fcntl.ioctl, fd, 0x80089418, bytes(8)),
            struct.unpack("=i", fcntl.ioctl(fd, 1, struct.pack("=i", 1)))[0]])
    `,
      [pool.path("f")],
    );
    assertEquals(results, ["ENOTTY", 0]);
  });
});
