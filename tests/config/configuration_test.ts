// Setting and reading back (config spec §3, §5, §7.3), config files (§1.6), the way to other threads.

import { assert, assertEquals, assertStringIncludes, fail } from "@std/assert";
import * as fc from "fast-check";
import { EINVAL, ELOOP, ENODATA, ENOENT, EOVERFLOW, EROFS } from "../../src/base/errno.ts";
import { adjust_after_parsing } from "../../src/config/adjust.ts";
import { Configuration } from "../../src/config/configuration.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { Settings } from "../../src/config/settings.ts";
import { fake_environment, type FakeTree } from "../support/fake_files.ts";

const DIRECTORIES = ["/", "/m", "/m/a", "/m/b"];

function configured(files: FakeTree["files"] = {}): Configuration {
  return new Configuration(fake_environment({ directories: DIRECTORIES, files }));
}

/** Sets every item; returns the results. */
function set_all(configuration: Configuration, phase: "startup" | "runtime", ...items: string[]): number[] {
  return items.map((item) => {
    const [key, ...value] = item.split("=");
    return configuration.set(key!, value.join("="), phase);
  });
}

Deno.test("at runtime no branch may lead into the pool itself; a wildcard leaves it out, and nobody looks there", () => {
  const messages: string[] = [];
  const tree = { directories: [...DIRECTORIES, "/m/pool", "/m/pool/x"], symlinks: { "/m/link": "/m/pool/x" } };
  const environment = fake_environment(tree, messages);
  const touches = (path: string) => path.startsWith("/m/pool");
  const { realpath, is_no_directory } = environment.branch_files;
  environment.branch_files.realpath = (path) => touches(path) ? fail(path) : realpath(path);
  environment.branch_files.is_no_directory = (path) => touches(path) ? fail(path) : is_no_directory(path);
  const configuration = new Configuration(environment);
  configuration.canonical_mountpoint = "/m/pool";
  for (const path of ["/m/pool", "/m//pool/", "m/./pool", "/m/pool/x", "/m/pool/none*", "/m/{a,pool}", "/m/link=RO"]) {
    for (const sign of ["", "+<", "+>"]) {
      assertEquals(configuration.set("branches", sign + path, "runtime"), -EINVAL, sign + path);
      assertStringIncludes(configuration.last_remedy, "mountpoint of this pool");
    }
  }
  assertEquals(configuration.set("branches", "=/m/*:/m/*/x", "runtime"), 0);
  assertEquals(configuration.get("branches"), "/m/a=RW:/m/b=RW:/m/*/x=RW");
  assertEquals(messages.map((message) => message.split(":")[0]), [
    'Branch "/m/link" is left out',
    'Branch "/m/pool" is left out',
    'Branch "/m/*/x" does not exist; it joins the pool once it appears.',
  ]);
  assertEquals(configuration.set("branches", "-/m/pool:/m/*/x", "runtime"), 0, "what was there may be removed");
});

Deno.test("at runtime neither log.file nor config may lie inside the pool, by whatever way", () => {
  const tree = {
    directories: ["/", "/m", "/m/pool", "/bind"],
    symlinks: { "/m/link": "/bind/x" },
    files: { "/c": "" },
  };
  const environment = {
    ...fake_environment(tree),
    working_directory: () => "/m",
    places_of_mount: (mountpoint: string) => [mountpoint, "/bind"],
    try_append: (path: string) => path.startsWith("/m/pool") || path.startsWith("/bind") ? fail(path) : 0,
  };
  const configuration = new Configuration(environment);
  assertEquals(set_all(configuration, "startup", "log.file=here", "config=/c"), [0, 0]);
  configuration.canonical_mountpoint = "/m/pool";
  for (const path of ["/m/pool/x", "pool/x", "/bind/x", "/m/link", "link"]) {
    for (const key of ["log.file", "config"]) {
      assertEquals(configuration.set(key, path, "runtime"), -EINVAL, `${key}=${path}`);
      assertEquals(configuration.last_remedy, `"${path}" lies inside this pool; name one outside of the pool`);
    }
  }
  assertEquals([configuration.get("log.file"), configuration.get("config")], ["here", "/c"]);
  assertEquals(Configuration.parse(configuration.serialize()).log_path, "/m/here");
  assertEquals(set_all(configuration, "runtime", "log.file="), [0]);
  assertEquals(configuration.log_path, "");
});

Deno.test("unknown, read-only and bad", () => {
  const configuration = configured();
  const results = set_all(
    configuration,
    "runtime",
    "bogus=1",
    "async_read=true",
    "=1",
    "pid=1",
    "version=1",
    "async-read=false",
    "cache.files=zzz",
    "cache.attr=16777216T",
    "branches=-<",
    "log.file=/missing/x",
    "cache.attr= 1",
    "srcmounts=/x",
    "mount=/x",
  );
  assertEquals(results, [
    -ENODATA,
    -ENODATA,
    -ENODATA,
    -EROFS,
    -EROFS,
    -EROFS,
    -EINVAL,
    -EOVERFLOW,
    -ENOENT,
    -ENOENT,
    -EINVAL,
    -EROFS,
    -EROFS,
  ]);
  assertEquals(configuration.changed(), []);
});

Deno.test("at startup only pid and version are read-only", () => {
  const results = set_all(
    configured(),
    "startup",
    "pid=1",
    "version=1",
    "async-read=false",
    "srcmounts=/x",
    "mount=/x",
  );
  assertEquals(results, [-EROFS, -EROFS, 0, 0, 0]);
});

Deno.test("a failure says what is wrong and what to do", () => {
  const configuration = configured();
  configuration.set("func.create", "mfz", "runtime");
  assertEquals(configuration.last_remedy, 'unknown policy "mfz"; did you mean "mfs"?');
  configuration.set("cach.files", "off", "runtime");
  assertEquals(configuration.last_remedy, 'unknown option "cach.files"; did you mean "cache.files"?');
  configuration.set("branches", "/m/a=rw", "runtime");
  assertEquals(configuration.last_remedy, 'unknown mode "rw" of branch "/m/a=rw"; did you mean "RW"?');
  configuration.set("async-read", "true", "runtime");
  assertStringIncludes(configuration.last_remedy, "while the pool is mounted");
});

Deno.test("categories set their functions and read as the set of their names", () => {
  const configuration = configured();
  assertEquals(set_all(configuration, "runtime", "func.rmdir=rand", "category.action=ff", "func.open=rand"), [0, 0, 0]);
  assertEquals(configuration.get("func.rmdir"), "ff");
  assertEquals(configuration.get("category.action"), "ff");
  assertEquals(configuration.get("category.search"), "ff,rand");
  assertEquals(configuration.get("category.create"), "pfrd");
  assertEquals(set_all(configuration, "runtime", "category.search=ff,rand", "category.search=zz"), [-EINVAL, -EINVAL]);
  assertEquals(configuration.get("category.search"), "ff,rand");
});

Deno.test("other names of an option share its value", () => {
  const configuration = configured();
  set_all(configuration, "startup", "mount=/p", "threads=3", "remember=-1");
  assertEquals([configuration.get("mountpoint"), configuration.get("mount")], ["/p", "/p"]);
  assertEquals([configuration.get("read-thread-count"), configuration.get("threads")], ["3", "3"]);
  for (const name of ["never-forget-nodes", "noforget", "remember", "remember-nodes"]) {
    assertEquals(configuration.get(name), "true");
  }
  assertEquals(set_all(configuration, "runtime", "threads=4", "noforget=0", "mountpoint=/q"), [0, -EROFS, -EROFS]);
});

Deno.test("words without effect take anything and read back empty", () => {
  const configuration = configured();
  assertEquals(set_all(configuration, "runtime", "direct-io=whatever", "defaults", "log.metrics=true"), [0, 0, 0]);
  assertEquals(["direct-io", "defaults", "log.metrics"].map((key) => configuration.get(key)), ["", "", ""]);
  assertEquals(configuration.get("nothing-like-that"), undefined);
});

Deno.test("branches: instructions, printing, paths, one mode", () => {
  const configuration = configured();
  assertEquals(set_all(configuration, "runtime", "branches=/m/a=NC,1k", "branches=+/m/b", "branches=+/m/x=ZZ"), [
    0,
    0,
    -EINVAL,
  ]);
  assertEquals(configuration.get("branches"), "/m/a=NC,1K:/m/b=RW");
  assertEquals(configuration.get("srcmounts"), "/m/a:/m/b");
  assertEquals(["/m/b", "/m/b", "/m/a", "/none"].map((path) => configuration.make_read_only(path)), [
    true,
    false,
    false,
    false,
  ]);
  assertEquals(configuration.get("branches"), "/m/a=NC,1K:/m/b=RO");
});

Deno.test("a config file is applied where it stands, and remembered", () => {
  const configuration = configured({
    "/etc/m.conf": "# pool\r\nbranches = /m/a\r\ncache_attr.x\n",
    "/ok": "cache.attr=5\nasync_read=no",
  });
  assertEquals(configuration.set("config", "/ok", "startup"), 0);
  assertEquals([configuration.get("cache.attr"), configuration.get("async-read")], ["5", "false"]);
  assertEquals(configuration.get("config"), "/ok");
  assertEquals(configuration.set("cache.attr", "6", "startup"), 0);
  assertEquals(configuration.set("config", "", "startup"), 0);
  assertEquals(configuration.get("cache.attr"), "5");
  assertEquals(configuration.set("config", "/etc/m.conf", "startup"), -EINVAL);
  assertEquals(configuration.get("branches"), "/m/a=RW");
  assertEquals(configuration.get("config"), "/ok");
});

Deno.test("nothing to read again, and a file that is missing", () => {
  const configuration = configured();
  assertEquals(configuration.set("config", "", "runtime"), -ENOENT);
  assertEquals(configuration.set("config", "/none", "runtime"), -ENOENT);
  assertEquals(configuration.file_errors, [{ errno: ENOENT, text: "/none", remedy: "No such file or directory" }]);
});

Deno.test("ten mistakes are ten errors, each with its line", () => {
  const mistakes = [
    "bogus=1",
    "allow_other",
    "cache.files=x",
    "func.open=zz",
    "pid=3",
    "cache.attr=-1",
    "branches=/m=XX",
  ];
  mistakes.push("debug", "version=1", "func.readdir=SEQ");
  const configuration = configured({ "/c": "cache.attr=7\n\n" + mistakes.join("\n") });
  assertEquals(configuration.set("config", "/c", "startup"), -EINVAL);
  assertEquals(configuration.last_remedy, '10 lines of "/c" refused');
  assertEquals(
    configuration.file_errors.map(({ text, file, line }) => [text, file, line]),
    mistakes.map((text, at) => [text, "/c", at + 3]),
  );
  assertEquals(configuration.file_errors.slice(0, 2).map((error) => error.errno), [ENODATA, ENODATA]);
  assertEquals(configuration.get("cache.attr"), "7");
});

Deno.test("six levels of files, not seven", () => {
  const chain = (length: number) =>
    Object.fromEntries(
      Array.from({ length }, (_, i) => [`/${i + 1}`, i + 1 === length ? "cache.attr=9" : `config=/${i + 2}`]),
    );
  const six = configured(chain(6));
  assertEquals([six.set("config", "/1", "startup"), six.get("cache.attr"), six.get("config")], [0, "9", "/1"]);
  const seven = configured(chain(7));
  assertEquals(seven.set("config", "/1", "startup"), -EINVAL);
  assertEquals(seven.file_errors.map((error) => error.errno), [ELOOP, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL]);
  assertEquals(configured({ "/me": "config=/me" }).set("config", "/me", "startup"), -EINVAL);
});

Deno.test("a file that fails leaves the remembered path, also when the files in it did not fail", () => {
  const configuration = configured({
    "/good": "cache.attr=5",
    "/bad": "config=/more\nbogus=1",
    "/more": "cache.entry=6",
  });
  assertEquals(configuration.set("config", "/good", "startup"), 0);
  assertEquals(configuration.set("config", "/bad", "runtime"), -EINVAL);
  assertEquals([configuration.get("cache.entry"), configuration.get("config")], ["6", "/good"]);
});

Deno.test("at runtime a file may set live keys only", () => {
  const configuration = configured({ "/c": "cache.attr=7\nasync-read=false\n" });
  assertEquals(configuration.set("config", "/c", "runtime"), -EINVAL);
  assertEquals(configuration.file_errors.map((error) => [error.errno, error.line]), [[EROFS, 2]]);
  assertEquals(configuration.get("cache.attr"), "7");
});

Deno.test("a copy of everything comes out of the serialized text, without looking at files", () => {
  const messages: string[] = [];
  const configuration = new Configuration(fake_environment({ directories: DIRECTORIES }, messages));
  set_all(
    configuration,
    "startup",
    "branches=/m/?=NC,18446744073709551615:/none/\udcff",
    "category.create=mfs",
    "fsname=日\udc80",
  );
  configuration.force("pid", "77");
  const text = configuration.serialize();
  assert(text.isWellFormed());
  const copy = Configuration.parse(new TextDecoder().decode(new TextEncoder().encode(text)));
  for (const { name } of OPTIONS) assertEquals(copy.get(name), configuration.get(name), name);
  assertEquals(copy.branches, configuration.branches);
  assertEquals(copy.serialize(), text);
  assertEquals(new Settings(copy).branches, new Settings(configuration).branches);
  assertEquals(messages.length, 1);
});

Deno.test("a copy can be changed by itself", () => {
  const configuration = configured();
  const copy = configuration.copy();
  set_all(copy, "runtime", "cache.attr=9", "branches=/m/a");
  assertEquals([configuration.get("cache.attr"), configuration.get("branches")], ["1", ""]);
  assertEquals(copy.get("branches"), "/m/a=RW");
});

Deno.test("no key and no text make it throw, and what fails changes nothing", () => {
  const keys = fc.oneof(fc.constantFrom(...OPTIONS.map((option) => option.name)), fc.string());
  fc.assert(fc.property(keys, fc.string({ unit: "binary" }), (key, text) => {
    const configuration = configured();
    const before = configuration.serialize();
    if (configuration.set(key, text, "runtime") < 0) {
      assertEquals(configuration.serialize(), before);
      assert(configuration.last_problem !== "");
    }
  }));
});

Deno.test("a value that is refused does not make the older cache word forgotten", () => {
  const configuration = configured();
  assertEquals(set_all(configuration, "startup", "cache.files=libfuse", "cache.files=zzz", "kernel-cache"), [
    0,
    -EINVAL,
    0,
  ]);
  adjust_after_parsing(configuration);
  assertEquals(configuration.get("cache.files"), "full");
});

Deno.test("at runtime the older cache word means partial, and that is said", () => {
  const messages: string[] = [];
  const configuration = new Configuration(fake_environment({}, messages));
  assertEquals(configuration.set("cache.files", "libfuse", "runtime"), 0);
  assertEquals([configuration.get("cache.files"), messages.length], ["partial", 1]);
});

Deno.test("adjustments", () => {
  const cases: [items: string[], expected: Record<string, string>, warnings: number][] = [
    [[], { "symlinkify-timeout": "-1", "cache.files": "off", "allow-idmap": "true" }, 0],
    [["symlinkify=true"], { "symlinkify-timeout": "3600" }, 0],
    [["symlinkify-timeout=5"], { "symlinkify-timeout": "-1" }, 0],
    [["symlinkify=true", "symlinkify-timeout=5"], { "symlinkify-timeout": "5" }, 0],
    [["passthrough.io=rw", "cache.writeback=true"], {
      "cache.files": "auto-full",
      "cache.writeback": "false",
      moveonenospc: "pfrd",
    }, 3],
    [["passthrough.io=ro", "cache.files=full", "moveonenospc=false"], { "cache.files": "full" }, 0],
    [["passthrough.io=auto", "cache.writeback=true"], { "cache.files": "off", "cache.writeback": "true" }, 1],
    [["cache.writeback=true", "cache.files=partial"], { "cache.files": "partial", "cache.writeback": "true" }, 0],
    [["kernel-permissions-check=false"], { "allow-idmap": "false" }, 0],
    [["branches=/m/a:/m/b"], { fsname: "a:b" }, 0],
    [["branches=/m/a:/m/b", "fsname=pool"], { fsname: "pool" }, 0],
    [["cache.files=libfuse"], { "cache.files": "partial" }, 1],
    [["cache.files=libfuse", "kernel-cache"], { "cache.files": "full" }, 1],
    [["auto-cache=true", "cache.files=libfuse"], { "cache.files": "auto-full" }, 1],
    [["cache.files=libfuse", "direct-io", "kernel-cache"], { "cache.files": "off" }, 1],
    [["cache.files=libfuse", "direct-io=false"], { "cache.files": "partial" }, 1],
    [["cache.files=libfuse", "cache.files=full", "direct-io"], { "cache.files": "full" }, 0],
    [["kernel-cache"], { "cache.files": "off" }, 0],
  ];
  for (const [items, expected, warnings] of cases) {
    const configuration = configured();
    assertEquals(set_all(configuration, "startup", ...items), items.map(() => 0), items.join());
    assertEquals(adjust_after_parsing(configuration).length, warnings, items.join());
    for (const [key, text] of Object.entries(expected)) assertEquals(configuration.get(key), text, `${items} ${key}`);
  }
});
