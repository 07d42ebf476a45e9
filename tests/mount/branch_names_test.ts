// Branches whose names are not UTF-8: from a config file, from an -o group with escapes, at runtime, by a pattern. (As bytes on
// the command line they never reach the program: the runtime ends before it.)

import { assertEquals } from "@std/assert";
import { with_unmounted_pool } from "../support/mount.ts";
import { python, shell } from "../support/run.ts";

const MAKE_DISKS = 'mkdir "$1/d"$\'\\377\' "$1/e"$\'\\376\'; printf \'%b\' "$2" > "$1/config"';

/** What the pool shows: the branches, the files on each, the source in the mount table. */
const LOOK = `
  pool, directory = sys.argv[1].encode(), sys.argv[2].encode()
  put(pool + b"/x")
  def files(name):
      return os.listdir(directory + name)
  table = open("/proc/self/mountinfo", "rb").read().split(b"\\n")
  line = [line for line in table if b" " + pool + b" " in line][0]
  control = pool + b"/.mergerfs"
  before = os.getxattr(control, "user.mergerfs.branches").hex()
  os.setxattr(control, "user.mergerfs.branches", b"+" + directory + b"/e\\xfe=RO")
  added = os.getxattr(control, "user.mergerfs.srcmounts").hex()
  os.setxattr(control, "user.mergerfs.branches", directory + b"/[de]?")
  globbed = os.getxattr(control, "user.mergerfs.srcmounts").hex()
  os.setxattr(control, "user.mergerfs.branches", b"-*/e\\xfe")
  left = os.getxattr(control, "user.mergerfs.srcmounts").hex()
  base = os.getxattr(pool + b"/x", "user.mergerfs.basepath").hex()
  show({"file": len(files(b"/d\\xff")), "source": line.rsplit(b" ", 2)[1].hex(), "before": before, "added": added,
        "globbed": globbed, "left": left, "base": base})
`;

function hex(bytes: readonly (string | number)[]): string {
  const parts = bytes.map((part) => typeof part === "number" ? [part] : [...new TextEncoder().encode(part)]);
  return parts.flat().map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

for (const source of ["config file", "escapes"] as const) {
  Deno.test(`a branch that is not called in UTF-8, from ${source}`, async () => {
    await with_unmounted_pool({ branches: [] }, async (pool) => {
      const d = pool.directory;
      await shell(MAKE_DISKS, [d, `branches=${d}/d\\0377\nminfreespace=0\n`]);
      const options = source === "escapes" ? `minfreespace=0,branches=${d}/d\\377` : `config=${d}/config`;
      await pool.start(["-f", "-o", options, pool.mountpoint]);
      const found = await python(LOOK, [pool.mountpoint, d]);
      assertEquals(found, {
        file: 1,
        source: hex([`${d}/d`, 0xff]),
        before: hex([`${d}/d`, 0xff, "=RW"]),
        added: hex([`${d}/d`, 0xff, `:${d}/e`, 0xfe]),
        globbed: hex([`${d}/d`, 0xff, `:${d}/e`, 0xfe]),
        left: hex([`${d}/d`, 0xff]),
        base: hex([`${d}/d`, 0xff]),
      });
      await pool.stop();
    });
  });
}
