// Shell patterns, as "branches=-PATTERN" and globbing use them.

import { assertEquals } from "@std/assert";
import { fnmatch, has_magic, unescape_pattern } from "../../src/branches/fnmatch.ts";

Deno.test("shell patterns", () => {
  const cases: [pattern: string, text: string, matches: boolean][] = [
    ["", "", true],
    ["", "a", false],
    ["a", "a", true],
    ["*", "", true],
    ["*", "/mnt/.disk", true],
    ["/mnt/*", "/mnt/a/b", true],
    ["/mnt/?", "/mnt//", true],
    ["?", "日", true],
    ["a*b*c", "aXbYbZc", true],
    ["a*b*c", "aXbYbZ", false],
    ["*a", "aab", false],
    ["a**", "a", true],
    ["[abc]x", "bx", true],
    ["[!abc]x", "bx", false],
    ["[^abc]x", "dx", true],
    ["[a-c]", "b", true],
    ["[a-c]", "-", false],
    ["[a-]", "-", true],
    ["[]]", "]", true],
    ["[!]]", "]", false],
    ["[[:digit:]]", "7", true],
    ["[[:digit:]]", "x", false],
    ["[![:alpha:]_]", "a", false],
    ["[![:alpha:]_]", "7", true],
    ["[[:nonsense:]]", ":]", true],
    ["[abc", "[abc", true],
    ["[abc", "a", false],
    ["\\*", "*", true],
    ["\\*", "x", false],
    ["[\\]]", "]", true],
    ["a\\", "a\\", true],
  ];
  for (const [pattern, text, matches] of cases) assertEquals(fnmatch(pattern, text), matches, `${pattern} on ${text}`);
});

Deno.test("a pattern of many stars ends quickly", () => {
  assertEquals(fnmatch("*a".repeat(30) + "b", "a".repeat(2000)), false);
});

Deno.test("magic", () => {
  assertEquals(["a*", "a?", "[a]", "\\[a", "a\\*", "{a,b}"].map(has_magic), [true, true, true, false, false, false]);
  assertEquals(unescape_pattern("a\\*\\\\b"), "a*\\b");
});
