// The option table against the table of config spec §3.1.

import { assert, assertEquals } from "@std/assert";
import { EROFS } from "../../src/base/errno.ts";
import { adjust_after_parsing } from "../../src/config/adjust.ts";
import { Configuration } from "../../src/config/configuration.ts";
import {
  file_hint,
  find_option,
  functions_of,
  LISTED_OPTIONS,
  normal_key,
  option_hint,
  OPTIONS,
  OWN_OPTIONS,
} from "../../src/config/options.ts";
import { fake_environment } from "../support/fake_files.ts";

/** Name, text on a plain default mount, and when it may be set: rw, ro (not at runtime), RO (never). */
const LISTED: readonly (readonly [name: string, text: string, change: string])[] = [
  ["allow-idmap", "true", "ro"],
  ["async-read", "true", "ro"],
  ["branches", "", "rw"],
  ["branches-mount-timeout", "0", "ro"],
  ["branches-mount-timeout-fail", "false", "ro"],
  ["cache.attr", "1", "rw"],
  ["cache.entry", "1", "rw"],
  ["cache.files", "off", "rw"],
  ["cache.files.process-names", "qbittorrent-nox|rtorrent", "rw"],
  ["cache.negative-entry", "0", "rw"],
  ["cache.readdir", "false", "rw"],
  ["cache.statfs", "0", "rw"],
  ["cache.symlinks", "false", "ro"],
  ["cache.writeback", "false", "ro"],
  ["category.action", "epall", "rw"],
  ["category.create", "pfrd", "rw"],
  ["category.search", "ff", "rw"],
  ["config", "", "rw"],
  ["debug", "false", "rw"],
  ["direct-io-allow-mmap", "true", "ro"],
  ["dropcacheonclose", "false", "rw"],
  ["export-support", "true", "ro"],
  ["flush-on-close", "opened-for-write", "rw"],
  ["follow-symlinks", "never", "rw"],
  ["fsname", "", "ro"],
  ["func.access", "ff", "rw"],
  ["func.chmod", "epall", "rw"],
  ["func.chown", "epall", "rw"],
  ["func.create", "pfrd", "rw"],
  ["func.getattr", "ff", "rw"],
  ["func.getxattr", "ff", "rw"],
  ["func.link", "epall", "rw"],
  ["func.listxattr", "ff", "rw"],
  ["func.mkdir", "pfrd", "rw"],
  ["func.mknod", "pfrd", "rw"],
  ["func.open", "ff", "rw"],
  ["func.readdir", "seq", "rw"],
  ["func.readlink", "ff", "rw"],
  ["func.removexattr", "epall", "rw"],
  ["func.rename", "epall", "rw"],
  ["func.rmdir", "epall", "rw"],
  ["func.setxattr", "epall", "rw"],
  ["func.symlink", "pfrd", "rw"],
  ["func.truncate", "epall", "rw"],
  ["func.unlink", "epall", "rw"],
  ["func.utimens", "epall", "rw"],
  ["fuse-msg-size", "256", "ro"],
  ["handle-killpriv", "true", "ro"],
  ["handle-killpriv-v2", "true", "ro"],
  ["ignorepponrename", "false", "rw"],
  ["inodecalc", "hybrid-hash", "rw"],
  ["kernel-permissions-check", "true", "ro"],
  ["lazy-umount-mountpoint", "false", "rw"],
  ["link-cow", "false", "rw"],
  ["link-exdev", "passthrough", "rw"],
  ["log.file", "", "rw"],
  ["minfreespace", "4294967295", "rw"],
  ["mountpoint", "", "ro"],
  ["moveonenospc", "pfrd", "rw"],
  ["never-forget-nodes", "false", "ro"],
  ["nfsopenhack", "off", "rw"],
  ["nullrw", "false", "ro"],
  ["parallel-direct-writes", "true", "rw"],
  ["passthrough.io", "auto", "rw"],
  ["passthrough.max-stack-depth", "1", "rw"],
  ["pid", "", "RO"],
  ["pin-threads", "false", "ro"],
  ["posix-acl", "false", "ro"],
  ["process-thread-count", "-1", "ro"],
  ["process-thread-queue-depth", "2", "ro"],
  ["proxy-ioprio", "false", "rw"],
  ["read-thread-count", "0", "ro"],
  ["readahead", "0", "rw"],
  ["rename-exdev", "passthrough", "rw"],
  ["scheduling-priority", "-10", "ro"],
  ["security-capability", "true", "rw"],
  ["statfs", "base", "rw"],
  ["statfs-ignore", "none", "rw"],
  ["symlinkify", "false", "rw"],
  ["symlinkify-timeout", "-1", "rw"],
  ["version", "", "RO"],
  ["xattr", "passthrough", "rw"],
];
/** What the daemon itself fills in. */
const FILLED_IN = ["branches", "fsname", "mountpoint", "pid", "version"];

const DUMMIES = [
  ..."atomic-o-trunc auto-cache big-writes cache.open defaults direct-io gid-cache.expire-timeout".split(" "),
  ..."gid-cache.remove-timeout hard-remove kernel-cache negative-entry no-splice-move no-splice-read".split(" "),
  ..."no-splice-write nonempty splice-move splice-read splice-write use-ino".split(" "),
];
const OTHER_HIDDEN = "gid mount noforget remember remember-nodes srcmounts threads uid umask".split(" ");

/** A text that is good for the option and differs from the default where it can. */
function good_text(name: string): string {
  const kind = find_option(name)!.kind;
  for (const text of [kind.words?.[1], "lus", "2", "true", "seq", "/m/a", "x"]) {
    if (text !== undefined && kind.read(text, 4096).ok) return text;
  }
  throw new Error(`no good text for ${name}`);
}

function plain_mount(): Configuration {
  const configuration = new Configuration(fake_environment({ directories: ["/m/a"], files: { "/m/a": "" } }));
  adjust_after_parsing(configuration);
  return configuration;
}

Deno.test("the listed names, in the order of the listing", () => {
  assertEquals(LISTED_OPTIONS.map((option) => option.name), LISTED.map(([name]) => name));
  assertEquals(LISTED.length, 82);
});

Deno.test("the hidden names, and the number of all", () => {
  const hidden = OPTIONS.filter((option) => option.is_hidden).map((option) => option.name);
  assertEquals(hidden, [...DUMMIES, ...OTHER_HIDDEN, "log.metrics"].sort());
  assertEquals(LISTED.length + DUMMIES.length + OTHER_HIDDEN.length, 110);
  assertEquals(OWN_OPTIONS.map((option) => option.name), ["passthrough.min-free", "readdirplus", "strict"]);
});

Deno.test("names are unique, lower case and in the hyphen spelling", () => {
  assertEquals(new Set(OPTIONS.map((option) => option.name)).size, OPTIONS.length);
  for (const { name, help } of OPTIONS) {
    assert(/^[a-z0-9.-]+$/.test(name) && normal_key(name) === name, name);
    assert(help.length > 0 && help.length <= 130 && !help.endsWith("."), `help of ${name}`);
  }
});

Deno.test("defaults read back as the spec says", () => {
  const configuration = plain_mount();
  for (const [name, text] of LISTED) {
    if (!FILLED_IN.includes(name)) assertEquals(configuration.get(name), text, name);
  }
  assertEquals(["uid", "gid", "umask", "srcmounts"].map((name) => configuration.get(name)), ["-1", "-1", "-1", ""]);
});

Deno.test("every default is a good value and prints as itself", () => {
  for (const { name, kind, default_text, change, alias_of } of OPTIONS) {
    if (change === "never" || alias_of !== undefined) continue;
    const read = kind.read(name === "fuse-msg-size" ? "1M" : default_text, 4096);
    assert(read.ok && read.value === default_text, name);
  }
});

Deno.test("every option can be set when the table says so, and only then", () => {
  for (const [name, , change] of LISTED) {
    for (const phase of ["startup", "runtime"] as const) {
      const result = plain_mount().set(name, name === "config" ? "/m/a" : good_text(name), phase);
      const is_refused = change === "RO" || (change === "ro" && phase === "runtime");
      assertEquals(result, is_refused ? -EROFS : 0, `${name} ${phase}`);
    }
  }
});

Deno.test("what an option prints reads back as the same", () => {
  for (const { name, change, kind } of OPTIONS) {
    if (change === "never" || name === "config" || name === "fuse-msg-size") continue;
    const once = kind.read(good_text(name), 4096);
    assert(once.ok, name);
    const again = kind.read(once.value, 4096);
    assert(again.ok && (again.value === once.value), name);
  }
});

Deno.test("functions and their categories", () => {
  const names = (category: "action" | "create" | "search") =>
    functions_of(category).map((option) => option.name.slice(5));
  assertEquals(names("action").join(" "), "chmod chown link removexattr rename rmdir setxattr truncate unlink utimens");
  assertEquals(names("create").join(" "), "create mkdir mknod symlink");
  assertEquals(names("search").join(" "), "access getattr getxattr listxattr open readlink");
});

Deno.test("a near name is suggested", () => {
  assertEquals(option_hint("cach.files"), 'did you mean "cache.files"?');
  assertEquals(option_hint("func.creat"), 'did you mean "func.create"?');
  assertEquals(option_hint("min_free_space"), 'did you mean "minfreespace"?');
  assertEquals(option_hint("bogus"), "");
  assertEquals(file_hint("allow-other"), '"allow_other" is a mount word: give it with -o or in fstab');
  assertEquals(file_hint("nofail"), '"nofail" is a mount word: give it with -o or in fstab');
  assertEquals(file_hint("cach-files"), 'did you mean "cache.files"?');
});
