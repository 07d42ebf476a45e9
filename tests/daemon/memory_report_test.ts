// The report about memory (config §3.2): what is in it, and that nothing anybody put under its name is written to.

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { report, ReportFile } from "../../src/daemon/memory_report.ts";
import { collect_log_lines } from "../support/log_lines.ts";
import { with_pool } from "../support/handler.ts";
import { with_temp_dir } from "../support/temp_dir.ts";

const MIB = 1024 * 1024;

Deno.test("a block has a time, then a figure a line, then an empty line", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const before = /^nodes=(\d+)$/m.exec(report(pool.arena))![1]!;
    pool.node("f");
    const block = report(pool.arena);
    assertMatch(block, /^time=\d{4}-\d\d-\d\dT\S+Z\n([a-z_]+=\d+\n)+\n$/);
    assertEquals(Number(/^nodes=(\d+)$/m.exec(block)![1]), Number(before) + 1);
    assert(Number(/^resident_bytes=(\d+)$/m.exec(block)![1]) > MIB);
  });
});

Deno.test("blocks are appended; beyond 1 MiB the file starts again; a removed file is made again", async () => {
  await with_temp_dir(async (directory) => {
    const file = new ReportFile(directory);
    file.append("first\n");
    file.append("second\n");
    assertEquals(file.path, `${directory}/mergerfs.${Deno.pid}.info`);
    assertEquals(await Deno.readTextFile(file.path), "first\nsecond\n");
    assertEquals((await Deno.stat(file.path)).mode! & 0o7777, 0o600);
    file.append("x".repeat(MIB));
    file.append("last\n");
    assertEquals(await Deno.readTextFile(file.path), "last\n");
    await Deno.remove(file.path);
    file.append("anew\n");
    assertEquals(await Deno.readTextFile(file.path), "anew\n");
  });
});

Deno.test("what others put under the name is not written to", async () => {
  await with_temp_dir(async (directory) => {
    const target = `${directory}/target`;
    for (const trap of [Deno.symlink, Deno.link]) {
      await Deno.writeTextFile(target, "precious");
      const file = new ReportFile(directory);
      await trap(target, file.path);
      file.append("block\n");
      assertEquals([await Deno.readTextFile(target), await Deno.readTextFile(file.path)], ["precious", "block\n"]);
      assertNotEquals((await Deno.lstat(file.path)).ino, (await Deno.stat(target)).ino);
      assertEquals((await Deno.lstat(file.path)).isSymlink, false);
      await Deno.remove(file.path);
    }
  });
});

Deno.test("a file that cannot be made is said once", async () => {
  const lines = collect_log_lines();
  await with_temp_dir(async (directory) => {
    const file = new ReportFile(directory);
    await Deno.mkdir(file.path);
    for (let round = 0; round < 3; round++) file.append("block\n");
    assertEquals(lines, [`warning: Cannot make "${file.path}": File exists; no memory reports`]);
    await Deno.remove(file.path);
    file.append("block\n");
    assertEquals(await Deno.readTextFile(file.path), "block\n");
  });
});
