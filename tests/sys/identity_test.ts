// Ids and capabilities of threads (operations §4, departures D15).

import { assertEquals } from "@std/assert";
import {
  getegid,
  geteuid,
  getfsgid,
  getfsuid,
  getgid,
  getuid,
  has_kept_capabilities,
  keep_capabilities,
  raise_limits,
  setfsgid,
  setfsuid,
  umask,
} from "../../src/sys/identity.ts";
import { with_threads } from "../support/threads.ts";

const IDENTITY_THREAD = new URL("../support/identity_thread.ts", import.meta.url);
const is_root = geteuid() === 0;

Deno.test("the ids of the process are those that Deno knows", () => {
  assertEquals([getuid(), getgid()], [Deno.uid()!, Deno.gid()!]);
  assertEquals([geteuid(), getegid()], [Deno.uid()!, Deno.gid()!]);
  assertEquals([getfsuid(), getfsgid()], [Deno.uid()!, Deno.gid()!]);
});

Deno.test("setfsuid and setfsgid tell the former id", { ignore: !is_root }, () => {
  assertEquals([setfsgid(1001), setfsgid(0), getfsgid()], [0, 1001, 0]);
  assertEquals([setfsuid(1000), setfsuid(0), getfsuid()], [0, 1000, 0]);
  assertEquals([setfsuid(0xffff_fffe), setfsuid(0)], [0, 0xffff_fffe]);
});

Deno.test("a thread's filesystem ids are its own", { ignore: !is_root }, async () => {
  await with_threads(IDENTITY_THREAD, 2, async (one, other) => {
    assertEquals(await one!.call("become", 1000, 1001), [0, 0, 1000, 1001]);
    assertEquals([getfsuid(), getfsgid(), geteuid(), getegid()], [0, 0, 0, 0]);
    assertEquals(await other!.call("become", 0, 0), [0, 0, 0, 0]);
  });
});

Deno.test("what a thread with other filesystem ids makes is theirs", { ignore: !is_root }, async () => {
  const directory = Deno.makeTempDirSync({ prefix: "scratch_" });
  try {
    Deno.chmodSync(directory, 0o777);
    await with_threads(IDENTITY_THREAD, 1, async (thread) => {
      await thread!.call("become", 1000, 1001);
      assertEquals(await thread!.call("create", `${directory}/theirs`), 0);
    });
    Deno.writeTextFileSync(`${directory}/ours`, "");
    const owners = ["theirs", "ours"].map((name) => Deno.lstatSync(`${directory}/${name}`));
    assertEquals(owners.map(({ uid, gid }) => [uid, gid]), [[1000, 1001], [0, 0]]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("kept capabilities survive a switch of ids, in threads made later too", { ignore: !is_root }, async () => {
  assertEquals(keep_capabilities(), 0);
  assertEquals(has_kept_capabilities(), true);
  const directory = Deno.makeTempDirSync({ prefix: "scratch_" }); // mode 0700, ours
  try {
    await with_threads(IDENTITY_THREAD, 1, async (thread) => {
      assertEquals(await thread!.call("has_kept_capabilities"), true);
      await thread!.call("become", 1000, 1000);
      assertEquals(await thread!.call("create", `${directory}/in_a_closed_directory`), 0);
      assertEquals(await thread!.call("has_kept_capabilities"), true);
    });
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("umask returns the former mask", () => {
  // The mask belongs to the process, in which other tests run as well: it is set to what it is.
  const mask = parseInt(Deno.readTextFileSync("/proc/self/status").match(/^Umask:\s*([0-7]+)$/m)![1]!, 8);
  assertEquals(umask(mask), mask);
});

Deno.test("raise_limits raises to the hard limit at least", () => {
  raise_limits();
  const [, soft, hard] = Deno.readTextFileSync("/proc/self/limits").match(/Max open files +(\d+) +(\d+)/)!;
  assertEquals(soft, hard);
});
