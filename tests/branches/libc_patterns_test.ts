// Our shell patterns against the C library's: fnmatch(3) and glob(3) are what the rules of config spec §4.1 and §4.2 name.

import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { c_string } from "../../src/base/bytes.ts";
import { SYSTEM_BRANCH_FILES } from "../../src/branches/branch_files.ts";
import { fnmatch } from "../../src/branches/fnmatch.ts";
import { in_scratch_directory } from "../support/scratch.ts";

const GLOB_BRACE = 1 << 10;
const GLOB_ONLYDIR = 1 << 13;
const GLOB_T_BYTES = 72;
const RUNS = 3000;

const LIBC = Deno.dlopen("libc.so.6", {
  fnmatch: { parameters: ["buffer", "buffer", "i32"], result: "i32" },
  glob: { parameters: ["buffer", "i32", "pointer", "buffer"], result: "i32" },
  globfree: { parameters: ["buffer"], result: "void" },
}).symbols;

function libc_fnmatch(pattern: string, text: string): boolean {
  return LIBC.fnmatch(c_string(pattern), c_string(text), 0) === 0;
}

function libc_glob(pattern: string): string[] {
  const result = new Uint8Array(GLOB_T_BYTES);
  const paths: string[] = [];
  if (LIBC.glob(c_string(pattern), GLOB_BRACE | GLOB_ONLYDIR, null, result) === 0) {
    const [count, list] = new BigUint64Array(result.buffer, 0, 2);
    const pointers = new Deno.UnsafePointerView(Deno.UnsafePointer.create(list!)!);
    for (let at = 0; at < Number(count); at++) {
      paths.push(Deno.UnsafePointerView.getCString(pointers.getPointer(at * 8)!));
    }
  }
  LIBC.globfree(result);
  return paths;
}

/**
 * Without what does not matter: slashes that realpath(3) takes away. And without one departure: ".*" stands neither for "."
 * nor for "..", so that no pattern makes the directory above the disks a branch.
 */
function plain(paths: readonly string[]): string[] {
  return paths.map((path) => path.replace(/\/+/g, "/").replace(/\/$/, "")).filter((path) =>
    !/\/\.\.?(\/|$)/.test(path)
  );
}

/** Short texts over few characters, so that many match. */
function text_of(characters: string, maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...characters), { maxLength }).map((parts) => parts.join(""));
}

const set_part = fc.constantFrom(..."[ab] [!a] [^b] [a-c] [[:alpha:]] [[:digit:]] []a] [a-] [\\]] [".split(" "));
const pattern_part = fc.oneof({ weight: 3, arbitrary: text_of("ab1./", 2) }, fc.constantFrom("*", "?", "\\"), set_part);

Deno.test("fnmatch is the C library's", () => {
  const patterns = fc.array(pattern_part, { maxLength: 6 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(patterns, text_of("ab1./]-[", 6), (pattern, text) => {
      assertEquals(fnmatch(pattern, text), libc_fnmatch(pattern, text), `${pattern} on ${text}`);
    }),
    { numRuns: RUNS, seed: 1 },
  );
});

Deno.test("glob is the C library's", () => {
  in_scratch_directory((directory) => {
    for (const name of ["a", "b", "ab", ".a", "1", "a/a", "a/b", "b/a", "b/.b", "{a}", "a*", "a\\b", "[a]", "ab/1/a"]) {
      Deno.mkdirSync(`${directory}/${name}`, { recursive: true });
    }
    for (const name of ["file", "a/f", "b/f"]) Deno.writeTextFileSync(`${directory}/${name}`, "");
    Deno.symlinkSync("a", `${directory}/link`);
    Deno.symlinkSync("nowhere", `${directory}/dangling`);
    const part = fc.oneof(
      { weight: 4, arbitrary: text_of("ab1./", 2) },
      { weight: 2, arbitrary: fc.constantFrom("*", "?", "*", "/*", "*/", "f*", "l*", "d*") },
      { weight: 2, arbitrary: fc.constantFrom("{", "}", ",", "{a,b}", "{,a}", "{}", "{a}", "{b,a{b,}}", "{*,a}") },
      { weight: 1, arbitrary: fc.oneof(set_part, fc.constantFrom("\\*", "\\{", "\\,", "\\}")) },
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const pattern = `${directory}/${parts.join("")}`;
        assertEquals(plain(SYSTEM_BRANCH_FILES.glob(pattern)), plain(libc_glob(pattern)), pattern);
      }),
      { numRuns: RUNS, seed: 1 },
    );
  });
});
