// Globbing of branch patterns (config spec §4.2), on a list of paths and on a real directory.

import { assertEquals } from "@std/assert";
import { compare_bytewise, expand_braces } from "../../src/branches/glob.ts";
import { SYSTEM_BRANCH_FILES } from "../../src/branches/branch_files.ts";
import { fake_branch_files } from "../support/fake_files.ts";

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
    ["a{}b{c,d}", ["a{}bc", "a{}bd"]],
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
  const root = Deno.realPathSync(Deno.makeTempDirSync());
  try {
    for (const name of ["d2", "d1", "other"]) Deno.mkdirSync(`${root}/${name}`);
    Deno.writeTextFileSync(`${root}/d3`, "");
    Deno.symlinkSync(`${root}/other`, `${root}/d0`);
    assertEquals(SYSTEM_BRANCH_FILES.glob(`${root}/d*`), [`${root}/d0`, `${root}/d1`, `${root}/d2`]);
    assertEquals(SYSTEM_BRANCH_FILES.realpath(`${root}/d1/../d0/`), `${root}/other`);
    assertEquals(SYSTEM_BRANCH_FILES.realpath(`${root}/none`), undefined);
    assertEquals(SYSTEM_BRANCH_FILES.realpath(`${root}/\udcff`), undefined);
    assertEquals(SYSTEM_BRANCH_FILES.is_directory(`${root}/d0`), true);
    assertEquals(SYSTEM_BRANCH_FILES.is_directory(`${root}/d3`), false);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
