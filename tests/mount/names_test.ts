// Names are bytes: whatever is not "/" or NUL survives every operation, up to the limits of the kernel.

import { assertEquals } from "@std/assert";
import { on_pool_and_native, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

const NAMES = `
  root = os.fsencode(sys.argv[1])
  os.chdir(root)
  everything = bytes(byte for byte in range(1, 256) if byte != 0x2f)
  NAMES = [
      everything, everything[::-1], b"\\xff", b"\\xfe\\xff\\x80", b"\\xc3", b"\\xc3(", b"caf\\xe9", b"\\xed\\xa0\\x80", b"\\n", b"\\\\",
      b" ", b"...", b'"', b"a,b=c:d*?[x]", b"-rf", "\\u00e9".encode(), "e\\u0301".encode(), "\\U0001f600".encode(),
      b"\\xef\\xbb\\xbfbom", b"\\xf4\\x90\\x80\\x80", b"x" * 255, b"\\xff" * 255,
  ]
`;

function compared(name: string, code: string): void {
  Deno.test(name, async () => {
    const { pool, native } = await on_pool_and_native({}, (directory) => python(NAMES + code, [directory]));
    assertEquals(pool, native);
  });
}

compared(
  "names of any bytes survive create, list, stat, rename, link and unlink",
  `
  for name in NAMES:
      put(name, name)
  results = [sorted(os.listdir(b".")) == sorted(NAMES), all(open(name, "rb").read() == name for name in NAMES)]
  os.mkdir(b"d")
  for name in NAMES:
      os.rename(name, b"d/" + name)
      os.link(b"d/" + name, name)
  results += [sorted(os.listdir(b"d")) == sorted(NAMES), {os.stat(name).st_nlink for name in NAMES} == {2}]
  for name in NAMES:
      os.unlink(b"d/" + name)
      os.unlink(name)
  show(results + [os.listdir(b"d"), sorted(os.listdir("."))])
`,
);

compared(
  "names of any bytes survive as directories, link targets and attributes",
  `
  results = []
  for name in NAMES:
      os.makedirs(name + b"/" + name)
      os.symlink(name + b"/" + name, b"link")
      put(b"link/file", "inside")
      key = b"user." + name[:200]
      results.append([
          os.readlink(b"link") == name + b"/" + name, get(name + b"/" + name + b"/file"),
          attempt(os.setxattr, name, key, name), attempt(os.getxattr, name, key) == name,
          os.fsencode(os.listxattr(name)[0]) == key, attempt(os.removexattr, name, key),
      ])
      os.unlink(b"link")
  show(results)
`,
);

compared(
  "names longer than 255 bytes: ENAMETOOLONG in every operation",
  `
  put("f")
  results = []
  for length in (255, 256, 300, 1024, 1025, 4000):
      name = b"n" * length
      results.append([
          attempt(os.stat, name), attempt(os.mkdir, name), attempt(os.open, name, os.O_CREAT | os.O_WRONLY),
          attempt(os.symlink, "f", name), attempt(os.link, "f", name), attempt(os.rename, "f", name),
          attempt(os.rename, name, "f"), attempt(os.unlink, name), attempt(os.mkfifo, name), attempt(os.rmdir, name),
      ] if length > 255 else None)
  show(results + [sorted(os.listdir("."))])
`,
);

compared(
  "paths up to PATH_MAX",
  `
  # A path may have 4095 bytes, "work/" among them; the branch comes on top of that.
  parts = []
  for depth in range(15):
      parts.append(b"%03d" % depth + b"d" * 252)
      os.mkdir(b"/".join(parts))
  deep = b"/".join(parts)
  name = b"f" * (4095 - len(b"work/") - len(deep) - 1)
  path = deep + b"/" + name
  results = [len(path), attempt(put, path, "content"), attempt(get, path), attempt(os.chmod, path, 0o600)]
  results += [attempt(os.setxattr, path, "user.a", b"1"), attempt(os.getxattr, path, "user.a").hex()]
  results += [attempt(os.truncate, path, 3), attempt(os.chown, path, 1, 2), attempt(os.utime, path, ns=(1, 2))]
  info = os.stat(path)
  results += [info.st_size, info.st_mode, info.st_uid, info.st_mtime_ns, os.listdir(deep) == [name]]
  other = deep + b"/" + b"o" * len(name)
  results += [attempt(os.rename, path, other), attempt(os.link, other, path), os.stat(path).st_nlink]
  results += [attempt(os.unlink, other), attempt(os.symlink, "target", other), os.readlink(other)]
  results += [attempt(os.unlink, other), attempt(os.mkdir, other), attempt(os.rmdir, other)]
  results += [attempt(os.mkfifo, other), attempt(os.unlink, other), attempt(os.unlink, path), attempt(os.statvfs, deep)[9]]
  results += [attempt(os.stat, path + b"123456"), attempt(os.rename, parts[0], "short"), os.listdir(".")]
  while len(parts) > 1:
      results.append(attempt(os.rmdir, b"short/" + b"/".join(parts[1:])))
      parts.pop()
  show([repr(result) for result in results + [attempt(os.rmdir, "short")]])
`,
);

Deno.test("what would lie deeper than PATH_MAX in the pool is refused: ENAMETOOLONG", async () => {
  await with_pool({}, async (pool) => {
    const [depth, error] = await python<[number, string]>(
      `
      os.chdir(sys.argv[1])
      depth, error = 0, None
      while error is None and depth < 40:
          made = attempt(os.mkdir, "d" * 200)
          error = made if made != 0 else None
          if error is None:
              os.chdir("d" * 200)
              depth += 1
      show([depth, error])
    `,
      [pool.mountpoint],
    );
    assertEquals([depth, error], [20, "ENAMETOOLONG"]);
    await must("rm", ["-r", pool.path("d".repeat(200))]);
    assertEquals(pool.branches.flatMap((branch) => [...Deno.readDirSync(branch)]), []);
  });
});

Deno.test("names that are not UTF-8 reach the branches unchanged", async () => {
  await with_pool({ branches: [{}] }, async (pool) => {
    const same = await python(
      `${NAMES}
  for name in NAMES:
      put(name)
  show(sorted(os.listdir(b".")) == sorted(os.listdir(os.fsencode(sys.argv[2]))))
`,
      [pool.mountpoint, pool.branches[0]!],
    );
    assertEquals(same, true);
  });
});
