// The name that the program was started by (config §1.11, departures D19).

import { assertEquals } from "@std/assert";
import { start_name, type StartName, tool_asked_for } from "../../src/cli/start_name.ts";

function outcome(argv0: string, ...own: string[]): [program: string, role: StartName["role"]] {
  const name = start_name([argv0, ...own].map((argument) => `${argument}\0`).join(""), own.length);
  assertEquals(name.argv0, argv0);
  return [name.program, name.role];
}

Deno.test("the base name of argv[0] tells what was started, and how its messages begin", () => {
  const cases: [argv0: string, program: string, role: StartName["role"]][] = [
    ["mergerfs-ts", "mergerfs-ts", "daemon"],
    ["/usr/bin/mergerfs-ts", "mergerfs-ts", "daemon"],
    ["./mergerfs", "mergerfs", "daemon"],
    ["/opt/pool", "mergerfs-ts", "daemon"],
    ["", "mergerfs-ts", "daemon"],
    ["/sbin/mount.mergerfs-ts", "mergerfs-ts", "mount"],
    ["/sbin/mount.fuse.mergerfs-ts", "mergerfs-ts", "mount"],
    ["mount.fuseblk.mergerfs-ts", "mergerfs-ts", "mount"],
    ["/sbin/mount.mergerfs", "mergerfs", "mount"],
    ["/sbin/mount.fuse.mergerfs", "mergerfs", "mount"],
    ["/mount.mergerfs/mergerfs-ts", "mergerfs-ts", "daemon"],
    ["mount.fuse.mergerfs-ts.old", "mergerfs-ts", "daemon"],
    ["mount.fuse", "mergerfs-ts", "daemon"],
    ["/sbin/fsck.mergerfs", "fsck.mergerfs", "fsck"],
    ["fsck.mergerfs-ts", "fsck.mergerfs-ts", "fsck"],
    ["/usr/local/bin/mergerfs.fsck", "mergerfs.fsck", "fsck"],
    ["mergerfs-ts.fsck", "mergerfs-ts.fsck", "fsck"],
    ["fsck.ext4", "mergerfs-ts", "daemon"],
    ["/usr/bin/mergerfs.collect-info", "mergerfs.collect-info", "collect-info"],
    ["mergerfs-ts.collect-info", "mergerfs-ts.collect-info", "collect-info"],
    ["collect-info", "mergerfs-ts", "daemon"],
  ];
  for (const [argv0, program, role] of cases) {
    assertEquals(outcome(argv0, "/a", "-o", "x", ""), [program, role], argv0);
    assertEquals(outcome(argv0), [program, role], argv0);
  }
});

Deno.test("a loader in front of the program tells the name", () => {
  const line = ["ld.so", "--library-path", "/x", "--argv0", "/sbin/mount.mergerfs", "program", "--argv0", "/b"];
  const name = start_name(line.map((argument) => `${argument}\0`).join(""), 2);
  assertEquals(name, { argv0: "/sbin/mount.mergerfs", program: "mergerfs", role: "mount" });
});

Deno.test("own arguments are no name", () => {
  assertEquals(outcome("mergerfs-ts", "--argv0", "mount.mergerfs"), ["mergerfs-ts", "daemon"]);
});

Deno.test("the first word asks for a helper program, but not of a program that stands in for mergerfs", () => {
  const asked = (argv0: string, ...argv: string[]) => tool_asked_for(start_name(`${argv0}\0`, 0), argv);
  assertEquals(asked("mergerfs-ts", "fsck", "/pool"), "fsck");
  assertEquals(asked("/opt/pool", "collect-info"), "collect-info");
  assertEquals(asked("/usr/bin/mergerfs", "fsck", "/pool"), undefined);
  assertEquals(asked("mergerfs-ts", "./fsck", "/pool"), undefined);
  assertEquals(asked("mergerfs-ts", "-f", "fsck", "/pool"), undefined);
  assertEquals(asked("mergerfs-ts", "--", "fsck", "/pool"), undefined);
  assertEquals(asked("mergerfs-ts", "fsck:/a", "/pool"), undefined);
  assertEquals(asked("mergerfs-ts"), undefined);
});
