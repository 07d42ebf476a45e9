// Which word is near enough to be suggested to someone who mistyped one.

import { assertEquals } from "@std/assert";
import { nearest_word, suggestion } from "../../src/base/suggest.ts";

const WORDS = ["mfs", "lfs", "ff", "epall", "cache.files", "cache.attr"];

Deno.test("the nearest word", () => {
  const cases: [string, string | undefined][] = [
    ["mfz", "mfs"],
    ["fms", "mfs"],
    ["cach.files", "cache.files"],
    ["cache.fiels", "cache.files"],
    ["epal", "epall"],
    ["zzz", undefined],
    ["", undefined],
    ["x", undefined],
    ["completely-different", undefined],
  ];
  for (const [written, expected] of cases) assertEquals(nearest_word(written, WORDS), expected, written);
});

Deno.test("a suggestion is a question, or what the caller says instead", () => {
  assertEquals(suggestion("mfz", WORDS), 'did you mean "mfs"?');
  assertEquals(suggestion("zzz", WORDS), "");
  assertEquals(suggestion("zzz", WORDS, "use ff"), "use ff");
});
