// The arguments of the mount helper (config §1.11) as util-linux and busybox write them, and as people do.

import { assertEquals } from "@std/assert";
import { type HelperArguments, read_helper_arguments } from "../../src/cli/helper_arguments.ts";
import { split_group } from "../../src/config/items.ts";

const NAME = { argv0: "/sbin/mount.mergerfs-ts", program: "mergerfs-ts", role: "mount" as const };

function read(...argv: string[]): HelperArguments {
  const given = read_helper_arguments(NAME, argv);
  if (typeof given === "string") throw new Error(given);
  return given;
}

/** The words of a list, as the program itself reads them afterwards. */
function words(list: string): string[] {
  return split_group(read("/a", "/pool", "-o", list).argv[3]!);
}

Deno.test("source, target and options in any order are a direct start", () => {
  const expected = ["/a:/b", "/pool", "-o", "ro,cache.files=off,dev,suid"];
  const cases = [
    ["/a:/b", "/pool", "-o", "ro,cache.files=off"],
    ["/a:/b", "/pool", "-s", "-n", "-v", "-o", "ro,cache.files=off", "-t", "fuse.mergerfs-ts"],
    ["-n", "-o", "ro,cache.files=off", "/a:/b", "-v", "/pool"],
    ["-oro", "/a:/b", "/pool", "-o", "cache.files=off"],
    ["/a:/b", "-r", "/pool", "-o", "cache.files=off", "-N", "/proc/1/ns/mnt"],
    ["/a:/b", "/pool", "-o", "ro,cache.files=off", "-o"],
    ["/a:/b", "/pool", "-o", "ro,cache.files=off", "/more", "--unknown"],
  ];
  for (const argv of cases) assertEquals([...read(...argv).argv], expected, argv.join(" "));
});

Deno.test("what is only for mount(8) is left out", () => {
  const list = ",nofail,user,nouser,users,auto,noauto,_netdev,,setuid=alice,remount,x-systemd.requires=/a,noatime,";
  assertEquals(words(list), ["x-systemd.requires=/a", "noatime", "dev", "suid"]);
});

Deno.test("devices and set-id programs work unless the options say otherwise", () => {
  assertEquals(read("/a", "/pool").argv.slice(2), ["-o", "dev,suid"]);
  assertEquals(words("nodev"), ["nodev", "suid"]);
  assertEquals(words("nosuid"), ["nosuid", "dev"]);
  assertEquals(words("nosuid,nodev"), ["nosuid", "nodev"]);
});

Deno.test("escaped commas, backslashes and quoted contexts stay with their word", () => {
  assertEquals(words("fsname=a\\,user\\,b\\\\,auto"), ["fsname=a,user,b\\", "dev", "suid"]);
  assertEquals(words("fsname=a\\054b c"), ["fsname=a,b c", "dev", "suid"]);
  assertEquals(words("fsname=a\\"), ["fsname=a\\", "dev", "suid"]);
  assertEquals(words('ro,context="s0:c1,c2",rw'), ["ro", 'context="s0:c1,c2"', "rw", "dev", "suid"]);
  assertEquals(words('fscontext="a,user"'), ['fscontext="a,user"', "dev", "suid"]);
  assertEquals(words('fsname="a,user,b"'), ['fsname="a', 'b"', "dev", "suid"]);
});

Deno.test("user, remount and -f", () => {
  const { user, is_fake, is_remount } = read("/a", "/pool", "-o", "setuid=alice,setuid=bob,remount", "-nfv");
  assertEquals([user, is_fake, is_remount], ["bob", true, true]);
  const plain = read("/a", "/pool", "-v", "--fast", "-o", "cache.files=off");
  assertEquals([plain.user, plain.is_fake, plain.is_remount], [undefined, false, false]);
});

Deno.test("the type gives the name for messages", () => {
  const program = (...more: string[]) => read("/a", "/pool", ...more).program;
  assertEquals(program(), "mergerfs-ts");
  assertEquals(program("-t", "fuse.mergerfs"), "mergerfs");
  assertEquals(program("-t", "fuseblk.mergerfs"), "mergerfs");
  assertEquals(program("-t", "mergerfs-ts"), "mergerfs-ts");
});

Deno.test("too little is told", () => {
  const usage = "usage: /sbin/mount.mergerfs-ts source destination [-t type] [-o opt[,opts...]]";
  for (const argv of [[], ["/a"], ["/a", "-o", "/pool"], ["/a", "-v", "-h"]]) {
    assertEquals(read_helper_arguments(NAME, argv), usage);
  }
  assertEquals(read_helper_arguments(NAME, ["/a", "/pool", "-t"]), `${NAME.argv0}: missing argument to option '-t'`);
  for (const type of ["", "fuse.", "fuseblk."]) {
    const text = `${NAME.argv0}: empty type given as argument to option '-t'`;
    assertEquals(read_helper_arguments(NAME, ["/a", "/pool", "-t", type]), text);
  }
});
