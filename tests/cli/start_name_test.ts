// The name that the program was started by (config §1.11, departures D19).

import { assertEquals } from "@std/assert";
import { start_name } from "../../src/cli/start_name.ts";

function outcome(argv0: string, ...own: string[]): [program: string, is_mount_helper: boolean] {
  const name = start_name([argv0, ...own].map((argument) => `${argument}\0`).join(""), own.length);
  assertEquals(name.argv0, argv0);
  return [name.program, name.is_mount_helper];
}

Deno.test("the base name of argv[0] tells what was started, and how its messages begin", () => {
  const cases: [argv0: string, program: string, is_mount_helper: boolean][] = [
    ["mergerfs-ts", "mergerfs-ts", false],
    ["/usr/bin/mergerfs-ts", "mergerfs-ts", false],
    ["./mergerfs", "mergerfs", false],
    ["/opt/pool", "mergerfs-ts", false],
    ["", "mergerfs-ts", false],
    ["/sbin/mount.mergerfs-ts", "mergerfs-ts", true],
    ["/sbin/mount.fuse.mergerfs-ts", "mergerfs-ts", true],
    ["mount.fuseblk.mergerfs-ts", "mergerfs-ts", true],
    ["/sbin/mount.mergerfs", "mergerfs", true],
    ["/sbin/mount.fuse.mergerfs", "mergerfs", true],
    ["/mount.mergerfs/mergerfs-ts", "mergerfs-ts", false],
    ["mount.fuse.mergerfs-ts.old", "mergerfs-ts", false],
    ["mount.fuse", "mergerfs-ts", false],
  ];
  for (const [argv0, program, is_mount_helper] of cases) {
    assertEquals(outcome(argv0, "/a", "-o", "x", ""), [program, is_mount_helper], argv0);
    assertEquals(outcome(argv0), [program, is_mount_helper], argv0);
  }
});

Deno.test("a loader in front of the program tells the name", () => {
  const line = ["ld.so", "--library-path", "/x", "--argv0", "/sbin/mount.mergerfs", "program", "--argv0", "/b"];
  const name = start_name(line.map((argument) => `${argument}\0`).join(""), 2);
  assertEquals(name, { argv0: "/sbin/mount.mergerfs", program: "mergerfs", is_mount_helper: true });
});

Deno.test("own arguments are no name", () => {
  assertEquals(outcome("mergerfs-ts", "--argv0", "mount.mergerfs"), ["mergerfs-ts", false]);
});
