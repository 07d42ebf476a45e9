// -o groups and config file lines (config spec §1.3, §1.6).

import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { config_lines, escape_item, split_group, split_item } from "../../src/config/items.ts";

Deno.test("groups", () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["a", ["a"]],
    ["a,b=c", ["a", "b=c"]],
    [",a,,b,", ["a", "b"]],
    ["a\\,b,c", ["a,b", "c"]],
    ["a\\\\,b", ["a\\", "b"]],
    ["a\\040b", ["a b"]],
    ["a\\054b", ["a,b"]],
    ["a\\400b", ["a400b"]],
    ["a\\08b", ["a08b"]],
    ["a\\04", ["a04"]],
    ["a\\xb", ["axb"]],
    ["a\\", ["a\\"]],
    ["\\303\\251", ["é"]],
    ["\\377", ["\udcff"]],
    ["a\\000b,c", ["a", "c"]],
    ["\\000a", []],
    ["é,日", ["é", "日"]],
  ];
  for (const [group, expected] of cases) assertEquals(split_group(group), expected, group);
});

Deno.test("an escaped item is one item again", () => {
  fc.assert(fc.property(fc.array(fc.string({ minLength: 1 }), { maxLength: 4 }), (items) => {
    assertEquals(split_group(items.map(escape_item).join(",")), items);
  }));
});

Deno.test("items", () => {
  const cases: [string, string, string, string][] = [
    ["a", "a", "", "a"],
    ["a=b=c", "a", "b=c", "a=b=c"],
    [" a = b ", "a", "b", "a=b"],
    ["\ta\v=\f\rb c\n", "a", "b c", "a=b c"],
    ["a=", "a", "", "a="],
    ["=b", "", "b", "=b"],
    ["\u00a0a", "\u00a0a", "", "\u00a0a"],
  ];
  for (const [text, key, value, whole] of cases) assertEquals(split_item(text), { key, value, text: whole });
});

Deno.test("lines", () => {
  const lines = config_lines("# first\r\n\r\n  a=1 # no comment\r\n\t#b\nc\n\n d = e ");
  assertEquals(lines.map(({ line, item }) => [line, item.key, item.value]), [[3, "a", "1 # no comment"], [5, "c", ""], [
    7,
    "d",
    "e",
  ]]);
});
