// Every policy on real file systems of different size and fill, switched at runtime: where new files and directories go,
// which copies are changed, which one is read (config.md §6). What is expected comes from the oracle of the spec, fed with
// what statvfs(3) says about each branch.

import { assert, assertEquals } from "@std/assert";
import { ENOENT, ENOSPC, EROFS } from "../../src/base/errno.ts";
import { MODE_NC, MODE_RO, MODE_RW } from "../../src/branches/branch.ts";
import { type Category, POLICY_NAMES } from "../../src/policies/registry.ts";
import { type DiskKind, MIB } from "../support/branch_disks.ts";
import type { FakeBranch } from "../support/fake_pool.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { type Answer, expected_answer } from "../support/policy_oracle.ts";
import { must, python } from "../support/run.ts";

interface Disk {
  readonly kind: DiskKind;
  readonly size_mib: number;
  readonly fill_mib: number;
  readonly mode?: "RW" | "RO" | "NC";
  /** Its own threshold; the option minfreespace, which is `MINFREESPACE_MIB`, where missing. */
  readonly own_mib?: number;
  readonly read_only?: true;
}

const MINFREESPACE_MIB = 2;

const LAYOUTS: Readonly<Record<string, readonly Disk[]>> = {
  "disks of different size and fill": [
    { kind: "tmpfs", size_mib: 32, fill_mib: 8 },
    { kind: "ext4", size_mib: 64, fill_mib: 44 },
    { kind: "tmpfs", size_mib: 128, fill_mib: 70 },
    { kind: "ext4", size_mib: 48, fill_mib: 4 },
    { kind: "tmpfs", size_mib: 256, fill_mib: 0, mode: "NC" },
  ],
  "equal disks": [
    { kind: "tmpfs", size_mib: 32, fill_mib: 8 },
    { kind: "tmpfs", size_mib: 32, fill_mib: 8 },
    { kind: "tmpfs", size_mib: 32, fill_mib: 8 },
    { kind: "tmpfs", size_mib: 32, fill_mib: 8 },
    { kind: "tmpfs", size_mib: 32, fill_mib: 8, mode: "RO" },
  ],
  "disks below their threshold, RO, or mounted read-only": [
    { kind: "tmpfs", size_mib: 96, fill_mib: 10, own_mib: 90 },
    { kind: "tmpfs", size_mib: 16, fill_mib: 15 },
    { kind: "ext4", size_mib: 64, fill_mib: 10 },
    { kind: "tmpfs", size_mib: 128, fill_mib: 0, read_only: true },
    { kind: "tmpfs", size_mib: 64, fill_mib: 50, own_mib: 1 },
  ],
  "nothing but full disks": [
    { kind: "tmpfs", size_mib: 8, fill_mib: 7 },
    { kind: "ext4", size_mib: 16, fill_mib: 0, own_mib: 100 },
    { kind: "tmpfs", size_mib: 8, fill_mib: 8 },
    { kind: "tmpfs", size_mib: 8, fill_mib: 7 },
    { kind: "tmpfs", size_mib: 8, fill_mib: 8 },
  ],
};

/** The branches with the directory that gets something new, and those with the one below it. */
const WITH_PARENT = [1, 2, 4];
const WITH_DEEP = [4];
/** The branches with the file that is changed, and with the one that is read. */
const WITH_CHANGED = [0, 2, 3, 4];
const WITH_READ = [1, 2, 3];
/** Modification times; branch 2 and branch 3 are equal, branch 1 is older. */
const MTIMES_S = [4000, 1000, 3000, 3000, 2000];

function prepare(branches: readonly string[], disks: readonly Disk[]): void {
  for (const [at, branch] of branches.entries()) {
    for (const policy of POLICY_NAMES) {
      if (WITH_PARENT.includes(at)) {
        for (const name of ["file", "directory", "deep"]) Deno.mkdirSync(`${branch}/${policy}-${name}`);
      }
      if (WITH_DEEP.includes(at)) Deno.mkdirSync(`${branch}/${policy}-deep/deep`);
      if (WITH_CHANGED.includes(at)) Deno.writeTextFileSync(`${branch}/${policy}-changed`, "");
      if (WITH_READ.includes(at)) Deno.symlinkSync(`${at}`, `${branch}/${policy}-read`);
    }
    Deno.writeFileSync(`${branch}/ballast`, new Uint8Array(0));
    const size_bytes = disks[at]!.fill_mib * MIB;
    if (size_bytes > 0) {
      new Deno.Command("fallocate", { args: ["-l", `${size_bytes}`, `${branch}/ballast`] }).outputSync();
    }
    set_times(branch, MTIMES_S[at]!);
    if (disks[at]!.read_only) new Deno.Command("mount", { args: ["-o", "remount,ro", branch] }).outputSync();
  }
}

function set_times(branch: string, mtime_s: number): void {
  const paths = [...Deno.readDirSync(branch)].map(({ name }) => `${branch}/${name}`);
  new Deno.Command("touch", { args: ["-h", "-d", `@${mtime_s}`, ...paths] }).outputSync();
}

/** Switches to each policy, does each thing, and looks at the branches. */
const RUN = `
  pool, branches, policies = sys.argv[1], sys.argv[2].split(":"), sys.argv[3].split()
  def option(name, value):
      os.setxattr(f"{pool}/.mergerfs", f"user.mergerfs.{name}", value.encode())
  def where(path):
      return [at for at, branch in enumerate(branches) if os.path.lexists(f"{branch}/{path}")]
  def made(call, path):
      result = attempt(call, f"{pool}/{path}")
      return where(path) if result == 0 else result
  def changed(path):
      result = attempt(os.chmod, f"{pool}/{path}", 0o600)
      there = where(path)
      return [at for at in there if os.stat(f"{branches[at]}/{path}").st_mode & 0o777 == 0o600] if result == 0 else result
  def read(path):
      result = attempt(os.readlink, f"{pool}/{path}")
      return [int(result)] if result.isdigit() else result
  found = {}
  for policy in policies:
      option("func.create", policy)
      option("func.mkdir", policy)
      option("func.chmod", policy)
      option("func.readlink", policy)
      found[policy] = {
          "file": made(put, f"{policy}-file/new"),
          "directory": made(os.mkdir, f"{policy}-directory/new"),
          "deep": made(put, f"{policy}-deep/deep/new"),
          "changed": changed(f"{policy}-changed"),
          "read": read(f"{policy}-read"),
      }
  show(found)
`;

type Found = Readonly<Record<string, number[] | string>>;

/** The branch for the oracle: figures from the system, existence and time from what was prepared. */
function fake(pool: Pool, disks: readonly Disk[], exists_from: (at: number) => number): FakeBranch[] {
  return pool.branches.map((path, at) => {
    const { own_mib, mode, read_only } = disks[at]!;
    const [frsize, blocks, bavail] = statvfs(path);
    return {
      mode: { RW: MODE_RW, RO: MODE_RO, NC: MODE_NC }[mode ?? "RW"],
      minfreespace: (own_mib ?? MINFREESPACE_MIB) * MIB,
      available: frsize! * bavail!,
      used: frsize! * (blocks! - bavail!),
      read_only: read_only ?? false,
      mtime_s: MTIMES_S[at]!,
      exists_from: exists_from(at),
    };
  });
}

function statvfs(path: string): number[] {
  const { stdout } = new Deno.Command("stat", { args: ["-f", "-c", "%S %b %a", path] }).outputSync();
  return new TextDecoder().decode(stdout).split(" ").map(Number);
}

function matches(found: number[] | string, answer: Answer, takes_one: boolean): boolean {
  if ("error" in answer) return found === { [ENOENT]: "ENOENT", [ENOSPC]: "ENOSPC", [EROFS]: "EROFS" }[answer.error];
  if (typeof found === "string") return "exactly" in answer && answer.exactly.length === 0 && found === "ENOENT";
  if ("one_of" in answer) return found.length === 1 && answer.one_of.includes(found[0]!);
  return found.join() === (takes_one ? answer.exactly.slice(0, 1) : answer.exactly).join();
}

const QUESTIONS: readonly {
  readonly name: string;
  readonly category: Category;
  readonly exists_from: (at: number) => number;
  readonly levels: number;
  /** Only the first of several branches is used. */
  readonly takes_one: boolean;
}[] = [
  {
    name: "file",
    category: "create",
    exists_from: (at) => WITH_PARENT.includes(at) ? 0 : 1,
    levels: 1,
    takes_one: true,
  },
  {
    name: "directory",
    category: "create",
    exists_from: (at) => WITH_PARENT.includes(at) ? 0 : 1,
    levels: 1,
    takes_one: false,
  },
  {
    name: "deep",
    category: "create",
    exists_from: (at) => WITH_DEEP.includes(at) ? 0 : WITH_PARENT.includes(at) ? 1 : 2,
    levels: 2,
    takes_one: true,
  },
  {
    name: "changed",
    category: "action",
    exists_from: (at) => WITH_CHANGED.includes(at) ? 0 : 1,
    levels: 0,
    takes_one: false,
  },
  { name: "read", category: "search", exists_from: (at) => WITH_READ.includes(at) ? 0 : 1, levels: 0, takes_one: true },
];

for (const [layout, disks] of Object.entries(LAYOUTS)) {
  Deno.test(`every policy, at runtime: ${layout}`, async () => {
    const branches = disks.map(({ kind, size_mib }) => ({ kind, size_bytes: size_mib * MIB }));
    await with_pool({
      branches,
      options: `minfreespace=${MINFREESPACE_MIB}M,cache.attr=0,cache.entry=0`,
      prepare: (paths) => prepare(paths, disks),
    }, async (pool) => {
      const list = pool.branches.map((path, at) => {
        const { mode = "RW", own_mib } = disks[at]!;
        return `${path}=${mode}${own_mib === undefined ? "" : `,${own_mib}M`}`;
      });
      await must("setfattr", ["-n", "user.mergerfs.branches", "-v", list.join(":"), pool.path(".mergerfs")]);
      const pools = QUESTIONS.map(({ exists_from }) => fake(pool, disks, exists_from));
      const args = [pool.mountpoint, pool.branches.join(":"), POLICY_NAMES.join(" ")];
      const found = await python<Record<string, Found>>(RUN, args);
      const wrong = POLICY_NAMES.flatMap((policy) =>
        QUESTIONS.flatMap(({ name, category, levels, takes_one }, at) => {
          const answer = expected_answer(policy, category, pools[at]!, levels);
          const actual = found[policy]![name]!;
          return matches(actual, answer, takes_one)
            ? []
            : [`${policy} ${name}: ${JSON.stringify(actual)}, not ${JSON.stringify(answer)}`];
        })
      );
      assertEquals(wrong, []);
    });
  });
}

/** Two disks, 64 and 48 MiB, one worker; `new()` makes a file and says where it is, `option()` sets one. */
const LIVE = `
  pool, a, b = sys.argv[1:]
  count = 0
  def option(name, value=None):
      control, key = f"{pool}/.mergerfs", f"user.mergerfs.{name}"
      return os.setxattr(control, key, value.encode()) if value is not None else os.getxattr(control, key).decode()
  def new(make=put):
      global count
      count += 1
      result = attempt(make, f"{pool}/{count}")
      if result != 0:
          return result
      return "".join(name for name, branch in (("a", a), ("b", b)) if os.path.lexists(f"{branch}/{count}"))
  def fill(branch, mib):
      with open(f"{branch}/ballast", "w") as file:
          os.posix_fallocate(file.fileno(), 0, mib << 20)
`;

function live_test(name: string, script: string, expected: unknown): void {
  Deno.test(name, async () => {
    const branches = [64, 48].map((size) => ({ size_bytes: size * MIB }));
    await with_pool({ branches, options: "category.create=mfs,read-thread-count=1" }, async (pool) => {
      assertEquals(await python(LIVE + script, [pool.mountpoint, ...pool.branches]), expected);
    });
  });
}

live_test(
  "cache.statfs keeps the figures of a disk that fills up; without it they are seen at once",
  `
  found = [new()]
  option("cache.statfs", "3600")
  found.append(new())
  fill(a, 40)
  found.append(new())
  option("cache.statfs", "0")
  found.append(new())
  show(found)
`,
  ["a", "a", "a", "b"],
);

live_test(
  "minfreespace at runtime, for all branches and for one",
  `
  option("category.create", "ff")
  fill(a, 40)
  found = [new()]
  option("minfreespace", "30M")
  found.append(new())
  option("minfreespace", "50M")
  found.append(new())
  option("branches", f"{a}=RW,1M:{b}")
  found.append(new())
  option("branches", f"{a}:{b}=RW,48M")
  found.append(new())
  option("branches", f"{a}:{b}=RW,49M")
  found.append(new())
  show(found)
`,
  ["a", "b", "ENOSPC", "a", "b", "ENOSPC"],
);

live_test(
  "a disk that is remounted read-only is passed over; EROFS comes before ENOSPC, whatever the order",
  `
  def remount(branch, word):
      assert os.system(f"mount -o remount,{word} {branch}") == 0
  found = []
  for first, second in ((a, b), (b, a)):
      option("branches", f"{first}:{second}")
      option("minfreespace", "0")
      remount(a, "ro")
      found.append([new(), attempt(os.chmod, f"{pool}/.", 0o755)])
      option("minfreespace", "60M")
      found.append(new())
      remount(a, "rw")
      option("minfreespace", "100M")
      found.append(new())
  found.append(option("branches") == f"{b}=RW:{a}=RW")
  show(found)
`,
  [["b", 0], "EROFS", "ENOSPC", ["b", 0], "EROFS", "ENOSPC", true],
);

live_test(
  "functions and categories at runtime",
  `
  found = [new(), new(os.mkdir)]
  option("func.create", "lfs")
  found += [new(), new(os.mkdir), option("category.create")]
  option("category.create", "lfs")
  found += [new(os.mkdir), option("category.create"), option("func.symlink")]
  found += [attempt(option, "category.create", "lfs,mfs"), attempt(option, "func.mkdir", "lsf"), option("func.mkdir")]
  option("func.getattr", "newest")
  found.append(option("category.search"))
  show(found)
`,
  ["a", "a", "b", "a", "lfs,mfs", "b", "lfs", "lfs", "EINVAL", "EINVAL", "lfs", "ff,newest"],
);

Deno.test("pfrd follows free space that changes", async () => {
  const branches = [96, 32].map((size) => ({ size_bytes: size * MIB }));
  const files = 600, expected = 8 / 40;
  await with_pool({ branches }, async (pool) => {
    const script = `${LIVE}
  fill(a, 88)
  show("".join(new() for _ in range(${files})).count("a"))
`;
    const found = await python<number>(script, [pool.mountpoint, ...pool.branches]);
    // Six standard deviations of a binomial distribution.
    const tolerance = 6 * Math.sqrt(files * expected * (1 - expected));
    assert(Math.abs(found - files * expected) < tolerance, `${found} of ${files} files on the first branch`);
  });
});
