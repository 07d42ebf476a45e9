// Every kind of value: what is accepted, and how it prints (config spec §2, §3.2, §5.4).

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { EINVAL, EOVERFLOW } from "../../src/base/errno.ts";
import {
  BOOL,
  DUMMY,
  INT,
  type Kind,
  MOVE_POLICY,
  one_of,
  PAGES,
  POLICY,
  READDIR,
  READDIRPLUS,
  REMEMBER,
  SET,
  SIGNED,
  SIZE,
  SIZE_OR_PERCENT,
  TEXT,
} from "../../src/config/kinds.ts";
import { POLICY_NAMES } from "../../src/policies/registry.ts";

/** The printed text, or -errno. */
function read(kind: Kind, text: string): string | number {
  const value = kind.read(text, 4096);
  return value.ok ? value.value : -value.errno;
}

function check(kind: Kind, cases: readonly (readonly [string, string | number])[]): void {
  for (const [text, expected] of cases) assertEquals(read(kind, text), expected, JSON.stringify(text));
}

Deno.test("BOOL", () => {
  for (const text of ["true", "t", "1", "on", "yes"]) assertEquals(read(BOOL, text), "true");
  for (const text of ["false", "f", "0", "off", "no"]) assertEquals(read(BOOL, text), "false");
  for (const text of ["", "True", "TRUE", "y", "n", "2", " true", "true ", "maybe"]) {
    assertEquals(read(BOOL, text), -EINVAL, text);
  }
});

Deno.test("numbers and sizes", () => {
  check(INT, [["5x", "5"], ["-3", "-3"], ["", -EINVAL], ["+1", -EINVAL], ["2147483648", -EINVAL]]);
  check(SIZE_OR_PERCENT, [["1k", "1024"], ["5%", "5%"], ["0.5%", "0.5%"], ["100%", "100%"], ["0%", "0%"]]);
  check(SIZE_OR_PERCENT, [["101%", -EINVAL], ["%", -EINVAL], ["-1%", -EINVAL], ["5 %", -EINVAL], ["x", -EINVAL]]);
  check(SIZE, [["1k", "1024"], ["1Gxyz", "1073741824"], ["1.5G", -EINVAL], ["16777216T", -EOVERFLOW]]);
  check(SIGNED, [["-1", "-1"], ["2k", "2048"], ["x", -EINVAL]]);
  check(PAGES, [["1M", "256"], ["4097B", "2"], ["7", "7"], ["0", "1"], ["", -EINVAL]]);
});

Deno.test("texts", () => {
  check(TEXT, [["", ""], [" a=b ", " a=b "]]);
  check(DUMMY, [["", ""], ["anything", ""]]);
});

Deno.test("words", () => {
  const kind = one_of(["off", "auto-full"]);
  check(kind, [["off", "off"], ["auto-full", "auto-full"], ["Off", -EINVAL], ["", -EINVAL], ["auto", -EINVAL]]);
  const value = kind.read("auto-ful", 4096);
  assert(!value.ok);
  assertEquals([value.problem, value.hint], ['unknown value "auto-ful"', 'did you mean "auto-full"?']);
  const far = kind.read("zzz", 4096);
  assert(!far.ok && far.hint === "use one of off, auto-full");
});

Deno.test("policies", () => {
  for (const name of POLICY_NAMES) assertEquals(read(POLICY, name), name);
  check(POLICY, [["", -EINVAL], ["FF", -EINVAL], ["mfz", -EINVAL], ["ff,rand", -EINVAL]]);
});

Deno.test("sets", () => {
  check(SET, [["", ""], ["b|a|b", "a|b"], ["a||b", "|a|b"], [" a|a", " a|a"], ["a|", "|a"], ["B|a", "B|a"]]);
  fc.assert(fc.property(fc.string(), (text) => {
    const once = read(SET, text);
    assertEquals(read(SET, once as string), once);
  }));
});

Deno.test("func.readdir", () => {
  for (const text of ["seq", "cosr", "cor", "seq:9", "cor:0", "cosr:4:2", "seq:2147483647"]) {
    assertEquals(read(READDIR, text), text);
  }
  const bad = [
    "",
    "SEQ",
    "seq:",
    "seq:-1",
    "seq:1:",
    "seq:1:2:3",
    "foo",
    "seq 1",
    "seq:2147483648",
    "cor:1:2147483648",
    "cor:1:99999999999999",
  ];
  for (const text of bad) assertEquals(read(READDIR, text), -EINVAL, text);
});

Deno.test("never-forget-nodes", () => {
  check(REMEMBER, [
    ["", "true"],
    ["-1", "true"],
    ["0", "false"],
    ["1", "true"],
    ["1k", "true"],
    ["true", "true"],
    ["no", "false"],
    ["off", "false"],
    ["maybe", -EINVAL],
  ]);
});

Deno.test("moveonenospc", () => {
  check(MOVE_POLICY, [
    ["true", "pfrd"],
    ["1", "pfrd"],
    ["no", "false"],
    ["mfs", "mfs"],
    ["", -EINVAL],
    ["mfz", -EINVAL],
  ]);
});

Deno.test("readdirplus", () => {
  check(READDIRPLUS, [["auto", "auto"], ["yes", "true"], ["0", "false"], ["", -EINVAL], ["Auto", -EINVAL]]);
});

Deno.test("no text makes a kind throw", () => {
  const kinds = [BOOL, INT, SIZE, SIGNED, PAGES, POLICY, READDIR, REMEMBER, MOVE_POLICY, READDIRPLUS, SET];
  fc.assert(fc.property(fc.constantFrom(...kinds), fc.string({ unit: "binary" }), (kind, text) => {
    const value = kind.read(text, 4096);
    assert(value.ok || value.errno > 0);
  }));
});
