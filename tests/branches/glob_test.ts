// Globbing of branch patterns (config spec §4.2), on a list of paths and on a real directory.

import { assertEquals } from "@std/assert";
import { compare_bytewise, expand_braces } from "../../src/branches/glob.ts";
import { SYSTEM_BRANCH_FILES } from "../../src/branches/branch_files.ts";
import { AT_FDCWD, mkdirat, symlinkat } from "../../src/sys/path.ts";
import { fake_branch_files } from "../support/fake_files.ts";
import { in_scratch_directory, path_bytes } from "../support/scratch.ts";

const FILES = fake_branch_files({
  directories: [
    "/",
    "/mnt",
    "/mnt/b",
    "/mnt/a",
    "/mnt/c1",
    "/mnt/c2",
    "/mnt/.hidden",
    "/mnt/a/x",
    "/mnt/b/x",
    "/mnt/s*r",
  ],
  symlinks: { "/mnt/link": "/mnt/a" },
  files: { "/mnt/file": "" },
});

Deno.test("wildcards give directories and symlinks, sorted, without hidden ones", () => {
  const cases: [string, string[]][] = [
    ["/mnt/*", ["/mnt/a", "/mnt/b", "/mnt/c1", "/mnt/c2", "/mnt/link", "/mnt/s*r"]],
    ["/mnt/?", ["/mnt/a", "/mnt/b"]],
    ["/mnt/c[0-9]", ["/mnt/c1", "/mnt/c2"]],
    ["/mnt/.h*", ["/mnt/.hidden"]],
    ["/mnt/*/x", ["/mnt/a/x", "/mnt/b/x"]],
    ["/mnt/*/nothing", []],
    ["/mnt/z*", []],
    ["/mnt/s\\*r", ["/mnt/s*r"]],
    ["/mnt/a", ["/mnt/a"]],
    ["/mnt/file", ["/mnt/file"]],
    ["/missing", []],
    ["", []],
  ];
  for (const [pattern, expected] of cases) assertEquals(FILES.glob(pattern), expected, pattern);
});

Deno.test("braces keep the written order, each alternative is sorted", () => {
  assertEquals(FILES.glob("/mnt/{c*,b,a}"), ["/mnt/c1", "/mnt/c2", "/mnt/b", "/mnt/a"]);
  assertEquals(FILES.glob("/mnt/{b,zz,a}"), ["/mnt/b", "/mnt/a"]);
});

Deno.test("expanding braces", () => {
  const cases: [string, string[]][] = [
    ["a", ["a"]],
    ["a{b,c}d", ["abd", "acd"]],
    ["{a,b}{1,2}", ["a1", "a2", "b1", "b2"]],
    ["a{b,c{d,e}}f", ["abf", "acdf", "acef"]],
    ["a{,b}", ["a", "ab"]],
    ["a{b}", ["ab"]],
    ["a{}b{c,d}", ["abc", "abd"]],
    ["a{b{c,d}", ["a{b{c,d}"]],
    ["a{b,c", ["a{b,c"]],
    ["a\\{b,c}", ["a\\{b,c}"]],
    ["a{b\\,c,d}", ["ab\\,c", "ad"]],
  ];
  for (const [pattern, expected] of cases) assertEquals(expand_braces(pattern), expected, pattern);
});

Deno.test("bytewise order is not the order of UTF-16", () => {
  assertEquals(["\u{1f600}", "\uffee", "b", "B", "ba"].sort(compare_bytewise), ["B", "b", "ba", "\uffee", "\u{1f600}"]);
});

Deno.test("on a real directory", () => {
  in_scratch_directory((directory) => {
    const root = Deno.realPathSync(directory);
    for (const name of ["d2", "d1", "other"]) Deno.mkdirSync(`${root}/${name}`);
    Deno.writeTextFileSync(`${root}/d3`, "");
    Deno.symlinkSync(`${root}/other`, `${root}/d0`);
    Deno.symlinkSync(`${root}/d3`, `${root}/d4`);
    Deno.symlinkSync(`${root}/none`, `${root}/d5`);
    const { glob, realpath, is_no_directory } = SYSTEM_BRANCH_FILES;
    assertEquals(glob(`${root}/d*`), [`${root}/d0`, `${root}/d1`, `${root}/d2`]);
    assertEquals(realpath(`${root}/d1/../d0/`), `${root}/other`);
    assertEquals(realpath(`${root}/none`), undefined);
    const names = ["d0", "d1", "d3", "d4", "none"];
    assertEquals(names.filter((name) => is_no_directory(`${root}/${name}`)), ["d3", "d4"]);
  });
});

Deno.test("names that are not UTF-8 are found by patterns and resolved", () => {
  in_scratch_directory((directory) => {
    const root = Deno.realPathSync(directory);
    for (const name of [[0x64, 0xff], [0x64, 0xfe], [0x64, 0xc3, 0xa9]]) {
      mkdirat(AT_FDCWD, path_bytes(root, name), 0o755);
    }
    symlinkat(path_bytes(root, [0x64, 0xff]), AT_FDCWD, path_bytes(root, "link"));
    const { glob, realpath, is_no_directory } = SYSTEM_BRANCH_FILES;
    assertEquals(glob(`${root}/d?`), [`${root}/d\u00e9`, `${root}/d\udcfe`, `${root}/d\udcff`]);
    assertEquals(glob(`${root}/d\udcff`), [`${root}/d\udcff`]);
    assertEquals(realpath(`${root}/link`), `${root}/d\udcff`);
    assertEquals(is_no_directory(`${root}/d\udcff`), false);
  });
});
