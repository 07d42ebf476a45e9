// Files of O_TMPFILE on the pool and on a native directory: owner, mode and ACL, everything that is done by descriptor, and
// the name they get (departures D12). The first cases are in system_calls_test.ts.

import { assertEquals } from "@std/assert";
import { MIB } from "../support/branch_disks.ts";
import { on_pool_and_native, type PoolSetup, with_pool } from "../support/mount.ts";
import { python } from "../support/run.ts";

const NAMELESS = `
  os.chdir(sys.argv[1])
  os.mkdir("d", 0o777)
  os.chmod("d", 0o777)
  def nameless(mode=0o666, flags=os.O_RDWR):
      return os.open("d", O_TMPFILE | flags, mode)
  def told(fd):
      info = os.fstat(fd)
      return [oct(info.st_mode), info.st_uid, info.st_gid, info.st_nlink, info.st_size]
`;

function compared(name: string, code: string, setup: PoolSetup = {}): void {
  Deno.test(`nameless files: ${name}`, async () => {
    const { pool, native } = await on_pool_and_native(setup, (directory) => python(NAMELESS + code, [directory]));
    assertEquals(pool, native);
  });
}

compared(
  "data, owner, mode, times and space by descriptor",
  `
  fd = nameless()
  results = [
      attempt(os.write, fd, b"content"), attempt(os.fchmod, fd, 0o640), attempt(os.fchown, fd, 5, 6),
      attempt(os.utime, fd, ns=(10**9, 2 * 10**9)), attempt(os.ftruncate, fd, 100), attempt(fallocate, fd, 0, 0, 200),
      attempt(os.fsync, fd), attempt(os.fdatasync, fd), told(fd),
  ]
  with mmap.mmap(fd, 200) as mapped:
      mapped[:3] = b"CON"
  results += [os.pread(fd, 7, 0).decode(), attempt(linkat_fd, fd, "d/named"), get("d/named")[:7], told(fd)]
  os.utime("d/named", ns=(10**9, 2 * 10**9))
  show(results + [os.fstat(fd).st_mtime_ns, attempt(linkat_fd, fd, "more"), told(fd), os.listdir("d")])
`,
);

compared(
  "extended attributes, and the space that is left",
  `
  fd = nameless()
  value = lambda key: attempt(lambda: os.getxattr(fd, key).decode())
  results = [
      attempt(os.setxattr, fd, "user.a", b"1"), attempt(os.setxattr, fd, "user.b", b"2" * 60000), value("user.a"),
      attempt(os.setxattr, fd, "user.a", b"1", os.XATTR_CREATE), value("user.none"), len(value("user.b")),
      sorted(os.listxattr(fd)), attempt(os.removexattr, fd, "user.a"), value("user.a"), os.listxattr(fd),
      attempt(os.setxattr, fd, "system.posix_acl_access",
              bytes.fromhex("0200000001000600ffffffff04000400ffffffff20000000ffffffff")),
      oct(os.fstat(fd).st_mode), os.fstatvfs(fd).f_namemax, os.fstatvfs(fd).f_bavail > 0,
  ]
  linked = attempt(linkat_fd, fd, "d/named")
  results += [linked, sorted(os.listxattr("d/named")), len(os.getxattr("d/named", "user.b"))]
  attempt(os.setxattr, fd, "user.c", b"3")
  show(results + [sorted(os.listxattr("d/named")), oct(os.stat("d/named").st_mode)])
`,
);

compared(
  "owner, group and mode are those of any new file: umask, set-gid directory, default ACL",
  `
  os.chown("d", 0, 3000)
  os.chmod("d", 0o2777)
  def make():
      os.umask(0o027)
      fd = nameless(0o6777)
      linked = attempt(linkat_fd, fd, "d/" + str(os.geteuid()))
      return [told(fd), linked, oct(os.stat(f"d/{os.geteuid()}").st_mode)]
  results = [as_user(1234, 2345, make), as_user(1235, 2345, make, groups=[3000])]
  # A default ACL: rwx for the owner, r-x for the group, nothing for others.
  os.setxattr("d", "system.posix_acl_default", bytes.fromhex("0200000001000700ffffffff04000500ffffffff20000000ffffffff"))
  show(results + [as_user(1236, 2345, make)])
`,
);

compared(
  "made exclusively it gets no name",
  `
  fd = nameless(flags=os.O_RDWR | os.O_EXCL)
  os.write(fd, b"content")
  show([attempt(linkat_fd, fd, "d/named"), os.listdir("d"), told(fd), os.pread(fd, 7, 0).decode()])
`,
);

compared(
  "many, on all branches, each with a name in another directory",
  `
  fds = [nameless() for _ in range(40)]
  for at, fd in enumerate(fds):
      os.write(fd, b"content %d" % at)
  os.makedirs("other/deep", 0o711)
  results = [attempt(linkat_fd, fd, f"other/deep/{at}") for at, fd in enumerate(fds)]
  results += [attempt(linkat_fd, fds[0], "other/deep/1"), {told(fd)[3] for fd in fds} == {1}]
  results += [get(f"other/deep/{at}") == f"content {at}" for at in range(40)]
  show(results + [len(os.listdir("other/deep")), oct(os.stat("other/deep").st_mode), os.listdir("d")])
`,
);

Deno.test("nameless files: no room on the branch is ENOSPC, what was written stays and gets its name", async () => {
  // It cannot be moved: there is no name to give the copy.
  const setup: PoolSetup = { branches: [{ size_bytes: MIB }, {}], options: "func.create=ff,moveonenospc=true" };
  await with_pool(setup, async (pool) => {
    const results = await python(
      `${NAMELESS}
  fd = nameless()
  written, result = 0, 0
  while isinstance(result, int) and written < 4 << 20:
      written += result
      result = attempt(os.pwrite, fd, b"x" * 65536, written)
  linked = attempt(linkat_fd, fd, "d/named")
  content = open("d/named", "rb").read()
  show([result, 0 < written <= 1 << 20, linked, content == b"x" * written, put("after", "elsewhere")])
`,
      [pool.mountpoint],
    );
    assertEquals(results, ["ENOSPC", true, 0, true, null]);
  });
});
