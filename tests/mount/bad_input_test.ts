// What a person gets wrong when starting: one line that names the value and the remedy, exit 1, nothing left mounted.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { find_mount } from "../support/mount_table.ts";
import { type Pool, PROGRAM, run_in_background, with_unmounted_pool } from "../support/mount.ts";
import { run, type RunResult, shell } from "../support/run.ts";
import { processes_of } from "../support/temp_dir.ts";

const USER = "65534";
const SETPRIV = `setpriv --reuid=${USER} --regid=${USER} --clear-groups`;

interface Case {
  readonly name: string;
  /** `BRANCH` and `MOUNT` stand for paths. */
  readonly args: readonly string[];
  /** One pattern for each line of standard error. */
  readonly lines: readonly RegExp[];
}

const CASES: readonly Case[] = [
  {
    name: "unknown policy",
    args: ["-o", "category.create=mfz", "BRANCH", "MOUNT"],
    lines: [/^mergerfs-ts: ERROR - invalid value - category\.create=mfz \(.*did you mean "mfs"\?\)$/],
  },
  {
    name: "unknown policy of a function",
    args: ["-o", "func.rmdir=epalll", "BRANCH", "MOUNT"],
    lines: [/^mergerfs-ts: ERROR - invalid value - func\.rmdir=epalll \(.*"epall"\?\)$/],
  },
  {
    name: "bad size",
    args: ["-o", "minfreespace=4X", "BRANCH", "MOUNT"],
    lines: [/^mergerfs-ts: ERROR - invalid value - minfreespace=4X \(.*4G.*\)$/],
  },
  {
    name: "bad size of a branch",
    args: ["BRANCH=RW,many", "MOUNT"],
    lines: [/ERROR - invalid value - .*=RW,many \(.*many.*\)$/, /ERROR - no value set - branches not set \(.*\)$/],
  },
  {
    name: "unknown branch mode",
    args: ["BRANCH=XX", "MOUNT"],
    lines: [/ERROR - invalid value - .*=XX \(.*RW, RO or NC.*\)$/, /ERROR - no value set - branches not set \(.*\)$/],
  },
  {
    name: "bad words of options, all of them told",
    args: ["-o", "async_read=maybe,cache.files=zzz", "BRANCH", "MOUNT"],
    lines: [
      /ERROR - invalid value - async_read=maybe \(.*true or false.*\)$/,
      /ERROR - invalid value - cache\.files=zzz \(.*auto-full.*\)$/,
    ],
  },
  {
    name: "an option that can only be read",
    args: ["-o", "version=3", "BRANCH", "MOUNT"],
    lines: [/^mergerfs-ts: ERROR - read-only option - version=3 \(.*\)$/],
  },
  {
    name: "a mount that the kernel refuses",
    args: ["-o", "blksize=512", "BRANCH", "MOUNT"],
    lines: [
      /^mergerfs-ts: mount failed: Invalid argument \(check the mount words "blksize=512", or leave them away\)$/,
    ],
  },
  {
    name: "missing mountpoint",
    args: ["BRANCH", "MOUNT/gone"],
    lines: [/^mergerfs-ts: bad mount point `.*\/gone': No such file or directory \(.*mkdir -p.*\/gone.*\)$/],
  },
  {
    name: "branches and mountpoint the other way round",
    args: ["MOUNT", "BRANCH:BRANCH"],
    lines: [/^mergerfs-ts: bad mount point `.*:.*': No such file or directory \(the mountpoint comes last: .*\)$/],
  },
  {
    name: "mountpoint that is a file",
    args: ["BRANCH", "FILE"],
    lines: [/^mergerfs-ts: bad mount point `.*': Not a directory \(.*\)$/],
  },
  {
    name: "mountpoint that is itself a branch",
    args: ["BRANCH:MOUNT", "MOUNT"],
    lines: [/^mergerfs-ts: ERROR - {2}- branches can not include the mountpoint: .*\/pool \(.*\)$/],
  },
  {
    name: "log file inside the pool",
    args: ["-o", "log.file=MOUNT/log", "BRANCH", "MOUNT"],
    lines: [/^mergerfs-ts: "log\.file=.*\/pool\/log" lies inside the pool \(name a file outside of it\)$/],
  },
  {
    name: "no arguments",
    args: [],
    lines: [
      /^mergerfs-ts: ERROR - no value set - branches not set \(.*\)$/,
      /^mergerfs-ts: ERROR - no value set - mountpoint not set \(.*\)$/,
    ],
  },
  {
    name: "one argument",
    args: ["BRANCH"],
    lines: [/^mergerfs-ts: ERROR - no value set - branches not set \(.*\)$/],
  },
  { name: "-o without options", args: ["BRANCH", "MOUNT", "-o"], lines: [/^fuse: missing argument after `-o'/] },
  {
    name: "missing config file",
    args: ["-o", "config=/gone/file", "BRANCH", "MOUNT"],
    lines: [/ERROR - no value set - \/gone\/file/, /ERROR - no value set - config=\/gone\/file \(.*\)$/],
  },
  {
    name: "log file that cannot be written",
    args: ["-o", "log.file=/gone/file", "BRANCH", "MOUNT"],
    lines: [/ERROR - .* - log\.file=\/gone\/file \(.*\)$/],
  },
];

for (const { name, args, lines } of CASES) {
  Deno.test(`bad input: ${name}`, async () => {
    await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
      await Deno.mkdir(pool.mountpoint);
      await Deno.writeTextFile(`${pool.directory}/file`, "");
      const replaced = args.map((argument) =>
        argument.replace("BRANCH", pool.branches[0]!).replace("MOUNT", pool.mountpoint)
          .replace("FILE", `${pool.directory}/file`)
      );
      for (const more of [[], ["-f"]]) {
        assert_refused(pool, await run(PROGRAM, [...more, ...replaced], { deadline_ms: 10_000 }), lines);
      }
    });
  });
}

function assert_refused(pool: Pool, result: RunResult, lines: readonly RegExp[]): void {
  assertEquals([result.code, result.stdout], [1, ""], result.stderr);
  // In the foreground the log goes to standard error too.
  const found = result.stderr.trimEnd().split("\n").filter((line) =>
    !/^mergerfs-ts: (mergerfs-ts v\S+ starts$|Help: |argv\[\d+\]=|oom_score_adj )/.test(line)
  );
  assertEquals(found.length, lines.length, result.stderr);
  for (const [at, pattern] of lines.entries()) assertMatch(found[at]!, pattern);
  assertEquals(find_mount(pool.mountpoint), undefined);
  assertEquals(processes_of(pool.mountpoint), []);
}

/** Starts the program in a mount namespace of its own, after `prepare` has changed what it finds there. */
async function start_in_namespace(pool: Pool, prepare: string, prefix: string, program: string): Promise<RunResult> {
  await Deno.mkdir(pool.mountpoint, { recursive: true });
  const script = `
    set -eu
    ${prepare}
    set +e
    ${prefix} "$2" -o minfreespace=0 "$3" "$4"
    code=$?
    if grep -qF " $4 " /proc/self/mounts; then echo "still mounted"; fi
    exit $code
  `;
  const args = [pool.directory, program, pool.branches.join(":"), pool.mountpoint];
  return await run("unshare", ["--mount", "bash", "-c", script, "test", ...args], { deadline_ms: 20_000 });
}

const DEV_WITHOUT_FUSE = `
  mkdir "$1/dev"
  mount -t tmpfs -o mode=755 tmpfs "$1/dev"
  while read -r name major minor; do mknod -m 666 "$1/dev/$name" c "$major" "$minor"; done <<< "null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9"
  mount --move "$1/dev" /dev
`;

Deno.test("bad input: no /dev/fuse", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
    const result = await start_in_namespace(pool, DEV_WITHOUT_FUSE, "", PROGRAM);
    assert_refused(pool, result, [/^mergerfs-ts: device not found, try 'modprobe fuse' first \(.*\/dev\/fuse.*\)$/]);
  });
});

const FUSE_WITHOUT_DRIVER = DEV_WITHOUT_FUSE + "mknod /dev/fuse c 10 250\n";
const FUSE_ON_NODEV =
  'mkdir "$1/device"; mount -t tmpfs -o nodev tmpfs "$1/device"; mknod "$1/device/fuse" c 10 229; ' +
  'mount --bind "$1/device/fuse" /dev/fuse';

Deno.test("bad input: /dev/fuse that cannot be opened", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
    const without = await start_in_namespace(pool, FUSE_WITHOUT_DRIVER, "", PROGRAM);
    assert_refused(pool, without, [/^mergerfs-ts: device not found, try 'modprobe fuse' first \(.*\)$/]);
    const refused = await start_in_namespace(pool, FUSE_ON_NODEV, "", PROGRAM);
    assert_refused(pool, refused, [/^mergerfs-ts: failed to open \/dev\/fuse: Permission denied \(.*container.*\)$/]);
  });
});

Deno.test("bad input: root that may not mount", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
    const result = await start_in_namespace(pool, "", "setpriv --bounding-set=-sys_admin", PROGRAM);
    assert_refused(pool, result, [/^mergerfs-ts: mount failed: Operation not permitted \(.*CAP_SYS_ADMIN\)$/]);
  });
});

Deno.test("bad input: no libfuse3, neither inside the program nor on the system", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
    const program = `${pool.directory}/mergerfs-ts`;
    await copy_without_libfuse(program);
    const hide = `
      for library in $(ldconfig -p | sed -n 's/.*libfuse3.* => //p'); do mount --bind /dev/null "$library"; done
    `;
    const result = await start_in_namespace(pool, hide, "", program);
    assert_refused(pool, result, [/^mergerfs-ts: .*libfuse3\.so\.3.*install/]);
  });
});

/** A copy of the program in which the library it carries is spoilt. */
async function copy_without_libfuse(target: string): Promise<void> {
  const library = new URL("../../.tools/libfuse3.so.3", import.meta.url).pathname;
  await shell(
    `/usr/bin/python3 -c '
import sys
program, library = (open(path, "rb").read() for path in sys.argv[1:3])
start = library[:4096]
at = program.find(start)
assert at > 0, "The program carries no copy of libfuse3"
open(sys.argv[3], "wb").write(program[:at] + b"spoilt" + program[at + 6:])
' "$1" "$2" "$3"; chmod +x "$3"`,
    [PROGRAM, library, target],
  );
}

const FUSE_FOR_ALL = 'mount -t tmpfs -o mode=755 tmpfs "$1/device"; mknod -m 666 "$1/device/fuse" c 10 229; ' +
  'mount --bind "$1/device/fuse" /dev/fuse; ';
const FUSE_FOR_ROOT = FUSE_FOR_ALL.replace("-m 666", "-m 600");

/** The program where a user can reach it. */
async function program_for_users(pool: Pool): Promise<string> {
  const copy = `${pool.directory}/mergerfs-ts`;
  await Deno.copyFile(PROGRAM, copy);
  await Deno.mkdir(`${pool.directory}/device`);
  return copy;
}

Deno.test("bad input: a user without permission for /dev/fuse", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
    const program = await program_for_users(pool);
    await Deno.mkdir(pool.mountpoint);
    await Deno.chown(pool.mountpoint, Number(USER), Number(USER));
    const result = await start_in_namespace(pool, FUSE_FOR_ROOT, SETPRIV, program);
    assert_refused(pool, result, [
      /^\* WARNING: .*not running as root/,
      /^mergerfs-ts: failed to open \/dev\/fuse: Permission denied \(as root: .*\)$/,
    ]);
  });
});

Deno.test("bad input: a user without permission for the mountpoint", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
    const program = await program_for_users(pool);
    const result = await start_in_namespace(pool, FUSE_FOR_ALL, SETPRIV, program);
    assert_refused(pool, result, [/^\* WARNING: .*not running as root/, /^mergerfs-ts: .*\/pool.*\(.*\)$/]);
  });
});

Deno.test("bad input: a user without fusermount3", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
    const program = await program_for_users(pool);
    await Deno.mkdir(pool.mountpoint);
    await Deno.chown(pool.mountpoint, Number(USER), Number(USER));
    const hide = `${FUSE_FOR_ALL}
      for program in fusermount3 fusermount; do
        if path=$(command -v "$program"); then mount --bind /dev/null "$(realpath "$path")"; fi
      done
    `;
    const result = await start_in_namespace(pool, hide, SETPRIV, program);
    assert_refused(pool, result, [/^\* WARNING: .*not running as root/, /^mergerfs-ts: .*fusermount3.*\(.*\)$/]);
  });
});

Deno.test("a branch that does not exist is no error; the pool waits for it", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    const branches = `${pool.branches[0]!}:${pool.directory}/later`;
    const { code } = await run_in_background(pool, ["-o", "minfreespace=0", branches, pool.mountpoint]);
    assertEquals(code, 0);
    await Deno.mkdir(`${pool.directory}/later/inside`, { recursive: true });
    assert((await Deno.stat(pool.path("inside"))).isDirectory);
    assertEquals((await run("umount", [pool.mountpoint])).code, 0);
  });
});
