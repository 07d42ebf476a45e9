// operations.md §30.1: the six operations that change metadata by path, over branches.

import { assertEquals } from "@std/assert";
import { python } from "../support/run.ts";
import { with_scenario } from "../support/scenario.ts";

const CALLS: Readonly<Record<string, string>> = {
  chmod: "os.chmod(path, 0o600)",
  chown: "os.chown(path, 1234, 4321)",
  truncate: "os.truncate(path, 3)",
  utimens: "os.utime(path, ns=(10**9, 2 * 10**9))",
  setxattr: 'os.setxattr(path, "user.new", b"value")',
  removexattr: 'os.removexattr(path, "user.old")',
};

interface Row {
  readonly name: string;
  /** One word per branch: its mode, "imm" for RW with an immutable file, "none" for RW without the file. */
  readonly branches: readonly ("RW" | "RO" | "NC" | "imm" | "none")[];
  readonly result: unknown;
  /** The branches whose copy is changed. */
  readonly changed: readonly number[];
}

const TABLE: readonly Row[] = [
  { name: "RO, refused, changed: ENOENT", branches: ["RO", "imm", "RW"], result: "ENOENT", changed: [2] },
  { name: "the first branch's error counts", branches: ["imm", "RW"], result: "EPERM", changed: [1] },
  { name: "the first branch's success counts", branches: ["RW", "imm"], result: 0, changed: [0] },
  { name: "all refuse: EPERM", branches: ["imm", "imm"], result: "EPERM", changed: [] },
  { name: "RO branches only: EROFS", branches: ["RO", "RO"], result: "EROFS", changed: [] },
  { name: "on an RO branch, RW has no copy: EROFS", branches: ["RO", "none"], result: "EROFS", changed: [] },
  { name: "an NC branch is changed", branches: ["NC"], result: 0, changed: [0] },
  { name: "an RO copy stays as it is", branches: ["RO", "RW"], result: 0, changed: [1] },
];

// All six on one pool per row, each with a file of its own.
for (const { name, branches, result, changed } of TABLE) {
  const files = Object.keys(CALLS);
  const modes = branches.map((word) => word === "imm" || word === "none" ? "RW" : word);
  const before = branches.map((word) => word === "none" ? [] : files);

  Deno.test(`metadata: ${name}`, () =>
    with_scenario({ modes, before }, async (pool) => {
      const immutable = pool.branches.filter((_, at) => branches[at] === "imm");
      for (const file of files) {
        const found = await change(pool.mountpoint, pool.branches, immutable, file);
        assertEquals(found, { result, changed }, file);
      }
    }));
}

/** Makes one of the calls on the pool; returns its result and the numbers of the branches whose copy changed. */
function change(pool: string, branches: readonly string[], immutable: readonly string[], file: string) {
  return python<{ result: unknown; changed: number[] }>(
    `
    pool, name, *branches = sys.argv[1:]
    branches, immutable = branches[:branches.index("--")], branches[branches.index("--") + 1:]
    FS_IMMUTABLE_FL = 0x10

    def state(branch):
        path = f"{branch}/{name}"
        if not os.path.exists(path):
            return None
        info = os.stat(path)
        extra = {key: os.getxattr(path, key).hex() for key in os.listxattr(path)}
        return [info.st_mode, info.st_uid, info.st_gid, info.st_size, info.st_atime_ns, info.st_mtime_ns, extra]

    for branch in branches:
        if os.path.exists(f"{branch}/{name}"):
            os.setxattr(f"{branch}/{name}", "user.old", b"value")
    for branch in immutable:
        set_flags(f"{branch}/{name}", get_flags(f"{branch}/{name}") | FS_IMMUTABLE_FL)
    before = [state(branch) for branch in branches]
    path = f"{pool}/{name}"
    result = attempt(lambda: ${CALLS[file]})
    after = [state(branch) for branch in branches]
    show({"result": result, "changed": [at for at in range(len(branches)) if before[at] != after[at]]})
  `,
    [pool, file, ...branches, "--", ...immutable],
  );
}
