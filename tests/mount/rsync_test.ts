// rsync -aHAX with everything that -HAX is for: hard links, ACLs, attributes, and odd modes, owners, times and types.

import { assertEquals } from "@std/assert";
import { with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";
import { assert_same_tree } from "../support/tree.ts";

const RSYNC = ["-aHAX"];

async function make_tree(directory: string): Promise<void> {
  await python(
    `
    root = sys.argv[1]
    for at in range(20):
        folder = f"{root}/folder{at}"
        os.makedirs(f"{folder}/below")
        put(f"{folder}/file", f"{at}" * 1000 * at)
        os.link(f"{folder}/file", f"{folder}/below/hard_link")
        os.symlink("../file", f"{folder}/below/soft_link")
        os.setxattr(f"{folder}/file", "user.colour", b"\\x00blue\\xff")
        os.setxattr(folder, "user.place", b"shelf")
        os.chown(f"{folder}/file", 1000 + at, 2000 + at)
        os.chmod(f"{folder}/file", 0o4755 if at % 2 else 0o640)
    os.chmod(f"{root}/folder1", 0o2775)
    os.chmod(f"{root}/folder2", 0o1777)
    os.mkfifo(f"{root}/pipe", 0o600)
    os.mknod(f"{root}/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.lchown(f"{root}/folder3/below/soft_link", 5, 6)
    put(f"{root}/holes")
    os.truncate(f"{root}/holes", 1 << 20)
    put(os.fsencode(root) + b"/not utf-8 \\xff\\xfe", b"x")
    put(f"{root}/old", "old")
  `,
    [directory],
  );
  await must("setfacl", ["-m", "u:1234:rwx,g:4321:r-x", `${directory}/folder4/file`]);
  await must("setfacl", ["-d", "-m", "u:1234:rwx", `${directory}/folder5`]);
  await make_old(directory);
}

/** rsync takes times within the same second as equal, so nothing may be as young as the copies. */
async function make_old(directory: string): Promise<void> {
  await must("find", [directory, "-exec", "touch", "--no-dereference", "--date=@123456.789", "{}", "+"]);
}

Deno.test("rsync -aHAX into the pool and out of it keeps everything", async () => {
  await with_pool({}, async (pool) => {
    const native = `${pool.directory}/native`;
    const back = `${pool.directory}/back`;
    await Deno.mkdir(native);
    await make_tree(native);
    await must("rsync", [...RSYNC, `${native}/`, pool.path("tree/")]);
    await assert_same_tree(pool.path("tree"), native);
    const second = await must("rsync", [...RSYNC, "--checksum", "--itemize-changes", `${native}/`, pool.path("tree/")]);
    assertEquals(second, "");
    await must("rsync", [...RSYNC, pool.path("tree/"), `${back}/`]);
    await assert_same_tree(back, native);
  });
});

Deno.test("rsync --delete into the pool makes it equal to a changed source", async () => {
  await with_pool({}, async (pool) => {
    const native = `${pool.directory}/native`;
    await Deno.mkdir(native);
    await make_tree(native);
    await must("rsync", [...RSYNC, `${native}/`, pool.path("tree/")]);
    await must("rm", ["-rf", `${native}/folder7`, `${native}/folder8/file`]);
    await must("mv", [`${native}/folder9`, `${native}/moved`]);
    await make_old(native);
    await must("rsync", [...RSYNC, "--delete", `${native}/`, pool.path("tree/")]);
    await assert_same_tree(pool.path("tree"), native);
  });
});
