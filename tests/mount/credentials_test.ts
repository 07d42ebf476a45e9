// What a user makes belongs to that user, and the kernel's permission checks hold in the pool. Compared with a native
// directory; the pool has one branch where the place of a directory would show (the setgid bit is not cloned).

import { assertEquals } from "@std/assert";
import { on_pool_and_native, type PoolSetup, with_pool } from "../support/mount.ts";
import { python } from "../support/run.ts";

const PLACES = `
  root = sys.argv[1]
  os.chmod(root, 0o755)
  os.chdir(root)
  os.mkdir("open")
  os.chmod("open", 0o777)
  os.mkdir("sticky")
  os.chmod("sticky", 0o1777)
  os.mkdir("team")
  os.chown("team", 0, 3000)
  os.chmod("team", 0o2770)
  os.mkdir("closed")
  os.chmod("closed", 0o700)
  put("closed/f", "secret")
  put("root_file", "x")
  os.chmod("root_file", 0o644)
  def told(path):
      info = os.lstat(path)
      return [oct(info.st_mode), info.st_uid, info.st_gid]
`;

function compared(name: string, code: string, setup: PoolSetup = {}): void {
  Deno.test(name, async () => {
    const { pool, native } = await on_pool_and_native(setup, (directory) => python(PLACES + code, [directory]));
    assertEquals(pool, native);
  });
}

compared(
  "files, directories, links, pipes and hard links belong to the user who made them",
  `
  def make():
      os.umask(0o027)
      os.chdir("open")
      put("f")
      os.mkdir("d")
      os.symlink("f", "s")
      os.mkfifo("p")
      os.mknod("n", 0o666)
      os.link("f", "h")
      os.close(os.open("x", os.O_CREAT | os.O_WRONLY, 0o4755))
      put("d/inside")
      return [told(name) for name in sorted(os.listdir("."))] + [told("d/inside")]
  show([as_user(1234, 2345, make), as_user(65534, 65534, lambda: told("open/f"))])
`,
);

compared(
  "a setgid directory gives its group to what is made in it",
  `
  def make():
      os.chdir("team")
      put("f")
      os.mkdir("d")
      put("d/below")
      return [told("f"), told("d"), told("d/below")]
  show([as_user(1234, 2345, make), as_user(1234, 2345, make, groups=[3000])])
`,
  { branches: [{}] },
);

compared(
  "what a user may not do is refused",
  `
  put("open/other")
  put("sticky/other")
  def refused():
      return [
          attempt(put, "new"), attempt(os.mkdir, "new"), attempt(os.unlink, "root_file"), attempt(put, "root_file"),
          attempt(os.chmod, "root_file", 0o777), attempt(os.chown, "root_file", 1234, 2345),
          attempt(os.truncate, "root_file", 0), attempt(os.utime, "root_file", ns=(1, 2)),
          attempt(os.setxattr, "root_file", "user.a", b"1"), attempt(os.setxattr, "open", "trusted.a", b"1"),
          attempt(get, "closed/f"), attempt(os.listdir, "closed"), attempt(os.stat, "closed/f"),
          attempt(os.rename, "root_file", "open/mine"), attempt(os.unlink, "sticky/other"),
          attempt(os.rename, "sticky/other", "sticky/mine"), attempt(put, "team/f"),
          attempt(os.mknod, "open/device", 0o666 | stat.S_IFCHR, os.makedev(1, 3)),
          attempt(os.unlink, "open/other"), attempt(get, "root_file"), os.access("root_file", os.W_OK),
      ]
  show(as_user(1234, 2345, refused))
`,
);

compared(
  "an owner may change what is its own, and not give it away",
  `
  def change():
      os.chdir("open")
      put("f", "content")
      return [
          attempt(os.chmod, "f", 0o600), attempt(os.utime, "f", ns=(1, 2)), attempt(os.truncate, "f", 3),
          attempt(os.setxattr, "f", "user.a", b"1"), attempt(os.chown, "f", 1, -1), attempt(os.chown, "f", -1, 2345),
          attempt(os.chown, "f", -1, 1), attempt(os.rename, "f", "g"), get("g"), told("g"),
      ]
  show([as_user(1234, 2345, change), as_user(4321, 2345, lambda: attempt(get, "open/g"))])
`,
);

compared(
  "setuid and setgid bits go when another user writes, truncates or gives the file away",
  `
  def make(name, mode):
      put(f"open/{name}", "content")
      os.chmod(f"open/{name}", mode)
  results = []
  for mode in (0o6777, 0o2777, 0o4777):
      for at, call in enumerate((
          lambda: os.write(os.open("open/f", os.O_WRONLY), b"x"), lambda: os.truncate("open/f", 1),
          lambda: os.close(os.open("open/f", os.O_WRONLY | os.O_TRUNC)),
      )):
          make("f", mode)
          results.append([mode, at, as_user(1234, 2345, call), told("open/f")])
  make("f", 0o6777)
  os.chown("open/f", 5, 6)
  show(results + [told("open/f")])
`,
);

Deno.test("what a user makes lands on branches that only root may enter", async () => {
  await with_pool({}, async (pool) => {
    await Deno.mkdir(pool.path("d"));
    await Deno.chmod(pool.path("d"), 0o777);
    // The pool's root is open, as it shows the first branch; the directory of the other branches is not.
    for (const branch of pool.branches.slice(1)) await Deno.chmod(branch, 0o700);
    const owners = await python(
      `
      pool, *branches = sys.argv[1:]
      as_user(1234, 2345, lambda: [put(f"{pool}/d/{at}") for at in range(20)])
      owners = [[info.st_uid, info.st_gid] for branch in branches if os.path.exists(f"{branch}/d")
                for info in map(os.stat, os.scandir(f"{branch}/d"))]
      show([len(owners), [list(pair) for pair in {tuple(owner) for owner in owners}]])
    `,
      [pool.mountpoint, ...pool.branches],
    );
    assertEquals(owners, [20, [[1234, 2345]]]);
  });
});

Deno.test("many users at once: every file belongs to its maker", async () => {
  await with_pool({}, async (pool) => {
    await Deno.mkdir(pool.path("d"));
    await Deno.chmod(pool.path("d"), 0o777);
    const code = `
      def make():
          for at in range(100):
              put(f"{sys.argv[1]}/d/{sys.argv[2]}_{at}")
              os.mkdir(f"{sys.argv[1]}/d/{sys.argv[2]}_{at}_d")
      show(as_user(int(sys.argv[2]), int(sys.argv[2]), make))
    `;
    const users = [1001, 1002, 1003, 1004, 1005, 1006];
    await Promise.all(users.map((user) => python(code, [pool.mountpoint, String(user)])));
    const wrong = await python(
      `
      wrong = []
      for entry in os.scandir(f"{sys.argv[1]}/d"):
          user = int(entry.name.split("_")[0])
          info = entry.stat()
          if (info.st_uid, info.st_gid) != (user, user):
              wrong.append([entry.name, info.st_uid, info.st_gid])
      show([len(os.listdir(f"{sys.argv[1]}/d")), wrong])
    `,
      [pool.mountpoint],
    );
    assertEquals(wrong, [users.length * 200, []]);
  });
});
