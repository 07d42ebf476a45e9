// nfsopenhack on a real mount (operations §16.8): a daemon that may not write a write-protected file, as root on a network share,
// opens it all the same for a program that the kernel lets through.

import { assertEquals } from "@std/assert";
import { find_mount } from "../support/mount_table.ts";
import { PROGRAM, with_unmounted_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";
import { processes_of } from "../support/temp_dir.ts";
import { wait_until } from "../support/wait_until.ts";

/** Root without these obeys the permission bits of files. */
const RIGHTS = "-dac_override,-dac_read_search";

const OPEN = `
  pool, branch = sys.argv[1:]
  results = []
  for hack in ("off", "git", "all"):
      os.setxattr(pool + "/.mergerfs", "user.mergerfs.nfsopenhack", hack.encode())
      for name in ("r/.git/object", "plain"):
          put(f"{branch}/{name}", "old")
          os.chmod(f"{branch}/{name}", 0o444)
          opened = attempt(put, f"{pool}/{name}", hack)
          results.append([hack, name, opened, get(f"{branch}/{name}"), oct(os.stat(f"{branch}/{name}").st_mode)])
          os.unlink(f"{branch}/{name}")
  show(results)
`;

Deno.test("nfsopenhack: which write-protected files are opened, and that their mode stays", async () => {
  await with_unmounted_pool({ branches: [{}], options: "cache.entry=0,cache.attr=0" }, async (pool) => {
    await Deno.mkdir(pool.mountpoint);
    await Deno.mkdir(pool.on_branch(0, "r/.git"), { recursive: true });
    const command = [PROGRAM, ...pool.program_arguments(false)];
    const script = 'errors=$1; shift; exec "$@" < /dev/null > "$errors" 2>&1';
    const limited = ["setpriv", "--bounding-set", RIGHTS, "--inh-caps", RIGHTS, ...command];
    await must("bash", ["-c", script, "test", `${pool.directory}/errors`, ...limited]);
    try {
      const row = (
        hack: string,
        name: string,
        is_open: boolean,
      ) => [hack, name, is_open ? 0 : "EACCES", is_open ? hack : "old", "0o100444"];
      assertEquals(await python(OPEN, [pool.mountpoint, pool.branches[0]!]), [
        row("off", "r/.git/object", false),
        row("off", "plain", false),
        row("git", "r/.git/object", true),
        row("git", "plain", false),
        row("all", "r/.git/object", true),
        row("all", "plain", true),
      ]);
    } finally {
      if (find_mount(pool.mountpoint) !== undefined) await must("umount", [pool.mountpoint]);
      await wait_until("no process is left", () => processes_of(pool.mountpoint).length === 0);
    }
  });
});
