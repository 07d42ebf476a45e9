// What the start works out before anything is mounted: options for libfuse, sizes of the pool of workers, signals, the
// command line of the background child, the mountpoint (departures D17, D18, D21; config §1.8, §7.7).

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Configuration } from "../../src/config/configuration.ts";
import { worker_count } from "../../src/config/thread_counts.ts";
import { arguments_before } from "../../src/daemon/background.ts";
import { resolve_mountpoint } from "../../src/daemon/mount.ts";
import { mount_options } from "../../src/daemon/mount_options.ts";
import { ignored_signals } from "../../src/daemon/signals.ts";
import { StartError } from "../../src/daemon/start_error.ts";
import { pool_size } from "../../src/daemon/worker_pool.ts";

const MS_NOSUID = 2n;
const MS_NODEV = 4n;
const MS_NOATIME = 1024n;
const MS_NODIRATIME = 2048n;
const MS_RELATIME = 1n << 21n;
const MS_STRICTATIME = 1n << 24n;
const MS_LAZYTIME = 1n << 25n;

function options(words: readonly string[], settings: Readonly<Record<string, string>> = {}, is_root = true) {
  const configuration = new Configuration();
  for (const [key, text] of Object.entries({ fsname: "a:b", ...settings })) {
    assertEquals(configuration.set(key, text, "startup"), 0);
  }
  return mount_options(configuration, words, is_root);
}

Deno.test("libfuse gets permissions, name and type, and the words of the command line", () => {
  assertEquals(options([]).libfuse, "default_permissions,allow_other,fsname=a:b,subtype=mergerfs");
  assertEquals(options([], {}, false).libfuse, "default_permissions,fsname=a:b,subtype=mergerfs");
  assertEquals(
    options(["ro", "allow_other", "context=x"], { "kernel-permissions-check": "false" }).libfuse,
    "allow_other,fsname=a:b,ro,context=x,subtype=mergerfs",
  );
  assertEquals(options(["subtype=other", "subtype="]).libfuse.split(",").at(-1), "subtype=other");
});

Deno.test("commas and backslashes in a name pass libfuse whole", () => {
  assertStringIncludes(options([], { fsname: "a,b\\c" }).libfuse, "fsname=a\\,b\\\\c,");
  assertStringIncludes(options(["context=a,b"]).libfuse, ",context=a\\,b,");
});

Deno.test("words that libfuse refuses never reach it", () => {
  const refused = ["relatime", "norelatime", "strictatime", "nostrictatime", "diratime", "nodiratime", "lazytime"];
  const words = [...refused, "nolazytime", "large_read", "nonempty", "x-systemd.automount", "x-gvfs-show"];
  assertEquals(options(words).libfuse, options([]).libfuse);
});

Deno.test("time words become flags of a remount, which names the other flags again", () => {
  const usual = MS_NOSUID | MS_NODEV;
  assertEquals(options(["noatime", "ro"]).remount_flags, 0n);
  assertEquals(options(["relatime"]).remount_flags, usual | MS_RELATIME);
  assertEquals(options(["strictatime", "lazytime"]).remount_flags, usual | MS_STRICTATIME | MS_LAZYTIME);
  assertEquals(options(["strictatime", "relatime"]).remount_flags, usual | MS_RELATIME);
  assertEquals(options(["nodiratime", "noatime", "suid", "dev", "ro"]).remount_flags, MS_NODIRATIME | MS_NOATIME | 1n);
  assertEquals(options(["lazytime", "nolazytime"]).remount_flags, usual);
  assertEquals(options(["relatime"], {}, false).remount_flags, 0n);
});

Deno.test("the pool of workers: elastic by default, fixed when threads are named", () => {
  const size = (read: number, process: number, cpus: number) => pool_size(worker_count(read, process, cpus), cpus);
  assertEquals(size(0, -1, 2), { initial: 2, limit: 64 });
  assertEquals(size(0, -1, 32), { initial: 32, limit: 128 });
  assertEquals(size(3, -1, 2), { initial: 3, limit: 3 });
  assertEquals(size(1, 4, 2), { initial: 5, limit: 5 });
  assertEquals(size(-2, -1, 8), { initial: 4, limit: 4 });
});

Deno.test("signals that the caller ignores are seen", () => {
  const status = (mask: string) => `Name:\tx\nSigBlk:\tffffffffffffffff\nSigIgn:\t${mask}\nSigCgt:\t0000000000000000\n`;
  assertEquals([...ignored_signals(status("0000000000000000"))], []);
  // SIGHUP is 1, SIGINT 2, SIGQUIT 3, SIGPIPE 13, SIGTERM 15.
  assertEquals([...ignored_signals(status("0000000000005007"))].sort(), [1, 15, 2, 3]);
  assertEquals([...ignored_signals(status("8000000000000002"))], [2]);
});

Deno.test("the child's command line: what stood before our arguments is repeated", () => {
  const line = (...parts: string[]) => parts.map((part) => `${part}\0`).join("");
  assertEquals(arguments_before(line("/usr/bin/mergerfs-ts", "-o", "x", "/a", "/b"), 4), []);
  assertEquals(arguments_before(line("deno", "run", "-A", "main.ts", "/a", "/b"), 2), ["run", "-A", "main.ts"]);
  assertEquals(arguments_before(line("ld.so", "--argv0", "x", "denort", "", "/b"), 2), ["--argv0", "x", "denort"]);
  assertEquals(arguments_before(line("mergerfs-ts"), 0), []);
});

Deno.test("a mountpoint is resolved, or the error names it and the remedy", () => {
  const directory = Deno.realPathSync(Deno.makeTempDirSync());
  try {
    Deno.symlinkSync(directory, `${directory}/link`);
    Deno.writeTextFileSync(`${directory}/file`, "");
    assertEquals(resolve_mountpoint(`${directory}/link/.`), directory);
    const missing = assertThrows(() => resolve_mountpoint(`${directory}/missing`), StartError, `${directory}/missing`);
    assertStringIncludes(missing.message, `mkdir -p ${directory}/missing`);
    assertThrows(() => resolve_mountpoint(`${directory}:/b`), StartError, "the mountpoint comes last");
    assertThrows(() => resolve_mountpoint(`${directory}/file`), StartError, "Not a directory");
    assertThrows(() => resolve_mountpoint(`${directory}/file/x`), StartError, "Not a directory");
    assert(missing instanceof Error);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
