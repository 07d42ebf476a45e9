// The control file and the per-file keys as programs see them through the kernel: who may use them, what is refused, and what
// the modes of xattr do to them (config spec §7.1, §7.5, §7.6, §10.3).

import { assertEquals } from "@std/assert";
import { type PoolSetup, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

const ONE: PoolSetup = { branches: [{}] };

const HEAD = `
  pool, control = sys.argv[1], sys.argv[1] + "/.mergerfs"
  def get(key, path=control):
      return os.getxattr(path, "user.mergerfs." + key).decode()
  def put_key(key, value, flags=0):
      return attempt(os.setxattr, control, "user.mergerfs." + key, value.encode(), flags)
`;

/** The value that the code shows; `pool` and `control` are the paths. */
async function shown(setup: PoolSetup, code: string): Promise<unknown> {
  let result: unknown;
  await with_pool(setup, async (pool) => void (result = await python(HEAD + code, [pool.mountpoint])));
  return result;
}

const AS_OTHERS = `
  def use():
      return [get("cache.attr"), len(os.listxattr(control)) > 80, put_key("cache.attr", "7"), put_key("cmd.gc", "")]
  show([as_user(1234, 2345, use), as_user(1234, 0, use), as_user(1234, 2345, use, groups=[0]), use(), get("cache.attr")])
`;

Deno.test("everyone may read; only root, and the daemon's group, may set", async () => {
  const refused = ["1", true, "EACCES", "EACCES"];
  assertEquals(await shown(ONE, AS_OTHERS), [
    refused,
    ["1", true, 0, 0],
    ["7", true, 0, 0],
    ["7", true, 0, 0],
    "7",
  ]);
});

Deno.test("without the kernel's permission checks everyone may set", async () => {
  const setup = { ...ONE, options: "kernel-permissions-check=false,allow_other" };
  assertEquals(
    await shown(
      setup,
      `
  show([as_user(1234, 2345, lambda: put_key("cache.attr", "7")), get("cache.attr")])`,
    ),
    [
      0,
      "7",
    ],
  );
});

Deno.test("each errno of the runtime interface reaches the caller", async () => {
  const results = await shown(
    ONE,
    `
  CREATE, REPLACE = os.XATTR_CREATE, os.XATTR_REPLACE
  show([
      [attempt(get, key) for key in ("unknown", "cmd.gc", "basepath", "")],
      [attempt(os.getxattr, control, name) for name in ("user.other", "trusted.x", "user.mergerfs-ts.none")],
      [attempt(os.removexattr, control, name) for name in ("user.mergerfs.cache.attr", "user.other")],
      [put_key(key, "1") for key in ("cmd.none", "unknown", "async_read")],
      [put_key("async-read", "true", CREATE), put_key("cache.attr", "1", CREATE), put_key("cache.attr", "1", REPLACE)],
      [put_key(key, "true") for key in ("async-read", "version", "pid", "fsname")],
      [put_key("cache.files", "zzz"), put_key("minfreespace", "99999999999T"), put_key("config", "/none/x")],
      [put_key("log.file", "/none/x"), put_key("config", ""), put_key("branches", ""), put_key("branches", "->")],
  ])
`,
  );
  assertEquals(results, [
    ["ENODATA", "ENODATA", "ENODATA", "ENODATA"],
    ["ENODATA", "ENODATA", "ENODATA"],
    ["ENODATA", "ENODATA"],
    ["ENODATA", "ENODATA", "ENODATA"],
    ["EEXIST", "EEXIST", 0],
    ["EROFS", "EROFS", "EROFS", "EROFS"],
    ["EINVAL", "EOVERFLOW", "ENOENT"],
    ["ENOENT", "ENOENT", 0, "ENOENT"],
  ]);
});

Deno.test("the control file is no ordinary file", async () => {
  const results = await shown(
    ONE,
    `
  info = os.stat(control)
  show([
      [oct(info.st_mode), info.st_nlink, info.st_uid, info.st_gid, info.st_size, info.st_blocks],
      info.st_atime_ns == info.st_mtime_ns == info.st_ctime_ns and abs(info.st_mtime - time.time()) < 600,
      os.listdir(pool),
      [attempt(call) for call in (
          lambda: os.close(os.open(control, os.O_CREAT | os.O_EXCL | os.O_WRONLY)), lambda: os.mkdir(control),
          lambda: os.readlink(control), lambda: get_text(control), lambda: os.unlink(control),
          lambda: os.chmod(control, 0o600), lambda: os.truncate(control, 0), lambda: os.utime(control),
          lambda: os.rename(control, pool + "/x"), lambda: os.link(control, pool + "/x"))],
  ])
`.replace("get_text(control)", "open(control).close()"),
  );
  assertEquals(results, [
    ["0o100664", 1, 0, 0, 0, 0],
    true,
    [],
    ["EEXIST", "EEXIST", "EINVAL", "ENOENT", "ENOENT", "ENOENT", "ENOENT", "ENOENT", "ENOENT", "ENOENT"],
  ]);
});

Deno.test("getfattr shows all keys, as mergerfs' tools read them", async () => {
  await with_pool(ONE, async (pool) => {
    const dump = await must("getfattr", ["--absolute-names", "-d", pool.path(".mergerfs")]);
    const keys = [...dump.matchAll(/^user\.mergerfs\.([a-z0-9.-]+)=/gm)].map((match) => match[1]);
    assertEquals([keys.length, keys[0], keys.at(-1)], [82, "allow-idmap", "xattr"]);
    const srcmounts = await must("getfattr", [
      "--only-values",
      "--absolute-names",
      "-n",
      "user.mergerfs.srcmounts",
      pool.path(".mergerfs"),
    ]);
    assertEquals(srcmounts, pool.branches[0]);
  });
});

Deno.test("per-file keys: on files and directories; on symlinks and under a list there is nothing", async () => {
  await with_pool({}, async (pool) => {
    for (const index of [0, 2]) await Deno.mkdir(pool.on_branch(index, "d"));
    await Deno.writeTextFile(pool.on_branch(2, "d/f"), "");
    await Deno.symlink("d", pool.on_branch(0, "link"));
    const results = await python(
      `${HEAD}
  show({
      "f": [get(key, pool + "/d/f") for key in ("basepath", "relpath", "fullpath", "allpaths")],
      "d": [get(key, pool + "/d").split("\\0") for key in ("fullpath", "allpaths")],
      "root": [get(key, pool).split("\\0") for key in ("relpath", "fullpath", "allpaths")],
      "link": attempt(lambda: os.getxattr(pool + "/link", "user.mergerfs.basepath", follow_symlinks=False)),
      "list": os.listxattr(pool + "/d/f"),
  })
`,
      [pool.mountpoint],
    );
    const [b0, b1, b2] = pool.branches;
    assertEquals(results, {
      f: [b2, "d/f", `${b2}/d/f`, `${b2}/d/f`],
      d: [[`${b0}/d`], [`${b0}/d`, `${b2}/d`]],
      root: [[""], [`${b0}/`], [`${b0}/`, `${b1}/`, `${b2}/`]],
      link: "ENODATA",
      list: [],
    });
  });
});

const ALL_CALLS = `
  path = pool + "/f"
  put(path)
  calls = [lambda: os.setxattr(path, "user.a", b"x"), lambda: len(os.getxattr(path, "user.a")),
           lambda: len(os.listxattr(path)), lambda: os.removexattr(path, "user.a")]
`;

Deno.test("xattr=noattr: nothing on files, while the control file works", async () => {
  const code = `${ALL_CALLS}
  before = [attempt(call) for call in calls]
  put_key("xattr", "noattr")
  show([before, [attempt(call) for call in calls], get("xattr"), put_key("xattr", "passthrough"), attempt(calls[0])])`;
  const none = ["ENODATA", "ENODATA", 0, "ENODATA"];
  assertEquals(await shown(ONE, code), [[0, 1, 1, 0], none, "noattr", 0, 0]);
});

Deno.test("xattr=nosys: works on the control file until the kernel has heard ENOSYS", async () => {
  const code = `${ALL_CALLS}
  told = [put_key("xattr", "nosys"), get("xattr")]
  show([told, [attempt(call) for call in calls], attempt(lambda: get("xattr")), put_key("xattr", "passthrough")])`;
  const unsupported = "ENOTSUP"; // Python's word for EOPNOTSUPP
  assertEquals(await shown(ONE, code), [
    [0, "nosys"],
    [unsupported, unsupported, unsupported, unsupported],
    unsupported,
    unsupported,
  ]);
});

Deno.test("xattr=nosys: the kernel remembers each kind of call by itself (operations §21.5)", async () => {
  const code = `${ALL_CALLS}
  put_key("xattr", "nosys")
  refused = attempt(calls[1])
  # Only getting has been asked for: the control file can still be set and listed.
  told = [attempt(lambda: get("xattr")), put_key("xattr", "passthrough"), len(os.listxattr(control)) > 80]
  show([refused, told, [attempt(call) for call in calls]])`;
  const unsupported = "ENOTSUP";
  assertEquals(await shown(ONE, code), [unsupported, [unsupported, 0, true], [0, unsupported, 1, 0]]);
});
