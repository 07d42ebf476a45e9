// What a text does to a list, and what becomes of patterns (config spec §4.1, §4.2, §4.3).

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { EINVAL, ENOENT } from "../../src/base/errno.ts";
import { BRANCHES_MAX } from "../../src/base/limits.ts";
import type { BranchSpec } from "../../src/branches/branch.ts";
import { edit_branches } from "../../src/branches/edit.ts";
import { print_branch_paths, print_branches } from "../../src/branches/print.ts";
import { fake_branch_files } from "../support/fake_files.ts";

const FILES = fake_branch_files({
  directories: ["/", "/m", "/m/a", "/m/b", "/m/c", "/m/real"],
  symlinks: { "/m/link": "/m/real" },
  files: { "/m/file": "" },
});

function none(): boolean {
  return false;
}

function edit(current: readonly BranchSpec[], text: string, messages: string[] = []) {
  return edit_branches(current, text, {
    files: FILES,
    log: (level, message) => void messages.push(`${level}: ${message}`),
    is_own_mount: none,
  });
}

function list_of(text: string): readonly BranchSpec[] {
  const edited = edit([], text);
  assert(edited.ok);
  return edited.value;
}

/** The list as text, or -errno. */
function after(before: string, text: string): string | number {
  const edited = edit(list_of(before), text);
  return edited.ok ? print_branches(edited.value) : -edited.errno;
}

Deno.test("instructions change the list", () => {
  const before = "/m/a:/m/b=RO,1K:/m/a=NC";
  const printed = "/m/a=RW:/m/b=RO,1K:/m/a=NC";
  const cases: [string, string | number][] = [
    ["/m/c", "/m/c=RW"],
    ["=/m/c", "/m/c=RW"],
    ["", ""],
    ["=", ""],
    ["+/m/c", `${printed}:/m/c=RW`],
    ["+>/m/c:/m/b", `${printed}:/m/c=RW:/m/b=RW`],
    ["+</m/c:/m/b", `/m/c=RW:/m/b=RW:${printed}`],
    ["+", printed],
    ["-/m/a", "/m/b=RO,1K"],
    ["-/m/a:/m/b", ""],
    ["-*", ""],
    ["-*b", "/m/a=RW:/m/a=NC"],
    ["-/m/a=RW", printed],
    ["-/nothing", printed],
    ["-", printed],
    ["-<", "/m/b=RO,1K:/m/a=NC"],
    ["-<ignored", "/m/b=RO,1K:/m/a=NC"],
    ["->", "/m/a=RW:/m/b=RO,1K"],
    ["+/m/c:/m/b=XX", -EINVAL],
    ["==/m/c", -EINVAL],
  ];
  for (const [text, expected] of cases) assertEquals(after(before, text), expected, text);
});

Deno.test("nothing can be taken from an empty list", () => {
  assertEquals(after("", "-<"), -ENOENT);
  assertEquals(after("", "->"), -ENOENT);
  assertEquals(after("", "-*"), "");
});

Deno.test("the list before an edit stays as it was", () => {
  const before = list_of("/m/a:/m/b");
  edit(before, "-<");
  edit(before, "+/m/c");
  assertEquals(print_branches(before), "/m/a=RW:/m/b=RW");
});

Deno.test("paths become canonical where they exist", () => {
  assertEquals(list_of("/m/link:/m/a/:/none/x"), [
    { text: "/m/real", mode: 0, own_minfreespace: undefined, canonical: true },
    { text: "/m/a", mode: 0, own_minfreespace: undefined, canonical: true },
    { text: "/none/x", mode: 0, own_minfreespace: undefined, canonical: false },
  ]);
});

Deno.test("branches of one pattern share mode and threshold", () => {
  assertEquals(print_branches(list_of("/m/?=NC,1500")), "/m/a=NC,1500:/m/b=NC,1500:/m/c=NC,1500");
  assertEquals(print_branch_paths(list_of("/m/{c,a}=RO")), "/m/c:/m/a");
});

Deno.test("what is missing stays and is said, what is no directory goes and is said", () => {
  const messages: string[] = [];
  const edited = edit([], "/m/none*:/m/file:/m/a", messages);
  assert(edited.ok);
  assertEquals(print_branches(edited.value), "/m/none*=RW:/m/a=RW");
  assertEquals(messages.length, 2);
  assertStringIncludes(messages[0]!, '"/m/none*"');
  assertStringIncludes(messages[1]!, '"/m/file"');
});

Deno.test("a missing branch that looks like a slip is told with what was meant", () => {
  const messages: string[] = [];
  assert(edit([], "/m/d1,1G:nob5:/m/later", messages).ok);
  assertEquals(messages, [
    'notice: Branch "/m/d1,1G" does not exist; did you mean "/m/d1=RW,1G"?',
    'notice: Branch "nob5" does not exist; a pool in the background looks for it in "/": write an absolute path.',
    'notice: Branch "/m/later" does not exist; it joins the pool once it appears.',
  ]);
});

Deno.test("a disk that does not answer stays a branch", () => {
  // What a mounted but broken disk shows: a path that resolves, and nobody can tell what is there.
  const silent = { ...FILES, realpath: (text: string) => text, is_no_directory: () => false, glob: () => [] };
  const edited = edit_branches([], "/m/broken=NC", { files: silent, log: () => {}, is_own_mount: none });
  assert(edited.ok);
  assertEquals(print_branches(edited.value), "/m/broken=NC");
});

Deno.test("more branches than a request can hold are refused", () => {
  const most = Array(BRANCHES_MAX).fill("/m/a").join(":");
  assertEquals(list_of(most).length, BRANCHES_MAX);
  assertEquals(edit(list_of(most), "+/m/a").ok, false);
});
