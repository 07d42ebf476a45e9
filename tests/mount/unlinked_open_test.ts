// operations.md §30.7: files that are open and removed. Compared with a native directory where the pool promises the same.

import { assertEquals } from "@std/assert";
import { on_pool_and_native, type Pool, with_pool } from "../support/mount.ts";
import { python } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

Deno.test("everything by descriptor works on a removed file", async () => {
  const { pool, native } = await on_pool_and_native({}, (directory) =>
    python(
      `
      os.chdir(sys.argv[1])
      put("f", "0123456789")
      fd = os.open("f", os.O_RDWR)
      os.unlink("f")
      def links(): return os.fstat(fd).st_nlink
      def attributes():
          info = os.fstat(fd)
          return [info.st_mode, info.st_uid, info.st_gid, info.st_size, info.st_mtime_ns]
      show([
          links(),
          attempt(os.ftruncate, fd, 5), attempt(os.pread, fd, 100, 0).decode(),
          attempt(os.pwrite, fd, b"abc", 3), attempt(os.pread, fd, 100, 0).decode(),
          attempt(os.fchmod, fd, 0o640), attempt(os.fchown, fd, 12, 34), attempt(os.utime, fd, ns=(10**9, 2 * 10**9)),
          attributes(),
          attempt(fallocate, fd, 0, 0, 8192), attributes()[3],
          attempt(os.fsync, fd), attempt(os.fdatasync, fd), attempt(os.lseek, fd, 0, os.SEEK_END),
          os.listdir("."), attempt(os.stat, "f"),
      ])
    `,
      [directory],
    ));
  assertEquals(pool, native);
});

Deno.test("a removed file has no attributes to get or set any more: ESTALE", async () => {
  await with_pool({}, async (pool) => {
    const results = await python(
      `
      os.chdir(sys.argv[1])
      put("f", "x")
      fd = os.open("f", os.O_RDWR)
      os.unlink("f")
      show([
          attempt(os.getxattr, fd, "user.a"), attempt(os.setxattr, fd, "user.a", b"1"), attempt(os.listxattr, fd),
          attempt(os.fstatvfs, fd), attempt(os.open, f"/proc/self/fd/{fd}", os.O_RDONLY),
      ])
    `,
      [pool.mountpoint],
    );
    assertEquals(results, ["ESTALE", "ESTALE", "ESTALE", "ESTALE", "ESTALE"]);
  });
});

Deno.test("an O_PATH descriptor of a removed file and a descriptor of a removed directory: EBADF", async () => {
  await with_pool({ options: "cache.attr=0" }, async (pool) => {
    const results = await python(
      `
      os.chdir(sys.argv[1])
      put("f")
      os.mkdir("d")
      file, directory = os.open("f", os.O_PATH), os.open("d", os.O_RDONLY)
      os.unlink("f")
      os.rmdir("d")
      show([attempt(os.fstat, file), attempt(os.fstat, directory)])
    `,
      [pool.mountpoint],
    );
    assertEquals(results, ["EBADF", "EBADF"]);
  });
});

Deno.test("a file made again under the name of a removed one is another file", async () => {
  const { pool, native } = await on_pool_and_native({}, (directory) =>
    python(
      `
      os.chdir(sys.argv[1])
      put("f", "old")
      first, second = os.open("f", os.O_RDWR), os.open("f", os.O_RDONLY)
      os.unlink("f")
      again = os.open("f", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
      os.write(again, b"new")
      os.close(first)
      show([
          os.pread(second, 10, 0).decode(), os.pread(again, 10, 0).decode(), os.fstat(second).st_nlink,
          os.fstat(again).st_nlink, os.stat("f").st_size, oct(os.stat("f").st_mode), os.listdir("."),
      ])
    `,
      [directory],
    ));
  assertEquals(pool, native);
});

Deno.test("the branches of a removed open file show nothing", async () => {
  await with_pool({}, async (pool) => {
    const file = await Deno.open(pool.path("f"), { create: true, write: true });
    await Deno.remove(pool.path("f"));
    for (const branch of pool.branches) assertEquals([...Deno.readDirSync(branch)], []);
    assertEquals([...Deno.readDirSync(pool.mountpoint)], []);
    file.close();
  });
});

Deno.test("a file that another one was renamed over stays open", async () => {
  const { pool, native } = await on_pool_and_native({}, (directory) =>
    python(
      `
      os.chdir(sys.argv[1])
      put("old", "old")
      put("new", "new")
      replaced, moved = os.open("old", os.O_RDWR), os.open("new", os.O_RDWR)
      os.rename("new", "old")
      show([
          os.pread(replaced, 9, 0).decode(), os.pwrite(replaced, b"more", 3), os.fstat(replaced).st_size,
          os.fstat(replaced).st_nlink, os.pread(moved, 9, 0).decode(), os.pwrite(moved, b"!", 3), get("old"),
          os.fstat(moved).st_nlink, attempt(os.stat, "new"),
      ])
    `,
      [directory],
    ));
  assertEquals(pool, native);
});

Deno.test("func.open=rand: nine overlapping opens read one copy; the first one's descriptor goes with the last", async () => {
  await with_pool({ options: "func.open=rand,passthrough.io=off", trace: true }, async (pool) => {
    for (const at of [0, 1]) await Deno.writeTextFile(pool.on_branch(at, "f"), `branch ${at}`);
    const files: Deno.FsFile[] = [];
    for (let at = 0; at < 9; at++) files.push(await Deno.open(pool.path("f")));
    const contents = await Promise.all(files.map(text_of));
    assertEquals(new Set(contents).size, 1);
    assertEquals(open_branch_files(pool), 9);
    let closed = 0;
    // How many there are when the daemon has answered the RELEASEs of these.
    const left_after_closing = async (...some: Deno.FsFile[]) => {
      for (const file of some) file.close();
      closed += some.length;
      await wait_until(`${closed} are released`, () => released(pool) === closed);
      return open_branch_files(pool);
    };
    assertEquals(await left_after_closing(files[0]!), 9);
    assertEquals(await left_after_closing(...files.slice(1, 8)), 2);
    await files[8]!.seek(0, Deno.SeekMode.Start);
    assertEquals(await text_of(files[8]!), contents[0]);
    assertEquals(await left_after_closing(files[8]!), 0);
  });
});

/** How many RELEASE requests were answered. */
function released(pool: Pool): number {
  const lines = pool.log_lines();
  const asked = lines.flatMap((line) => / dir=IN unique=(\S+) opcode=RELEASE /.exec(line)?.[1] ?? []);
  return asked.filter((unique) => lines.some((line) => line.includes(` dir=OUT unique=${unique} `))).length;
}

async function text_of(file: Deno.FsFile): Promise<string> {
  const buffer = new Uint8Array(8);
  const length = await file.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
}

function open_branch_files(pool: Pool): number {
  const descriptors = `/proc/${pool.pid}/fd`;
  const targets = [...Deno.readDirSync(descriptors)].map(({ name }) => link_target(`${descriptors}/${name}`));
  return targets.filter((target) => /\/branch\d\/f$/.test(target)).length;
}

function link_target(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return "";
  }
}
