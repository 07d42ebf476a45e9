// Reading the config file again while the pool is mounted (departures D22): what the file says differently is applied,
// what cannot be changed is told, and a file with mistakes changes nothing.

import { assertEquals } from "@std/assert";
import { Configuration } from "../../src/config/configuration.ts";
import { error_text } from "../../src/config/errors.ts";
import { type Reload, reload } from "../../src/config/reload.ts";
import { fake_environment } from "../support/fake_files.ts";

const DIRECTORIES = ["/", "/m", "/m/a", "/m/b", "/m/c", "/m/d"];

/** A mounted pool whose config file can be written anew. */
class MountedPool {
  readonly messages: string[] = [];
  readonly files: Record<string, string> = {};
  configuration: Configuration;
  private readonly environment = fake_environment({ directories: DIRECTORIES, files: this.files }, this.messages);

  /** `before` and `after` are what the command line says around the config file. */
  constructor(text: string, before: readonly string[] = [], after: readonly string[] = []) {
    this.files["/c"] = text;
    this.configuration = new Configuration(this.environment);
    for (const item of [...before, "config=/c", ...after]) this.set(item, "startup");
  }

  set(item: string, phase: "startup" | "runtime" = "runtime"): void {
    const equals = item.indexOf("=");
    assertEquals(this.configuration.set(item.slice(0, equals), item.slice(equals + 1), phase), 0, item);
  }

  /** As the daemon does it: with errors the changed configuration is thrown away. */
  reload(text: string): Reload {
    this.files["/c"] = text;
    const changed = this.configuration.copy();
    const outcome = reload(changed, this.environment);
    if (outcome.errors.length === 0) this.configuration = changed;
    return outcome;
  }

  get(...keys: string[]): (string | undefined)[] {
    return keys.map((key) => this.configuration.get(key));
  }
}

/** "/c:3 key=value" of each line. */
function told(lines: Reload["applied"]): string[] {
  return lines.map(({ key, value, file, line }) => `${file}:${line} ${key}=${value}`);
}

Deno.test("lines that changed, and new ones, are in force", () => {
  const pool = new MountedPool("cache.attr=5\ncache.entry=6\n");
  const { applied } = pool.reload("# now\n cache.attr = 7\ncache.entry=6\nfunc.open=newest\n");
  assertEquals(told(applied), ["/c:2 cache.attr=7", "/c:4 func.open=newest"]);
  assertEquals(pool.get("cache.attr", "cache.entry", "func.open"), ["7", "6", "newest"]);
});

Deno.test("what the file says as before stays as somebody else set it", () => {
  const pool = new MountedPool("cache.attr=5\nbranches=/m/a\ncache.files=off\n", [], ["cache.files=full"]);
  pool.set("branches=+/m/b");
  pool.set("cache.attr=9");
  const { applied } = pool.reload("cache.files=off\nbranches=/m/a\n\ncache.attr=5\nminfreespace=1G\n");
  assertEquals(told(applied), ["/c:5 minfreespace=1G"]);
  assertEquals(pool.get("branches", "cache.attr", "cache.files", "minfreespace"), [
    "/m/a=RW:/m/b=RW",
    "9",
    "full",
    "1073741824",
  ]);
});

Deno.test("a line that was taken out of the file leaves its option as it is; back again it counts as new", () => {
  const pool = new MountedPool("cache.attr=5\n");
  assertEquals(pool.reload("").applied, []);
  pool.set("cache.attr=6");
  assertEquals(told(pool.reload("cache.attr=5").applied), ["/c:1 cache.attr=5"]);
  assertEquals(pool.get("cache.attr"), ["5"]);
});

Deno.test("options that cannot be changed are told while they differ, and only then", () => {
  const pool = new MountedPool("async-read=false\nfuse-msg-size=4M\nposix-acl=true\n");
  pool.configuration.force("posix-acl", "false"); // the kernel does not have it
  pool.configuration.force("fuse-msg-size", "256");
  assertEquals(pool.reload("async-read=false\nfuse-msg-size=4M\nposix-acl=true\n").refused, []);
  assertEquals(pool.reload("async-read=no\n").refused, [], "another word for the same");
  for (let round = 0; round < 2; round++) {
    const { applied, refused } = pool.reload("cache.attr=7\nasync-read=false\nasync-read=true\n");
    assertEquals([told(applied), told(refused)], [
      round === 0 ? ["/c:1 cache.attr=7"] : [],
      ["/c:3 async-read=true"],
    ]);
  }
  assertEquals(pool.get("async-read"), ["false"]);
  assertEquals(pool.reload("async-read=false").refused, []);
});

Deno.test("a branch list in several lines is one list", () => {
  const cases: [before: string[], after: string[], expected: string][] = [
    [["/m/a", "+/m/b"], ["/m/a", "+/m/b"], "/m/a=RW:/m/b=RW:/m/d=RW"],
    [["/m/a", "+/m/b"], ["/m/a"], "/m/a=RW"],
    [["/m/a", "+/m/b"], ["/m/a", "+/m/c=RO", "+/m/b"], "/m/a=RW:/m/c=RO:/m/b=RW"],
    [["/m/a"], ["/m/a=NC"], "/m/a=NC"],
    [["+/m/b"], ["+/m/b", "+</m/c"], "/m/c=RW:/m/b=RW:/m/d=RW"],
    [["/m/a"], [], "/m/a=RW:/m/d=RW"],
    [["/m/a"], [""], ""],
  ];
  for (const [before, after, expected] of cases) {
    const file = (values: string[]) => values.map((value) => `branches=${value}\n`).join("");
    const pool = new MountedPool(file(before));
    pool.set("branches=+/m/d");
    assertEquals(pool.reload(file(after)).errors, []);
    assertEquals(pool.get("branches"), [expected], `${before} then ${after}`);
  }
});

Deno.test("a category and its functions keep the order of the file", () => {
  const pool = new MountedPool("category.create=mfs\nfunc.mkdir=ff\n");
  pool.set("func.symlink=rand");
  assertEquals(pool.reload("category.create=mfs\nfunc.mkdir=ff\n").applied, []);
  const { applied } = pool.reload("category.create=lfs\nfunc.mkdir=ff\n");
  assertEquals(told(applied), ["/c:1 category.create=lfs"]);
  assertEquals(pool.get("func.create", "func.mkdir", "func.mknod", "func.symlink"), ["lfs", "ff", "lfs", "lfs"]);
});

Deno.test("a file with mistakes changes nothing; each is told with its place", () => {
  const mistakes = ["bogus=1", "cach.files=off", "cache.files=x", "func.open=zz", "pid=3", "allow_other"];
  mistakes.push("branches=/m=XX", "debug", "async-read=maybe", "minfreespace=99999999999T");
  const pool = new MountedPool("cache.attr=5\n");
  const before = pool.configuration.serialize();
  const { errors } = pool.reload(`cache.attr=7\nbranches=/m/a\n${mistakes.join("\n")}\ncache.entry=9\n`);
  assertEquals(errors.map(({ text, file, line }) => [text, `${file}:${line}`]), [
    ...mistakes.map((text, at) => [text, `/c:${at + 3}`]),
  ]);
  assertEquals(
    error_text(errors[1]!),
    'unknown option - cach.files=off (/c:4: unknown option "cach.files"; did you mean "cache.files"?)',
  );
  assertEquals(pool.configuration.serialize(), before);
  assertEquals(pool.messages, []);
  assertEquals(told(pool.reload("cache.attr=7").applied), ["/c:1 cache.attr=7"]);
});

Deno.test("files inside the file belong to it, mistakes in them too", () => {
  const pool = new MountedPool("cache.attr=5\n");
  pool.files["/inner"] = "cache.entry=6\n\nasync_read=maybe\n";
  const outer = "config=/inner\ncache.attr=7\n";
  assertEquals(pool.reload(outer).errors.map(({ text, file, line }) => [text, file, line]), [
    ["async_read=maybe", "/inner", 3],
    ["config=/inner", "/c", 1],
  ]);
  pool.files["/inner"] = "cache.entry=6\n";
  assertEquals(told(pool.reload(outer).applied), ["/inner:1 cache.entry=6", "/c:2 cache.attr=7"]);
  pool.files["/inner"] = "cache.entry=8\n";
  assertEquals([told(pool.reload(outer).applied), pool.get("config")], [["/inner:1 cache.entry=8"], ["/c"]]);
});

Deno.test("a file that is gone, and a log file that cannot be written", () => {
  const pool = new MountedPool("cache.attr=5\n");
  const { errors } = pool.reload("cache.attr=6\nlog.file=/missing/x\n");
  assertEquals(errors.map(error_text), [
    'no value set - log.file=/missing/x (/c:2: cannot append to "/missing/x": No such file or directory)',
  ]);
  delete pool.files["/c"];
  const changed = pool.configuration.copy();
  assertEquals(reload(changed, fake_environment({})).errors.map(error_text), [
    "no value set - /c (No such file or directory)",
  ]);
});

Deno.test("relative paths mean what they meant when the file was first read", () => {
  const files: Record<string, string> = { "/start/c": "config=inner\n", "/start/inner": "cache.attr=5\n" };
  const started = { ...fake_environment({ files }), working_directory: () => "/start" };
  const configuration = new Configuration(started);
  assertEquals(configuration.set("config", "c", "startup"), 0);
  assertEquals([configuration.get("config"), configuration.get("cache.attr")], ["c", "5"]);
  files["/start/inner"] = "cache.attr=6\n";
  const later = Configuration.parse(configuration.serialize(), fake_environment({ files }));
  const { errors, applied } = reload(later, fake_environment({ files }));
  assertEquals([errors, told(applied)], [[], ["inner:1 cache.attr=6"]]);
  files["/start/inner"] = "cache.attr=7\n";
  assertEquals([later.set("config", "", "runtime"), later.get("cache.attr"), later.get("config")], [0, "7", "c"]);
});
