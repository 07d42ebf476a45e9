// The wait for the disks of branches (config §4.8): the rules of "mounted", in their order, and the wait with disks that
// come, do not come, or do not answer.

import { assertEquals } from "@std/assert";
import { type BranchMounts, is_mounted, unmounted_branches } from "../../src/daemon/branch_mounts.ts";
import { device_of } from "../../src/sys/aside.ts";
import { must_run } from "../support/handler.ts";
import { collect_log_lines } from "../support/log_lines.ts";
import { with_temp_dir } from "../support/temp_dir.ts";

const MOUNTED = "mergerfs.branch";
const EMPTY = "mergerfs.branch_mounts_here";
const ELSEWHERE = "0:0";

/** Marks on the directory, whether it lies on the mountpoint's device, and what comes of it. */
const RULES: readonly (readonly [xattrs: string[], files: string[], same_device: boolean, mounted: boolean])[] = [
  [[], [], true, false],
  [[], [], false, true],
  [[MOUNTED], [], true, true],
  [[], [MOUNTED], true, true],
  [[EMPTY], [], false, false],
  [[], [EMPTY], false, false],
  [[MOUNTED, EMPTY], [EMPTY], true, true],
  [[EMPTY], [MOUNTED, EMPTY], true, true],
];

for (const [xattrs, files, same_device, mounted] of RULES) {
  const shown = `xattrs [${xattrs}], files [${files}], ${same_device ? "the mountpoint's" : "another"} device`;
  Deno.test(`${shown}: ${mounted ? "mounted" : "not mounted"}`, async () => {
    await with_temp_dir(async (directory) => {
      const branch = `${directory}/branch`;
      await Deno.mkdir(branch);
      for (const name of xattrs) must_run("setfattr", "-n", `user.${name}`, branch);
      for (const name of files) await Deno.writeTextFile(`${branch}/.${name}`, "");
      assertEquals(await is_mounted(branch, same_device ? await device_of(directory) : ELSEWHERE), mounted);
    });
  });
}

Deno.test("a branch that is not there is not mounted", async () => {
  await with_temp_dir(async (directory) => assertEquals(await is_mounted(`${directory}/none`, ELSEWHERE), false));
});

interface Disks extends BranchMounts {
  /** The paths that were mounted, in order. */
  readonly calls: string[];
}

/** Disks of which some are there, some come by mount, and some never answer. */
function disks(there: readonly string[], by_mount: readonly string[], silent: readonly string[] = []): Disks {
  const present = new Set(there);
  const never = new Promise<never>(() => {});
  const calls: string[] = [];
  return {
    calls,
    is_mounted: (path) => silent.includes(path) ? never : Promise.resolve(present.has(path)),
    mount(path) {
      calls.push(path);
      if (!by_mount.includes(path)) return path === "/hangs" ? never : Promise.resolve();
      present.add(path);
      return Promise.resolve();
    },
  };
}

Deno.test("disks that are there are not mounted again; those that come are waited for", async () => {
  const lines = collect_log_lines();
  const some = disks(["/a"], ["/b", "/c"]);
  assertEquals(await unmounted_branches(["/a", "/b", "/c"], 20_000, some), []);
  assertEquals(some.calls, ["/b", "/c"]);
  assertEquals(lines, ['notice: Waiting for "/b", "/c" to be mounted']);
});

Deno.test("mount is tried once for each branch, and the time is kept", async () => {
  collect_log_lines();
  const some = disks(["/a"], []);
  const started_ms = performance.now();
  assertEquals(await unmounted_branches(["/a", "/b"], 900, some), ["/b"]);
  assertEquals(some.calls, ["/b"]);
  assertEquals(performance.now() - started_ms >= 900, true);
});

Deno.test("a disk that does not answer, or whose mount hangs, keeps the others from nothing", async () => {
  collect_log_lines();
  const some = disks([], ["/b"], ["/silent"]);
  assertEquals(await unmounted_branches(["/silent", "/hangs", "/b"], 1000, some), ["/silent", "/hangs"]);
  assertEquals(some.calls, ["/hangs", "/b"]);
});

Deno.test("a branch below another one is mounted after it", async () => {
  collect_log_lines();
  const some = disks([], ["/a", "/a/b", "/ab"]);
  assertEquals(await unmounted_branches(["/a/b", "/ab", "/a"], 20_000, some), []);
  assertEquals(some.calls, ["/ab", "/a", "/a/b"]);
  const waiting = disks([], ["/hangs/b"]);
  assertEquals(await unmounted_branches(["/hangs/b", "/hangs"], 500, waiting), ["/hangs/b", "/hangs"]);
  assertEquals(waiting.calls, ["/hangs"]);
});
