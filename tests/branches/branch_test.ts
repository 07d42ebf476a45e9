// A branch as the request path sees it, and the name of the pool.

import { assertEquals } from "@std/assert";
import { make_branch, make_branches, MODE_RO, MODE_RW } from "../../src/branches/branch.ts";
import { compute_fsname } from "../../src/branches/fsname.ts";

function spec(text: string, own_minfreespace?: bigint) {
  return { text, mode: MODE_RW, own_minfreespace, canonical: true };
}

Deno.test("path bytes, seed and threshold", () => {
  const branch = make_branch(spec("/mnt/disk1"), 4294967295n);
  assertEquals(new TextDecoder().decode(branch.path), "/mnt/disk1");
  assertEquals([branch.seed_high, branch.seed_low], [0xcf34d539, 0x05b6d64c]);
  assertEquals(branch.minfreespace_bytes, 4294967295);
  assertEquals(make_branch(spec("/mnt/disk1", 0n), 4294967295n).minfreespace_bytes, 0);
});

Deno.test("trailing slashes go, the root stays", () => {
  assertEquals(make_branch(spec("/missing//"), 0n).path.length, "/missing".length);
  assertEquals([...make_branch(spec("/"), 0n).path], [0x2f]);
});

Deno.test("a path that is not UTF-8 keeps its bytes", () => {
  assertEquals([...make_branch(spec("/d\udcff\udc80"), 0n).path], [0x2f, 0x64, 0xff, 0x80]);
});

Deno.test("a list keeps order and modes and cannot be changed", () => {
  const list = make_branches([spec("/b"), { ...spec("/a"), mode: MODE_RO }], 1n);
  assertEquals(list.map((branch) => [branch.text, branch.mode]), [["/b", MODE_RW], ["/a", MODE_RO]]);
  assertEquals(Object.isFrozen(list) && Object.isFrozen(list[0]), true);
});

Deno.test("the computed fsname", () => {
  const cases: [string[], string][] = [
    [["/mnt/disk1", "/mnt/disk2"], "1:2"],
    [["/mnt/disk1"], "/mnt/disk1"],
    [["/a/b1", "/a/b1"], "/a/b1:/a/b1"],
    [["/a/p", "/a/pp"], "/a/p:/a/pp"],
    [["/a/pp", "/a/p"], "p:"],
    [["/a/g/x1", "/a/g/x2", "/a/b1"], "g/x1:g/x2:b1"],
    [["/a/\u{1f600}", "/a/\u{1f601}"], "\u{1f600}:\u{1f601}"],
    [[], ""],
  ];
  for (const [paths, expected] of cases) assertEquals(compute_fsname(paths), expected);
});
