// Set-id bits and file capabilities of a file that is changed, as natively, whoever the kernel leaves it to and wherever the
// data goes (operations §29.1 F4). The cases stand in tests/posix/privileges.py.

import { assertEquals } from "@std/assert";
import { with_pool } from "../support/mount.ts";
import { native_disk } from "../support/native_disk.ts";
import { differences, failures, posix_suite, type SuiteResults } from "../support/posix_suite.ts";
import { python } from "../support/run.ts";

/** Who takes privileges away: the words of handle-killpriv and handle-killpriv-v2. */
type Agreed = "both" | "the first" | "the second" | "none";

const OPTIONS: Readonly<Record<Agreed, string>> = {
  "both": "handle-killpriv=true,handle-killpriv-v2=true",
  "the first": "handle-killpriv=true,handle-killpriv-v2=false",
  "the second": "handle-killpriv=false,handle-killpriv-v2=true",
  "none": "handle-killpriv=false,handle-killpriv-v2=false",
};

interface Exception {
  readonly cases: RegExp;
  readonly agreed: readonly Agreed[];
  readonly why: string;
}

const EVERY: readonly Agreed[] = ["both", "the first", "the second", "none"];

/** Where a pool may come out otherwise than a native file. */
const EXCEPTIONS: readonly Exception[] = [
  {
    cases: /write through a mapping/,
    agreed: EVERY,
    why: "Natively capabilities stay; to the branch the pages are a write like any other, and a write takes them",
  },
  {
    cases: /(write|append|pwritev|sendfile|range|truncate.*|TRUNC|fallocate.*) by another user, mode 2767/,
    agreed: EVERY,
    why: "Natively set-gid without group execute goes too when who writes is not in the group; the daemon is not told",
  },
  {
    cases: /(fallocate.*|copy_file_range) by root, mode 6777/,
    agreed: ["both", "the first", "the second"],
    why: "These requests do not say whether privileges go, nor who asks, so they go",
  },
  {
    cases: /(write|append|pwritev|sendfile|truncate.*|TRUNC) by root, mode 6777/,
    agreed: ["the first"],
    why: "The first protocol says so of no request: the options are for kernels without the second",
  },
  {
    cases: /O_TRUNC by root, mode 6777/,
    agreed: ["none"],
    why: "The kernel takes them from every other change itself, and says nothing of this one, so they go",
  },
  {
    cases: /chown of nothing by .*, mode 6777/,
    agreed: ["both", "the first", "the second"],
    why:
      "The request has nothing in it, as the one before a write that takes capabilities, for which root keeps the bits",
  },
];

function expected_differences(native: SuiteResults, agreed: Agreed): string[] {
  const exceptions = EXCEPTIONS.filter((exception) => exception.agreed.includes(agreed));
  return Object.keys(native).filter((name) => exceptions.some(({ cases }) => cases.test(name)));
}

const WAYS_OF_DATA: readonly (readonly [name: string, options: string, agreed: readonly Agreed[]])[] = [
  ["passed through", "passthrough.io=rw", ["both", "none"]],
  ["written past the page cache", "passthrough.io=off,cache.files=off", EVERY],
  ["written through the page cache", "passthrough.io=off,cache.files=full", ["both"]],
  ["written back from the page cache", "cache.writeback=true,cache.files=full", ["both", "the first", "none"]],
];

for (const [name, options, all_agreed] of WAYS_OF_DATA) {
  for (const agreed of all_agreed) {
    Deno.test(`privileges of files that are ${name}, with ${agreed} of handle-killpriv and -v2`, async () => {
      await with_pool({ branches: [{}], options: `${options},${OPTIONS[agreed]}` }, async (pool) => {
        const native = await posix_suite("privileges", await native_disk(pool), pool.directory);
        assertEquals(failures(native), []);
        const found = differences(await posix_suite("privileges", pool.mountpoint, pool.directory), native);
        assertEquals([...found.keys()].sort(), expected_differences(native, agreed).sort());
      });
    });
  }
}

const WRITE_AS_OTHER_USER = `
  file = sys.argv[1]
  put(file, "content")
  os.chmod(file, 0o6777)
  os.setxattr(file, "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
  written = as_user(1234, 1234, lambda: os.write(os.open(os.path.basename(file), os.O_WRONLY), b"new"))
  show([written, oct(os.stat(file).st_mode), os.listxattr(file)])
`;

// The branch is a pool that throws writes away, so that nothing below it takes the capability from the file by itself.
Deno.test("file capabilities go with a write to a branch that leaves them to who writes", async () => {
  await with_pool({ branches: [{}], options: "nullrw=true" }, async (inner) => {
    await with_pool({ branches: [{ path: inner.mountpoint }], options: "cache.files=off" }, async (pool) => {
      const result = await python(WRITE_AS_OTHER_USER, [pool.path("f")], { cwd: pool.mountpoint });
      assertEquals(result, [3, "0o100777", []]);
    });
  });
});

const WRITE_WITHOUT_ATTRIBUTES = `
  put("f", "content")
  results = []
  for change in (
      lambda: os.write(os.open("f", os.O_WRONLY), b"new"), lambda: os.truncate("f", 2),
      lambda: os.close(os.open("f", os.O_TRUNC | os.O_RDWR)),
  ):
      os.chmod("f", 0o6777)
      results += [as_user(1234, 1234, change), oct(os.stat("f").st_mode)]
  show(results)
`;

for (const options of ["xattr=noattr", "xattr=nosys", "security-capability=false"]) {
  Deno.test(`${options}: a file without capabilities to ask for is written, and loses set-id bits`, async () => {
    await with_pool({ branches: [{}], options }, async (pool) => {
      const result = await python(WRITE_WITHOUT_ATTRIBUTES, [], { cwd: pool.mountpoint });
      assertEquals(result, [3, "0o100777", 0, "0o100777", 0, "0o100777"]);
    });
  });
}

/** A program with a capability, and one with set-uid, run by a user: what the first may do, and who the second one is. */
const RUN_PROGRAMS = `
  import shutil, subprocess
  shutil.copy("/usr/bin/cat", "capable")
  shutil.copy("/usr/bin/cat", "owned")
  set_up = attempt(os.setxattr, "capable", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
  os.chmod("capable", 0o755)
  os.chmod("owned", 0o4755)
  def status(program, field):
      lines = subprocess.run([program, "/proc/self/status"], capture_output=True, text=True).stdout.splitlines()
      return next(line.split()[1:3] for line in lines if line.startswith(field))
  run = as_user(1234, 1234, lambda: [int(status("./capable", "CapEff:")[0], 16), status("./owned", "Uid:")[1]])
  show([set_up, *run])
`;

const NET_RAW = 0x2000;
const PROGRAMS: readonly (readonly [options: string, result: readonly unknown[]])[] = [
  ["cache.files=off", [0, 0, "1234"]],
  ["suid", [0, NET_RAW, "0"]],
  ["suid,passthrough.io=off,cache.files=full", [0, NET_RAW, "0"]],
  ["suid,security-capability=false", ["ENODATA", 0, "0"]],
];

for (const [options, result] of PROGRAMS) {
  Deno.test(`${options}: what a program with a capability and one with set-uid get`, async () => {
    await with_pool({ branches: [{}], options }, async (pool) => {
      assertEquals(await python(RUN_PROGRAMS, [], { cwd: pool.mountpoint }), [...result]);
    });
  });
}
