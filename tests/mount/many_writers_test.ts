// Eight processes at once create, rename, link and remove in the same directories. Afterwards the branches hold what the
// pool shows, each file once, and the state of the daemon is sound.

import { assertEquals } from "@std/assert";
import { forget_everything } from "../support/forget.ts";
import { broken_live_invariants } from "../support/live_arena.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { must, python, shell } from "../support/run.ts";
import { assert_same_lines } from "../support/tree.ts";

const PROCESSES = 8;
const CALLS_EACH = 600;

/** What another process may cause at any time. Everything else is a defect. */
const WORK = `
  import random
  root, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
  # EBADF: fstat of a directory that was removed between open and fstat (operations.md §30.7).
  EXPECTED = {"ENOENT", "EEXIST", "ENOTEMPTY", "EINVAL", "EBADF"}
  chance = random.Random(seed)
  os.chdir(root)
  # Names of files and of directories differ, and directories are renamed to free names only: a pool may show a directory
  # of one branch beside a file of another, and that is no defect.
  def folder():
      return chance.choice(["", "a/", "b/", "a/c/", "a/c/d/", "b/moved/", "b/moved/d/"])
  def place():
      return folder() + "file%d" % chance.randrange(20)
  def directory():
      return folder() + "directory%d" % chance.randrange(5)
  def write(path):
      fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
      try:
          os.pwrite(fd, b"%d" % seed * 100, 0)
          os.fstat(fd)
      finally:
          os.close(fd)
  def create(path):
      os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
  def read(path):
      with open(path, "rb") as file:
          file.read()
  CALLS = [
      lambda: write(place()), lambda: create(place()), lambda: os.rename(place(), place()),
      lambda: os.rename(place(), place()), lambda: os.link(place(), place()), lambda: os.unlink(place()),
      lambda: os.unlink(place()), lambda: os.mkdir(directory()), lambda: os.rmdir(directory()),
      lambda: os.symlink("x", place()), lambda: read(place()), lambda: os.chmod(place(), 0o600),
      lambda: os.listdir(folder() or "."), lambda: os.makedirs("a/c/d", exist_ok=True),
      lambda: renameat2("a/c", "b/moved", RENAME_NOREPLACE), lambda: renameat2("b/moved", "a/c", RENAME_NOREPLACE),
      lambda: renameat2(place(), place(), RENAME_NOREPLACE),
      lambda: renameat2(directory(), directory(), RENAME_NOREPLACE),
  ]
  unexpected = {}
  succeeded = 0
  for at in range(count):
      call = chance.randrange(len(CALLS))
      result = attempt(CALLS[call])
      if isinstance(result, str) and result not in EXPECTED:
          unexpected[f"{call}: {result}"] = unexpected.get(f"{call}: {result}", 0) + 1
      elif not isinstance(result, str):
          succeeded += 1
  show([unexpected, succeeded > 0])
`;

Deno.test("eight processes in the same directories leave sound branches and a sound daemon", async () => {
  await with_pool({}, async (pool) => {
    await must("mkdir", ["-p", pool.path("a/c/d"), pool.path("b")]);
    const results = await Promise.all(Array.from({ length: PROCESSES }, (_, seed) => {
      return python<[Record<string, number>, boolean]>(WORK, [pool.mountpoint, String(seed), String(CALLS_EACH)]);
    }));
    assertEquals(results, results.map(() => [{}, true]));
    await assert_no_strays(pool);
    assertEquals(broken_live_invariants(pool.pid), []);
    await must("find", [pool.mountpoint, "-mindepth", "1", "-delete"]);
    assertEquals(pool.branches.flatMap((branch) => [...Deno.readDirSync(branch)]), []);
    await forget_everything(pool);
    assertEquals(broken_live_invariants(pool.pid), []);
  });
});

/** Each name that is no directory is on exactly one branch, and nothing is on a branch that the pool does not show. */
async function assert_no_strays(pool: Pool): Promise<void> {
  const list = 'for tree; do cd "$tree" && find . -mindepth 1 ! -type d -printf "%P %y %s %n\\n"; done | sort';
  const shown = await shell(list, [pool.mountpoint]);
  const stored = await shell(list, pool.branches);
  assert_same_lines(stored.split("\n"), shown.split("\n"), "The branches differ from the pool");
  const folders = 'for tree; do cd "$tree" && find . -mindepth 1 -type d -printf "%P\\n"; done | sort -u';
  assert_same_lines(
    (await shell(folders, pool.branches)).split("\n"),
    (await shell(folders, [pool.mountpoint])).split("\n"),
    "The branches hold other directories than the pool",
  );
}

Deno.test("eight processes that rename directories in circles end with every file", async () => {
  await with_pool({}, async (pool) => {
    await must("mkdir", ["-p", ...[0, 1, 2, 3].map((at) => pool.path(`d${at}/inner`))]);
    const results = await Promise.all(Array.from({ length: PROCESSES }, (_, seed) =>
      python(
        `
        import random
        root, seed = sys.argv[1], int(sys.argv[2])
        chance = random.Random(seed)
        os.chdir(root)
        made, unexpected = 0, set()
        for at in range(300):
            old, new = chance.choice("0123"), chance.choice("0123")
            moved = attempt(os.rename, f"d{old}/inner", f"d{new}/inner")
            created = attempt(lambda: os.close(os.open(f"d{new}/inner/{seed}_{at}", os.O_CREAT | os.O_EXCL | os.O_WRONLY)))
            made += created == 0
            unexpected |= {moved, created} - {0, "ENOENT", "ENOTEMPTY", "EEXIST"}
        show([made, sorted(map(str, unexpected))])
      `,
        [pool.mountpoint, String(seed)],
      ).then((result) => result as [number, string[]])));
    assertEquals(results.map(([, unexpected]) => unexpected), results.map(() => []));
    const made = results.reduce((sum, [count]) => sum + count, 0);
    const count = 'for tree; do find "$tree" -type f; done | wc -l';
    assertEquals(Number(await shell(count, [pool.mountpoint])), made);
    assertEquals(Number(await shell(count, pool.branches)), made);
    assertEquals(broken_live_invariants(pool.pid), []);
  });
});
