// An ordinary user mounts a pool of its own directories through fusermount3, uses it, and unmounts it.

import { assertEquals, assertMatch } from "@std/assert";
import { PROGRAM, with_unmounted_pool } from "../support/mount.ts";
import { must, run } from "../support/run.ts";
import { processes_of } from "../support/temp_dir.ts";
import { wait_until } from "../support/wait_until.ts";

const USER = 65534;

// In a mount namespace, because /dev/fuse may belong to root alone on the machine of the test.
const SCRIPT = `
  set -eu
  directory=$1
  mkdir "$directory/device"
  mount -t tmpfs -o mode=755 tmpfs "$directory/device"
  mknod -m 666 "$directory/device/fuse" c 10 229
  mount --bind "$directory/device/fuse" /dev/fuse
  as_user() { setpriv --reuid=${USER} --regid=${USER} --clear-groups "$@"; }
  as_user "$directory/mergerfs-ts" -o minfreespace=0 "$directory/branch0:$directory/branch1" "$directory/pool" 2> "$directory/errors"
  grep -F " $directory/pool " /proc/self/mounts
  as_user bash -c 'echo content > "$1/pool/file"; mkdir "$1/pool/folder"; mv "$1/pool/file" "$1/pool/folder/"; cat "$1/pool/folder/file"
    ls "$1/pool/folder"; stat -c "%u %g" "$1/pool/folder/file"; rm -r "$1/pool/folder"; ls -A "$1/pool" "$1/branch0" "$1/branch1"' \\
    test "$directory"
  cat "$directory/pool/file" 2>&1 || echo "root is refused"
  as_user fusermount3 -u "$directory/pool"
  if grep -qF " $directory/pool " /proc/self/mounts; then echo "still mounted"; fi
  cat "$directory/errors"
`;

// Debian's mergerfs has such a program. What libfuse3 asks of it is what it asks of its own, which stands in for it here.
const OTHER_NAME = `
  mkdir "$1/bin"
  mount -t tmpfs -o mode=755 tmpfs "$1/bin"
  cp /usr/bin/fusermount3 "$1/bin/mergerfs-fusermount"
  chmod 4755 "$1/bin/mergerfs-fusermount"
  ln -s mergerfs-fusermount "$1/bin/fusermount3"
  mount --bind /dev/null /usr/bin/fusermount3
  export PATH="$1/bin:$PATH"
`;

for (const [name, before] of [["fusermount3", ""], ["a link to mergerfs-fusermount in PATH", OTHER_NAME]] as const) {
  Deno.test(`a user mounts, uses and unmounts a pool through ${name}`, async () => {
    await with_unmounted_pool({ branches: [{ kind: "dir" }, { kind: "dir" }] }, async (pool) => {
      await Deno.copyFile(PROGRAM, `${pool.directory}/mergerfs-ts`);
      await Deno.mkdir(pool.mountpoint);
      for (const path of [pool.mountpoint, ...pool.branches]) await Deno.chown(path, USER, USER);
      const result = await run("unshare", ["--mount", "bash", "-c", before + SCRIPT, "test", pool.directory], {
        deadline_ms: 30_000,
      });
      assertEquals(result.code, 0, result.stdout + result.stderr);
      const lines = result.stdout.trimEnd().split("\n");
      assertMatch(lines[0]!, /^0:1 \S+ fuse\.mergerfs \S*nosuid\S*nodev\S*user_id=65534,group_id=65534/);
      assertEquals(lines[0]!.includes("allow_other"), false);
      assertEquals(lines.slice(1, 4), ["content", "file", `${USER} ${USER}`]);
      assertEquals(lines.slice(4, 9).filter((line) => line !== "").map((line) => line.split("/").at(-1)), [
        "branch0:",
        "branch1:",
        "pool:",
      ]);
      assertMatch(result.stdout, /root is refused/);
      assertMatch(lines.at(-1)!, /WARNING: .*not running as root/);
      await wait_until("no process is left", () => processes_of(pool.mountpoint).length === 0);
      await must("rm", ["-r", ...pool.branches]);
    });
  });
}
