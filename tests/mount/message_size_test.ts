// fuse-msg-size with a real kernel: how much comes in one request, and the system's limit, which is raised for it.

import { assertEquals } from "@std/assert";
import { on_pool_and_native, with_pool } from "../support/mount.ts";
import { must, python } from "../support/run.ts";

const LIMIT_FILE = "/proc/sys/fs/fuse/max_pages_limit";
const PAGE_BYTES = 4096;

/** Writes 2 MiB in one go; returns the size of the first request, and how the option reads back. */
async function first_write(size: string): Promise<{ bytes: number; shown: string }> {
  let result = { bytes: 0, shown: "" };
  await with_pool(
    { branches: [{}], options: `passthrough.io=off,fuse-msg-size=${size}`, trace: true },
    async (pool) => {
      await must("dd", ["if=/dev/zero", `of=${pool.path("f")}`, "bs=2M", "count=1", "status=none"]);
      assertEquals((await Deno.stat(pool.on_branch(0, "f"))).size, 2 << 20);
      const line = pool.log_lines().find((text) => text.includes("opcode=WRITE "))!;
      const key = ["--only-values", "-n", "user.mergerfs.fuse-msg-size", pool.path(".mergerfs")];
      result = { bytes: Number(/ size=(\d+)/.exec(line)![1]), shown: await must("getfattr", key) };
    },
  );
  return result;
}

for (const [size, pages] of [["1", 1], ["100k", 25], ["1M", 256]] as const) {
  Deno.test(`fuse-msg-size=${size}: ${pages} pages in one request`, async () => {
    assertEquals(await first_write(size), { bytes: pages * PAGE_BYTES, shown: String(pages) });
  });
}

Deno.test("attributes are as large as natively, however small the messages", async () => {
  const code = `
    os.chdir(sys.argv[1])
    put("f")
    results = []
    for size in (4096, 65535, 65536, 65537):
        results += [attempt(os.setxattr, "f", "user.a", b"x" * size), len(os.getxattr("f", "user.a"))]
    for at in range(200):
        os.setxattr("f", f"user.{at:0250}", b"")
    show(results + [len(os.listxattr("f"))])
  `;
  const { pool, native } = await on_pool_and_native(
    { branches: [{}], options: "fuse-msg-size=1" },
    (directory) => python(code, [directory]),
  );
  assertEquals(pool, native);
});

Deno.test("a size above the system's limit raises that before the mount is made", async () => {
  const before = await Deno.readTextFile(LIMIT_FILE).catch(() => undefined);
  if (before === undefined) {
    // Linux before 6.13 has no such limit, and no more than 256 pages.
    return assertEquals(await first_write("300"), { bytes: 256 * PAGE_BYTES, shown: "256" });
  }
  await Deno.writeTextFile(LIMIT_FILE, "256");
  try {
    assertEquals(await first_write("300"), { bytes: 300 * PAGE_BYTES, shown: "300" });
    assertEquals((await Deno.readTextFile(LIMIT_FILE)).trim(), "300");
  } finally {
    await Deno.writeTextFile(LIMIT_FILE, before);
  }
});
