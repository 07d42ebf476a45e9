// mount(8), fstab and busybox start the program under its helper names. All in mount namespaces: nothing of the machine
// changes, and it does not matter whether another mergerfs is installed.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Pool, PROGRAM, with_unmounted_pool } from "../support/mount.ts";
import { run, type RunResult } from "../support/run.ts";
import { processes_of } from "../support/temp_dir.ts";
import { wait_until } from "../support/wait_until.ts";

const TYPES = ["fuse.mergerfs-ts", "mergerfs-ts", "fuse.mergerfs", "mergerfs"];
const DEADLINE_MS = 60_000;
/** A user of the namespace only, with a group besides the own one. */
const USER = { name: "pooluser", uid: 54321, gid: 54322, more_gid: 54323 };

// Everyone may reach program and device; /sbin gets the names of the helpers, /etc the fstab and the user, and mount(8)
// keeps its notes in /run. `table` prints the mounts of the pool: flags, type, source, options.
const PRELUDE = `
  directory=$1 pool=$1/pool fstab=$1/fstab
  for place in /sbin /etc; do
    place=$(realpath "$place") upper=$directory/upper$(realpath "$place" | tr / _)
    mkdir "$upper"
    mount -t tmpfs tmpfs "$upper"
    mkdir "$upper/upper" "$upper/work"
    mount -t overlay -o "lowerdir=$place,upperdir=$upper/upper,workdir=$upper/work" overlay "$place"
  done
  mount -t tmpfs -o mode=755 tmpfs /run
  mknod -m 666 /run/fuse c 10 229
  mount --bind /run/fuse /dev/fuse
  touch "$directory/mergerfs-ts"
  mount --bind "$2" "$directory/mergerfs-ts"
  for type in ${TYPES.join(" ")}; do ln -sf "$directory/mergerfs-ts" "/sbin/mount.$type"; done
  cat "$fstab" > /etc/fstab
  echo '${USER.name}:x:${USER.uid}:${USER.gid}::'"$directory"':/bin/false' >> /etc/passwd
  echo 'disks:x:${USER.more_gid}:${USER.name}' >> /etc/group
  table() { awk -v pool="$pool" '$5 == pool { print "table " $6, $8, $9, $10 }' /proc/self/mountinfo; }
  as_user() { setpriv --reuid=${USER.uid} --regid=${USER.gid} --init-groups "$@"; }
  code() { local code=0; "$@" || code=$?; echo "code $code"; }
`;

/** Runs a bash script as root in a mount namespace that is prepared as the prelude says. */
async function in_namespace(pool: Pool, script: string, fstab = ""): Promise<RunResult> {
  await Deno.mkdir(pool.mountpoint, { recursive: true });
  await Deno.writeTextFile(`${pool.directory}/fstab`, fstab.replaceAll("DIRECTORY", pool.directory));
  const all = ["--mount", "bash", "-euc", PRELUDE + script, "test", pool.directory, PROGRAM];
  const result = await run("unshare", all, { deadline_ms: DEADLINE_MS });
  assertEquals(result.code, 0, result.stdout + result.stderr);
  return result;
}

/** A pool of two directories that is not mounted; at the end none of its processes may be left. */
async function with_directories(body: (pool: Pool) => Promise<void>): Promise<void> {
  await with_unmounted_pool({ branches: [{ kind: "dir" }, { kind: "dir" }] }, async (pool) => {
    await body(pool);
    await wait_until("no process is left", () => processes_of(pool.mountpoint).length === 0);
  });
}

/** Lines of a result. A line of the mount table has its options in alphabetical order, without what is always there. */
function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [mark, flags, type, source, options] = line.split(" ");
    if (mark !== "table") return line;
    const more = options!.split(",").filter((option) => !/^r[wo]$|^(user|group)_id=0$/.test(option)).sort().join(",");
    return [mark, flags, type, source, more].join(" ");
  });
}

const USUAL = "allow_other,default_permissions";

for (const type of TYPES) {
  Deno.test(`mount -t ${type} mounts, umount unmounts`, async () => {
    await with_directories(async (pool) => {
      const script = `
        code mount -t ${type} -o minfreespace=0,category.create=mfs "$1/branch0:$1/branch1" "$1/pool"
        table
        echo content > "$1/pool/file"
        cat "$1"/branch?/file
        code umount "$1/pool"
        table
      `;
      const { stdout, stderr } = await in_namespace(pool, script);
      const expected = ["code 0", `table rw,relatime fuse.mergerfs 0:1 ${USUAL}`, "content", "code 0"];
      assertEquals([lines(stdout), stderr], [expected, ""]);
    });
  });
}

Deno.test("mount -a mounts what fstab says, spaces, commas and backslashes included, and a second time leaves it alone", async () => {
  await with_directories(async (pool) => {
    const words =
      "noatime,nosuid,nofail,_netdev,auto,x-systemd.requires=/mnt,x-gvfs-hide,X-mount.idmap.none,comment=films";
    const branches = "DIRECTORY/branch0:DIRECTORY/a\\040branch=RO:DIRECTORY/none*";
    const options = `defaults,${words},minfreespace=0,fsname=my\\040films\\,a\\134\\134b\\054lazytime,func.create=ff`;
    const script = `
      mkdir "$1/a branch"
      for round in 1 2; do code mount -a -T "$fstab"; done
      table
      getfattr --absolute-names --only-values -n user.mergerfs.branches "$pool/.mergerfs"
      umount "$pool"
    `;
    const fstab = `# the pool\n${branches} DIRECTORY/pool fuse.mergerfs-ts ${options} 0 0\n`;
    const { stdout, stderr } = await in_namespace(pool, script, fstab);
    const at = pool.directory;
    assertEquals(lines(stdout), [
      "code 0",
      `mergerfs-ts: This pool is mounted on "${at}/pool" already`,
      "code 0",
      `table rw,nosuid,noatime fuse.mergerfs my\\040films,a\\134b ${USUAL},lazytime`,
      `${at}/branch0=RW:${at}/a branch=RO:${at}/none*=RW`,
    ]);
    assertEquals(new Set(lines(stderr).map((line) => line.replace(/".*"/, "X"))).size, 1, stderr);
    assertMatch(
      stderr,
      /^mergerfs-ts: NOTICE: Branch ".*\/none\*" does not exist; it joins the pool once it appears\.$/m,
    );
  });
});

Deno.test("ten times mount -a at once make one mount, and take away one whose server was killed", async () => {
  await with_directories(async (pool) => {
    const script = `
      code mount -a -T "$fstab"
      server=$(pgrep -f "mergerfs-ts $1")
      kill -KILL "$server"
      while [ -e "/proc/$server" ]; do :; done
      for each in 1 2 3 4 5 6 7 8 9 10; do code mount -a -T "$fstab" & done
      wait
      table
      ls "$pool"
      umount "$pool"
      table
    `;
    const { stdout, stderr } = await in_namespace(pool, script, "DIRECTORY/branch? DIRECTORY/pool mergerfs ro 0 0\n");
    const count = (text: string) => lines(stdout).filter((line) => line.startsWith(text)).length;
    assertEquals([count("code 0"), count("mergerfs: This pool is mounted"), count("table")], [11, 9, 1], stdout);
    assertEquals([lines(stdout).length, stderr], [21, ""]);
  });
});

Deno.test("another pool, and a direct start, go on top as ever; lazy-umount-mountpoint replaces", async () => {
  await with_directories(async (pool) => {
    const script = `
      code mount -t mergerfs "$1/branch0:$1/branch1" "$pool"
      code mount -t mergerfs "$1/branch1:$1/branch0" "$pool"
      code "$1/mergerfs-ts" "$1/branch1" "$1/branch0" "$pool"
      table
      for each in 1 2 3; do umount "$pool"; done
      for each in 1 2; do code mount -t mergerfs -o lazy-umount-mountpoint=true "$1/branch1" "$pool"; done
      table
      umount "$pool"
      mount -t tmpfs tmpfs "$pool"
      code mount -t mergerfs "$1/branch1" "$pool"
      table
      umount "$pool"; umount "$pool"
    `;
    const { stdout, stderr } = await in_namespace(pool, script);
    const sources = lines(stdout).filter((line) => line.startsWith("table")).map((line) => line.split(" ")[3]);
    const one = `${pool.directory}/branch1`;
    const told = `mergerfs: Another pool is mounted on "${pool.mountpoint}", this one goes on top of it (`;
    assertEquals(sources, ["0:1", "1:0", "1:0", one, "tmpfs", one]);
    assertEquals([lines(stderr).length, stderr.startsWith(told)], [1, true], stderr);
    assertEquals(lines(stdout).filter((line) => line === "code 0").length, 6, stdout);
  });
});

Deno.test("busybox mount starts the helper too", async () => {
  await with_directories(async (pool) => {
    const script = `
      code busybox mount -t fuse.mergerfs-ts -o minfreespace=0,fsname=busy,nofail "$1/branch0:$1/branch1" "$pool"
      table
      echo content > "$pool/file"
      code busybox umount "$pool"
      code busybox mount -a -T "$fstab"
      table
      code busybox mount -a -T "$fstab"
      umount "$pool"
    `;
    const fstab = "DIRECTORY/branch*=NC DIRECTORY/pool mergerfs fsname=my\\040films,x-systemd.automount,users 0 0\n";
    const { stdout, stderr } = await in_namespace(pool, script, fstab);
    assertEquals([lines(stdout), stderr], [[
      "code 0",
      `table rw,relatime fuse.mergerfs busy ${USUAL}`,
      "code 0",
      "code 0",
      `table rw,relatime fuse.mergerfs my\\040films ${USUAL}`,
      "code 0", // busybox looks itself
    ], ""]);
  });
});

Deno.test("setuid=NAME runs the pool as that user, with all groups, once", async () => {
  await with_directories(async (pool) => {
    const script = `
      chown ${USER.uid} "$1/branch0" "$pool"
      chgrp ${USER.more_gid} "$1/branch1"
      chmod 770 "$1/branch1"
      for round in 1 2; do code mount -t fuse.mergerfs-ts -o "$2" "$1/branch0:$1/branch1" "$pool"; done
      table
      as_user bash -c 'echo content > "$1/pool/file"; cat "$1"/branch1/file; stat -c "%u" "$1/branch1/file"' test "$1"
      server=$(pgrep -f "mergerfs-ts $1")
      grep -E '^(Uid|Gid|Groups):' "/proc/$server/status" | tr -s '[:space:]' ' '
      echo
      tr '\\0' '\\n' < "/proc/$server/environ" | grep -E '^(HOME|USER|LOGNAME|SHELL)=' | sort
      kill -KILL "$server"
      while [ -e "/proc/$server" ]; do :; done
      code mount -t fuse.mergerfs-ts -o "$2" "$1/branch0:$1/branch1" "$pool"
      table
      umount "$pool"
    `.replaceAll('"$2"', `setuid=${USER.name},minfreespace=0,category.create=rand,branches=$1/branch1`);
    const { stdout, stderr } = await in_namespace(pool, script);
    const { uid, gid, more_gid } = USER;
    const table = `table rw,nosuid,nodev,relatime fuse.mergerfs ${pool.directory}/branch1 ` +
      `default_permissions,group_id=${gid},user_id=${uid}`;
    const warning = "* WARNING: mergerfs-ts is not running as root and may not work correctly\n";
    assertEquals([lines(stdout), stderr], [[
      "code 0",
      `mergerfs-ts: This pool is mounted on "${pool.mountpoint}" already`,
      "code 0",
      table,
      "content",
      `${uid}`,
      `Uid: ${uid} ${uid} ${uid} ${uid} Gid: ${gid} ${gid} ${gid} ${gid} Groups: ${gid} ${more_gid} `,
      `HOME=${pool.directory}`,
      `LOGNAME=${USER.name}`,
      "SHELL=/bin/false",
      `USER=${USER.name}`,
      "code 0",
      table,
    ], warning + warning]);
  });
});

Deno.test("a user mounts and unmounts what fstab allows", async () => {
  await with_directories(async (pool) => {
    const script = `
      chown ${USER.uid} "$1"/branch? "$pool"
      code as_user mount "$pool"
      table
      code as_user umount "$pool"
      code as_user /sbin/mount.mergerfs-ts "$1/branch0" "$pool" -o setuid=root
      table
    `;
    const fstab =
      "DIRECTORY/branch0:DIRECTORY/branch1 DIRECTORY/pool mergerfs-ts user,noauto,fsname=a\\,b\\134\\134c 0 0\n";
    const { stdout, stderr } = await in_namespace(pool, script, fstab);
    const flags = "rw,nosuid,nodev,noexec,relatime";
    assertEquals(lines(stdout), [
      "code 0",
      `table ${flags} fuse.mergerfs a,b\\134c default_permissions,group_id=${USER.gid},user_id=${USER.uid}`,
      "code 0",
      "code 1",
    ]);
    assertMatch(stderr, /^mergerfs-ts: cannot become user "root": Operation not permitted \(only root may\)$/m);
  });
});

Deno.test("mount -f checks the options and mounts nothing", async () => {
  await with_directories(async (pool) => {
    const script = `
      code mount -f -t mergerfs "$1/branch0" "$pool"
      code mount -f -n -v -s -t mergerfs -o cache.files=maybe "$1/branch0" "$pool"
      code mount -f -o remount,ro -t mergerfs "$1/branch0" "$pool"
      table
    `;
    const { stdout, stderr } = await in_namespace(pool, script);
    assertEquals(lines(stdout).filter((line) => !line.includes("mounted on")), ["code 0", "code 1", "code 0"]);
    assertMatch(stderr, /^mergerfs: ERROR - invalid value - cache\.files=maybe \(.*\)$/m);
  });
});

Deno.test("mount -o remount changes the flags and mounts nothing", async () => {
  await with_directories(async (pool) => {
    const script = `
      code mount -o remount,ro -t mergerfs none "$pool"
      mount -a
      code mount -o remount,ro,nosuid "$pool"
      table
      touch "$pool/file" || echo refused
      code mount -o remount,rw "$pool"
      table
      touch "$pool/file"
      umount "$pool"
    `;
    const fstab = "DIRECTORY/branch0:DIRECTORY/branch1 DIRECTORY/pool mergerfs noatime,minfreespace=0 0 0\n";
    const { stdout, stderr } = await in_namespace(pool, script, fstab);
    assertEquals(lines(stdout), [
      "code 1",
      "code 0",
      `table ro,nosuid,noatime fuse.mergerfs 0:1 ${USUAL}`,
      "refused",
      "code 0",
      `table rw,noatime fuse.mergerfs 0:1 ${USUAL}`,
    ]);
    const told = `mergerfs: cannot remount "${pool.mountpoint}": Invalid argument (`;
    assert(stderr.startsWith(told), stderr);
  });
});

Deno.test("the helper runs itself, whatever PATH holds, and speaks under the name it was called by", async () => {
  await with_directories(async (pool) => {
    const script = `
      mkdir "$1/path"
      for name in mergerfs mergerfs-ts sh su; do
        printf '#!/bin/bash\\necho wrong' > "$1/path/$name"
        chmod 755 "$1/path/$name"
      done
      code env -i "PATH=$1/path" /sbin/mount.mergerfs -v "$1/branch0" -o minfreespace=0 "$pool" -n
      table
      umount "$pool"
      code env -i /sbin/mount.fuse.mergerfs "$1/branch0" "$pool" -o max_read=many
      code env -i /sbin/mount.mergerfs "$1/branch0" "$1/none" -t fuse.mergerfs-ts
      code env -i /sbin/mount.mergerfs "$1/branch0"
      code env -i /sbin/mount.mergerfs "$1/branch0" "$pool" -o setuid=nobody.there
      ln -s "$1/mergerfs-ts" "$1/mergerfs"
      code "$1/mergerfs" "$1/branch0" "$1/none"
    `;
    const { stdout, stderr } = await in_namespace(pool, script);
    const table = `table rw,relatime fuse.mergerfs ${pool.directory}/branch0 ${USUAL}`;
    assertEquals(lines(stdout), ["code 0", table, ...Array(5).fill("code 1")]);
    assertEquals(lines(stderr).map((line) => line.replace(/ \(.*\)$/, "")), [
      "mergerfs: mount failed: invalid parameter in option `max_read=many'",
      `mergerfs-ts: bad mount point \`${pool.directory}/none': No such file or directory`,
      "usage: /sbin/mount.mergerfs source destination [-t type] [-o opt[,opts...]]",
      'mergerfs: unknown user "nobody.there" in "setuid=nobody.there"',
      `mergerfs: bad mount point \`${pool.directory}/none': No such file or directory`,
    ]);
  });
});

Deno.test("setuid=NAME where NAME may not run the program is one line", async () => {
  await with_directories(async (pool) => {
    const script = `
      mkdir -m 700 "$1/private"
      cp "$1/mergerfs-ts" "$1/private/mergerfs-ts"
      ln -sf "$1/private/mergerfs-ts" /sbin/mount.mergerfs-ts
      code mount -t mergerfs-ts -o setuid=${USER.name} "$1/branch0" "$pool"
      table
    `;
    const { stdout, stderr } = await in_namespace(pool, script);
    assertEquals(lines(stdout), ["code 1"]);
    assertMatch(stderr, /^mergerfs-ts: cannot start ".*" in the background: Permission denied \(.*\)\n$/);
  });
});

Deno.test("a pool that tells nothing of itself is known by its source", async () => {
  await with_directories(async (pool) => {
    const script = `
      code mount -t mergerfs -o xattr=nosys "$1/branch0:$1/branch1" "$pool"
      getfattr -n user.any "$pool" 2> /dev/null || echo "the kernel asks no more"
      code mount -t mergerfs -o xattr=nosys "$1/branch0:$1/branch1" "$pool"
      code mount -t mergerfs -o xattr=nosys,fsname=other "$1/branch0:$1/branch1" "$pool"
      getfattr -n user.any "$pool" 2> /dev/null || echo "the kernel asks no more"
      code mount -t mergerfs -o fsname=other "$1/branch0" "$pool"
      table
      umount "$pool"; umount "$pool"
    `;
    const { stdout, stderr } = await in_namespace(pool, script);
    const again = `mergerfs: This pool is mounted on "${pool.mountpoint}" already`;
    const tables = ["0:1", "other"].map((source) => `table rw,relatime fuse.mergerfs ${source} ${USUAL}`);
    const silent = "the kernel asks no more";
    assertEquals(lines(stdout), ["code 0", silent, again, "code 0", "code 0", silent, again, "code 0", ...tables]);
    assertMatch(stderr, /^mergerfs: Another pool is mounted on .*\n$/);
  });
});

Deno.test("mount -o remount names the options of the pool that it leaves as they are, and no others", async () => {
  await with_directories(async (pool) => {
    const script = `
      mount -a
      code mount -o remount,noatime "$pool"
      code mount -o remount,category.create=ff,cache.attr=5 "$pool"
      code mount -o remount,categry.create=ff,category.create=mfz "$pool"
      code mount -o remount,ro,async_read=false,branches=+/new "$pool"
      table
      umount "$pool"
    `;
    const options =
      "minfreespace=0,category.create=mfs,cache.attr=5,posix_acl=true,cache.files=libfuse,fsname=x,use_ino,func.readdir=seq";
    const fstab = `DIRECTORY/branch0:DIRECTORY/branch1 DIRECTORY/pool mergerfs ${options} 0 0\n`;
    const { stdout, stderr } = await in_namespace(pool, script, fstab);
    assertEquals(lines(stdout), ["code 0", "code 1", "code 1", "code 0", `table ro,noatime fuse.mergerfs x ${USUAL}`]);
    const [b0, b1] = pool.branches;
    const attribute = `(change it with: setfattr -n user.mergerfs`, file = `${pool.mountpoint}/.mergerfs)`;
    assertEquals(lines(stderr), [
      'mergerfs: "cache.files=libfuse" is an older spelling and taken as "cache.files=partial"; write that instead.',
      `mergerfs: a remount leaves "category.create" at "mfs" ${attribute}.category.create -v ff ${file}`,
      'mergerfs: ERROR - invalid value - category.create=mfz (unknown policy "mfz"; did you mean "mfs"?)',
      'mergerfs: NOTICE: Branch "/new" does not exist; it joins the pool once it appears.',
      'mergerfs: a remount leaves "async-read" at "true" (unmount and mount again to change it)',
      `mergerfs: a remount leaves "branches" at "${b0}=RW:${b1}=RW" ${attribute}.branches -v +/new ${file}`,
    ]);
  });
});
