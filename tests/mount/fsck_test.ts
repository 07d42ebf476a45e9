// fsck.mergerfs over mounted pools (operations §27.1): what it prints, byte for byte, what it repairs, and when it ends how.

import { assertEquals, assertMatch } from "@std/assert";
import { type Pool, PROGRAM, with_pool } from "../support/mount.ts";
import { must, python, run, shell } from "../support/run.ts";

const NOBODY = 65534;

interface Ended {
  readonly code: number;
  /** Bytes that are not UTF-8 show as U+00XX. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs fsck in the directory of the pool, as `name`; the answers are its standard input. */
async function fsck(pool: Pool, args: readonly string[], answers = "", name = "fsck.mergerfs"): Promise<Ended> {
  await must("ln", ["-sf", PROGRAM, `${pool.directory}/${name}`]);
  // Few descriptors at first: a directory is open for each level of the tree.
  const script = 'ulimit -Sn 100; cd "$1"; answers=$2; shift 2; printf "$answers" | TZ=Asia/Kolkata "$@" > out 2> err';
  const { code } = await run("bash", ["-c", script, "test", pool.directory, answers, `./${name}`, ...args]);
  const stdout = String.fromCharCode(...await Deno.readFile(`${pool.directory}/out`));
  return { code, stdout, stderr: await Deno.readTextFile(`${pool.directory}/err`) };
}

/** Runs a script in the directory of the pool: branches are branch0 and so on. */
async function prepare(pool: Pool, script: string): Promise<string> {
  return await shell(`cd "$1"; ${script}`, [pool.directory]);
}

// A date in the dark: seconds 1000000000 are 2001-09-09T07:16:40 in Kolkata.
const FILES = `
  mkdir branch{0,1}/d
  mkdir -p "branch2/$(printf 'deep/%.0s' {1..150})"
  for at in 0 1 2; do printf "branch $at" > branch$at/file; touch -d @100000000$at.5 branch$at/file; done
  chown 1001:1002 branch1/file
  chmod 4750 branch1/file
  printf x > branch0/d/$'n\\377\\nx'; printf xy > branch1/d/$'n\\377\\nx'
  touch -d @1000000000 branch?/d/* branch?/d
`;

/** What is printed of one copy. */
function lines(pool: Pool, path: string, ...details: string[]): string {
  const copies = details.map((detail, at) => `  ${at}: ${pool.branches[at]}/${path}\n    - ${detail}\n`);
  return `* pool/${path}\n${copies.join("")}`;
}

const MTIME = "2001-09-09T07:16:4";
const ROOT_FILE = `uid: 0; gid: 0; mode: 100644; type: regular; size: 8; mtime: ${MTIME}`;
const USER_FILE = `uid: 1001; gid: 1002; mode: 104750; type: regular; size: 8; mtime: ${MTIME}`;

Deno.test("what differs is printed byte for byte and nothing is changed; sizes count when they shall", async () => {
  await with_pool({}, async (pool) => {
    await prepare(pool, FILES);
    const before = await prepare(pool, "find branch? -printf '%p %m %u %g %s %T@ %C@\\n'");
    const expected = lines(pool, "file", `${ROOT_FILE}0+0530`, `${USER_FILE}1+0530`, `${ROOT_FILE}2+0530`);
    for (const name of ["fsck.mergerfs", "mergerfs.fsck", "fsck.mergerfs-ts"]) {
      assertEquals(await fsck(pool, ["pool"], "", name), { code: 0, stdout: expected, stderr: "" });
    }
    const named = lines(
      pool,
      "d/n\xff\nx",
      `uid: 0; gid: 0; mode: 100644; type: regular; size: 1; mtime: ${MTIME}0+0530`,
      `uid: 0; gid: 0; mode: 100644; type: regular; size: 2; mtime: ${MTIME}0+0530`,
    );
    const sized = await fsck(pool, ["fsck", "--check-size", "true", "pool"], "", "mergerfs-ts");
    assertEquals(sized.stdout.split("* ").sort(), `${expected}${named}`.split("* ").sort());
    assertEquals((await fsck(pool, ["--check-size=true", "pool/d/"])).stdout, named);
    assertEquals(await prepare(pool, "find branch? -printf '%p %m %u %g %s %T@ %C@\\n'"), before);
  });
});

Deno.test("newest and largest give their owner and mode, or themselves", async () => {
  await with_pool({ branches: [{ kind: "ext4" }, {}, {}] }, async (pool) => {
    await prepare(pool, `${FILES} printf more >> branch0/file; touch -d @1000000000 branch0/file`);
    const state = () =>
      prepare(pool, `for at in 0 1 2; do stat -c '%a %u %g %Y' branch$at/file; cat branch$at/file; echo; done`);
    const newest = await fsck(pool, ["--fix", "newest", "pool/"]);
    assertMatch(newest.stdout, /^\* pool\/file\n {2}0: /);
    assertEquals([newest.code, newest.stderr], [0, ""]);
    const all = (mode: string, ...contents: string[]) => {
      return contents.map((text, at) => `${mode} ${1_000_000_000 + at}\n${text}\n`).join("");
    };
    assertEquals(await state(), all("644 0 0", "branch 0more", "branch 1", "branch 2"));
    await prepare(pool, "chown 1001:1002 branch0/file; chmod 4750 branch0/file");
    assertEquals((await fsck(pool, ["--fix=largest", "pool"])).stderr, "");
    assertEquals(await state(), all("4750 1001 1002", "branch 0more", "branch 1", "branch 2"));
    assertEquals((await fsck(pool, ["--fix=largest", "--check-size=true", "--copy-file=true", "pool"])).stderr, "");
    assertEquals(await state(), "4750 1001 1002 1000000000\nbranch 0more\n".repeat(3));
    assertEquals((await fsck(pool, ["--check-size=true", "pool"])).stdout, "");
    assertEquals(await prepare(pool, "ls -A branch?/ | grep -c file"), "3\n");
  });
});

Deno.test("the right one can be asked for, again until the answer is a number in range; the end of input means none", async () => {
  await with_pool({}, async (pool) => {
    await prepare(pool, FILES);
    const modes = () => prepare(pool, "stat -c %a branch?/file");
    const skipped = await fsck(pool, ["--fix=manual", "pool"], "x\\n\\n3\\n-1\\n1 0\\n");
    assertEquals(skipped.stdout.match(/Which one is right \(0 to 2\)\? /g)?.length, 6);
    assertEquals([skipped.code, skipped.stderr, await modes()], [0, "", "644\n4750\n644\n"]);
    const answered = await fsck(pool, ["--fix=manual", "pool"], "x\\n 1 \\n");
    assertEquals([answered.code, answered.stderr, await modes()], [0, "", "4750\n".repeat(3)]);
  });
});

Deno.test("copies of different types are left to a person, and so is what lies behind a symlink in a branch", async () => {
  await with_pool({}, async (pool) => {
    await prepare(
      pool,
      `
        mkdir branch0/x outside branch0/d branch0/link
        touch branch1/x branch0/d/file outside/file
        chmod 600 branch0/d/file
        ln -s ../outside branch1/d
        ln -s nowhere branch1/link
      `,
    );
    const { code, stdout, stderr } = await fsck(pool, ["--fix=newest", "pool"]);
    const marked = (path: string) => new RegExp(`^\\* pool/${path}\\n(?: {2}.*\\n){4} {2}X: .* types.*by hand\\n`, "m");
    for (const path of ["x", "d", "link"]) assertMatch(stdout, marked(path));
    assertMatch(stderr, /^fsck\.mergerfs: cannot .*\/branch1\/d\/file.*: a symlink inside the branch leads there.*\n$/);
    assertEquals([code, await prepare(pool, "stat -c %a outside/file branch0/d/file")], [0, "644\n600\n"]);
  });
});

Deno.test("a user is warned, what is refused is told, and gets no set-id bits of another owner", async () => {
  await with_pool({}, async (pool) => {
    await prepare(
      pool,
      `${FILES} rm branch1/file; chmod 4755 branch0/file; chown ${NOBODY}:${NOBODY} branch2/file; chmod 700 branch0/d
      touch branch0/own; cp -p branch0/own branch2; chmod 600 branch2/own; chown ${NOBODY}:${NOBODY} branch?/own`,
    );
    await Deno.copyFile(PROGRAM, `${pool.directory}/fsck.mergerfs`); // where everyone may go
    const user = ["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups"];
    const program = [`${pool.directory}/fsck.mergerfs`, "--fix=largest", pool.mountpoint];
    const { code, stdout, stderr } = await run("setpriv", [...user, ...program]);
    const found = stdout.match(/^\* .*/gm)?.map((line) => line.split("/").at(-1)).sort();
    assertEquals([code, found], [0, ["file", "own"]], "what one may not read is passed over");
    assertMatch(stderr, /^fsck\.mergerfs: WARNING: not running as root/);
    assertMatch(
      stderr,
      /cannot give ".*\/branch2\/file" the owner and mode of ".*\/branch0\/file": Operation not permitted/,
    );
    assertEquals(stderr.match(/\n/g)?.length, 2, stderr);
    assertEquals(
      await prepare(pool, "stat -c '%a %u' branch2/file branch?/own"),
      `755 ${NOBODY}\n644 ${NOBODY}\n644 ${NOBODY}\n`,
    );
  });
});

Deno.test("a directory that is no pool gives nothing; a PATH that is none, or is missing, ends with its own code", async () => {
  await with_pool({}, async (pool) => {
    await prepare(pool, `${FILES} touch plain`);
    assertEquals(await fsck(pool, ["--fix=newest", "branch0"]), { code: 0, stdout: "", stderr: "" });
    const cases: [args: string[], code: number, message: RegExp][] = [
      [["none"], 105, /^fsck\.mergerfs: bad PATH "none": No such file or directory \(name the mounted pool.*\)\n$/],
      [["plain"], 105, /^fsck\.mergerfs: bad PATH "plain": Not a directory \(.*\)\n$/],
      [[], 106, /^fsck\.mergerfs: PATH is missing \(.*\)\n$/],
    ];
    for (const [args, code, message] of cases) {
      const ended = await fsck(pool, args);
      assertEquals([ended.code, ended.stdout], [code, ""]);
      assertMatch(ended.stderr, message);
    }
    const help = await fsck(pool, ["-h"]);
    assertMatch(help.stdout, /^Usage: fsck\.mergerfs \[options\] PATH\n/);
    assertEquals([help.code, help.stderr], [0, ""]);
  });
});

Deno.test("a pool without extended attributes is not taken for one where all is well", async () => {
  await with_pool({ options: "xattr=nosys" }, async (pool) => {
    const { code, stdout, stderr } = await fsck(pool, ["pool"]);
    assertEquals([code, stdout], [0, ""]);
    assertMatch(
      stderr,
      /^fsck\.mergerfs: WARNING: the pool on "pool" does not tell .*\(mount it with xattr=passthrough\)\n$/,
    );
  });
});

Deno.test("copies whose paths are too long for a system call are not taken for the same", async () => {
  await with_pool({}, async (pool) => {
    const code = `
      for branch in sys.argv[2:]:
          os.chdir(branch)
          left = 4095 - len(sys.argv[1])  # that path can still be named, those on the branches cannot
          while left > 0:
              name = "d" * min(200, left - 1 if left != 202 else 100)
              os.mkdir(name)
              os.chdir(name)
              left -= len(name) + 1
    `;
    await python(code, [pool.mountpoint, pool.branches[0]!, pool.branches[1]!]);
    const { code: exit_code, stdout, stderr } = await fsck(pool, [pool.mountpoint]);
    assertEquals([exit_code, stdout], [0, ""]);
    assertMatch(stderr, /^fsck\.mergerfs: cannot check "\S{4095}": File name too long\n$/);
  });
});

Deno.test("when nobody can read the output any more, nothing is repaired", async () => {
  await with_pool({}, async (pool) => {
    await prepare(pool, FILES);
    const all = ["-c", '"$@" > /dev/full', "test", PROGRAM, "fsck", "--fix=newest", pool.mountpoint];
    const { code, stderr } = await run("bash", all);
    assertEquals([code, stderr], [1, "mergerfs-ts fsck: cannot write to standard output: No space left on device\n"]);
    assertEquals(await prepare(pool, "stat -c %a branch?/file"), "644\n4750\n644\n");
  });
});

Deno.test("a file with no room for its copy stays what it is", async () => {
  const branches = [{ kind: "ext4" }, { size_bytes: 64 * 1024 }, {}] as const;
  await with_pool({ branches }, async (pool) => {
    await prepare(
      pool,
      "head -c 200000 /dev/urandom > branch0/file; printf small > branch1/file; printf small > branch2/file",
    );
    const { code, stderr } = await fsck(pool, ["--check-size=on", "--fix=largest", "--copy-file=on", "pool"]);
    assertMatch(
      stderr,
      /^fsck\.mergerfs: cannot copy ".*\/branch0\/file" over ".*\/branch1\/file": No space left on device\n$/,
    );
    assertEquals([code, await prepare(pool, "cat branch1/file; ls -A branch1; cmp branch0/file branch2/file")], [
      0,
      "smallfile\n",
    ]);
  });
});
