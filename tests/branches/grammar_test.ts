// The text of "branches": the tables of config spec §4.1.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { EINVAL } from "../../src/base/errno.ts";
import { MODE_NC, MODE_RO, MODE_RW } from "../../src/branches/branch.ts";
import { parse_branch_list, split_instruction } from "../../src/branches/grammar.ts";
import { print_branches } from "../../src/branches/print.ts";

Deno.test("instructions", () => {
  const cases: [text: string, expected: [string, string] | undefined][] = [
    ["", ["=", ""]],
    ["/a", ["=", "/a"]],
    ["=", ["=", ""]],
    ["=/a", ["=", "/a"]],
    ["+", ["+>", ""]],
    ["+/a", ["+>", "/a"]],
    ["+>/a", ["+>", "/a"]],
    ["+</a", ["+<", "/a"]],
    ["-", ["-", ""]],
    ["-/a*", ["-", "/a*"]],
    ["-<", ["-<", ""]],
    ["-<junk", ["-<", "junk"]],
    ["->", ["->", ""]],
    ["-<-", ["-<", ""]],
    ["+>=", ["+>", ""]],
    ["+>=/a", ["+>", "=/a"]],
    [">", undefined],
    ["<", undefined],
    [">/a", undefined],
    ["</a", undefined],
    ["==/a", undefined],
    ["+=/a", undefined],
    ["-+/a", undefined],
    ["+-/a", undefined],
    ["--/a", undefined],
    ["=</a", undefined],
    ["--", undefined],
  ];
  for (const [text, expected] of cases) {
    const split = split_instruction(text);
    const result = split.ok ? [split.value.instruction, split.value.list] : undefined;
    assertEquals(result, expected, text);
    if (!split.ok) assertEquals(split.errno, EINVAL);
  }
});

Deno.test("elements of a list", () => {
  const cases: [string, [string, number, bigint | undefined][] | undefined][] = [
    ["", []],
    ["/p", [["/p", MODE_RW, undefined]]],
    ["/p=RW", [["/p", MODE_RW, undefined]]],
    ["/p=RO", [["/p", MODE_RO, undefined]]],
    ["/p=NC,10M", [["/p", MODE_NC, 10n << 20n]]],
    ["/a=b=RW", [["/a=b", MODE_RW, undefined]]],
    ["/p=RW,1Gxyz", [["/p", MODE_RW, 1n << 30n]]],
    ["/p=RW,0", [["/p", MODE_RW, 0n]]],
    ["/a:/b=RO:/c=NC,5", [["/a", MODE_RW, undefined], ["/b", MODE_RO, undefined], ["/c", MODE_NC, 5n]]],
    ["/a:/a", [["/a", MODE_RW, undefined], ["/a", MODE_RW, undefined]]],
    ["/a,b", [["/a,b", MODE_RW, undefined]]],
    ["/a=b", undefined],
    ["/p=", undefined],
    ["/p=,1G", undefined],
    ["/p=ro", undefined],
    ["/p=RW,", undefined],
    ["/p=RW,x", undefined],
    ["/p=RW,1.5G", undefined],
    ["/p=RW,-1", undefined],
    ["/p=RO,1G,x", undefined],
    ["/p=RO,1G,", undefined],
    ["a:", undefined],
    [":a", undefined],
    ["a::b", undefined],
    ["/a:=RO", undefined],
    ["/a\0b", undefined],
  ];
  for (const [text, expected] of cases) {
    const list = parse_branch_list(text);
    const result = list.ok ? list.value.map((p) => [p.pattern, p.mode, p.own_minfreespace]) : undefined;
    assertEquals(result, expected, text);
  }
});

Deno.test("a bad mode is named, with a suggestion", () => {
  const list = parse_branch_list("/p=ro");
  assert(!list.ok);
  assertEquals([list.problem, list.hint], ['unknown mode "ro" of branch "/p=ro"', 'did you mean "RO"?']);
});

Deno.test("a printed list reads back as itself", () => {
  const path = fc.stringMatching(/^\/[a-z=,. +<>-]{0,12}$/);
  const size = fc.option(fc.bigInt(0n, 0xffff_ffff_ffff_ffffn), { nil: undefined });
  const branch = fc.record({
    text: path,
    mode: fc.constantFrom(MODE_RW, MODE_RO, MODE_NC),
    own_minfreespace: size,
    canonical: fc.constant(true),
  });
  fc.assert(fc.property(fc.array(branch, { maxLength: 5 }), (branches) => {
    const list = parse_branch_list(print_branches(branches));
    assert(list.ok);
    assertEquals(
      list.value.map((p) => [p.pattern, p.mode, p.own_minfreespace]),
      branches.map((b) => [b.text, b.mode, b.own_minfreespace]),
    );
  }));
});
