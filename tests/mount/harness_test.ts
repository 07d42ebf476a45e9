// The harness itself: whatever goes wrong in a test, no mount, process or directory is left, and a leftover is noticed.

import { assertEquals, assertRejects } from "@std/assert";
import { mounts_below } from "../support/mount_table.ts";
import { type Pool, with_pool, with_unmounted_pool } from "../support/mount.ts";
import { run } from "../support/run.ts";
import { kill, processes_of } from "../support/temp_dir.ts";
import { wait_until } from "../support/wait_until.ts";

async function assert_nothing_left(directory: string): Promise<void> {
  assertEquals(mounts_below(directory), []);
  assertEquals(processes_of(directory), []);
  await assertRejects(() => Deno.lstat(directory), Deno.errors.NotFound);
}

const ACCIDENTS: Readonly<Record<string, (pool: Pool) => Promise<unknown> | void>> = {
  "that fails": () => {},
  "whose program is stopped": (pool) => kill(pool.pid, "SIGSTOP"),
  "whose program is killed": (pool) => kill(pool.pid, "SIGKILL"),
};

for (const [name, accident] of Object.entries(ACCIDENTS)) {
  Deno.test(`a test ${name} leaves nothing`, async () => {
    let directory = "";
    const failing = with_pool({}, async (pool) => {
      directory = pool.directory;
      await accident(pool);
      throw new Error("an accident");
    });
    await assertRejects(() => failing, Error, "an accident");
    await assert_nothing_left(directory);
  });
}

Deno.test("a process that keeps a branch busy makes the test fail", async () => {
  let directory = "";
  let sleeper: Promise<unknown> | undefined;
  const failing = with_unmounted_pool({}, async (pool) => {
    directory = pool.directory;
    const command = 'exec 9> "$1"; touch "$2"; exec tail -f /dev/null "$1"';
    sleeper = run("bash", ["-c", command, "test", pool.on_branch(0, "f"), `${directory}/open`]);
    await wait_until("the file is open", () => Deno.stat(`${directory}/open`).then(() => true, () => false));
  });
  await assertRejects(() => failing, Error, "busy");
  await sleeper;
  await assert_nothing_left(directory);
});
