// When copies differ, which one is the right one, and how they are printed (operations §27.1).

import { assertEquals, assertMatch } from "@std/assert";
import {
  STATX_GID_WORD,
  STATX_MTIME_WORD,
  STATX_SIZE_WORD,
  STATX_UID_WORD,
  StatxBuffer,
} from "../../src/base/statx.ts";
import {
  type Copy,
  differ,
  have_same_type,
  largest,
  listing,
  local_time,
  look_at,
  newest,
} from "../../src/tools/copies.ts";

interface Look {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly mtime?: readonly [s: number, ns: number];
}

const FILE = 0o100644;

function copy({ mode = FILE, uid = 0, gid = 0, size = 0, mtime = [0, 0] }: Look, path = "/a"): Copy {
  const stat = new StatxBuffer();
  stat.mode = mode;
  stat.words[STATX_UID_WORD] = uid;
  stat.words[STATX_GID_WORD] = gid;
  stat.words[STATX_SIZE_WORD] = size;
  stat.words[STATX_SIZE_WORD + 1] = Math.floor(size / 2 ** 32);
  stat.words[STATX_MTIME_WORD] = mtime[0];
  stat.words[STATX_MTIME_WORD + 1] = mtime[0] < 0 ? -1 : 0;
  stat.words[STATX_MTIME_WORD + 2] = mtime[1];
  return { path, stat, error: 0 };
}

Deno.test("copies differ by any bit of the mode, by owner and group, and by size only if wanted and the first is a file", () => {
  const cases: [looks: Look[], plainly: boolean, by_size: boolean][] = [
    [[{}, {}, {}], false, false],
    [[{}, {}, { mode: 0o100645 }], true, true],
    [[{}, { mode: 0o104644 }], true, true],
    [[{}, { mode: 0o040644 }], true, true],
    [[{}, {}, { uid: 1 }], true, true],
    [[{ gid: 2 }, { gid: 3 }], true, true],
    [[{ size: 1 }, { size: 2 }], false, true],
    [[{ size: 1 }, { size: 1 + 2 ** 32 }], false, true],
    [[{ mode: 0o040755, size: 1 }, { mode: 0o040755, size: 2 }], false, false],
    [[{ mtime: [1, 0] }, { mtime: [2, 0] }], false, false],
  ];
  for (const [looks, plainly, by_size] of cases) {
    const copies = looks.map((look) => copy(look));
    assertEquals([differ(copies, false), differ(copies, true)], [plainly, by_size], JSON.stringify(looks));
  }
});

Deno.test("copies have the same type when only other bits of the mode differ", () => {
  assertEquals(have_same_type([copy({}), copy({ mode: 0o107777 })]), true);
  assertEquals(have_same_type([copy({}), copy({}), copy({ mode: 0o040644 })]), false);
});

Deno.test("the newest has the latest second, then nanosecond; the largest most bytes; the first of equals", () => {
  const times = [[5, 7], [5, 9], [-1, 999_999_999], [5, 9], [4, 10]] as const;
  const by_time = times.map((mtime, at) => copy({ mtime }, String(at)));
  assertEquals(newest(by_time).path, "1");
  const by_size = [3, 2 ** 33, 2 ** 33, 4].map((size, at) => copy({ size }, String(at)));
  assertEquals(largest(by_size).path, "1");
  assertEquals([newest(by_size).path, largest(by_time).path], ["0", "0"]);
});

Deno.test("each copy has a line with its number and path, and one with what lstat says", () => {
  const copies = [
    copy({ mode: 0o104755, uid: 1, gid: 4294967294, size: 2 ** 40 }, "/a/f"),
    copy({ mode: 0o020600 }, "/b/f"),
  ];
  const epoch = local_time(0);
  assertEquals(
    listing("/pool/f", copies),
    "* /pool/f\n" +
      `  0: /a/f\n    - uid: 1; gid: 4294967294; mode: 104755; type: regular; size: 1099511627776; mtime: ${epoch}\n` +
      `  1: /b/f\n    - uid: 0; gid: 0; mode: 20600; type: char dev; size: 0; mtime: ${epoch}\n`,
  );
  const words = [0o140000, 0o120000, 0o060000, 0o040000, 0o010000, 0o170000].map((mode) => {
    return /type: ([^;]*)/.exec(listing("/p", [copy({ mode })]))![1];
  });
  assertEquals(words, ["socket", "symlink", "block dev", "directory", "fifo", "unknown"]);
});

Deno.test("a copy that cannot be looked at has a line with the reason, and an unknown type", () => {
  const missing = look_at("/nowhere/at/all");
  assertMatch(
    listing("/p", [missing]),
    /\n {4}- err: No such file or directory\n {4}- uid: 0; gid: 0; mode: 00000; type: unknown; size: -2; mtime: /,
  );
  assertEquals(have_same_type([missing, copy({})]), false);
});

Deno.test("times have the form of the place, and those beyond every calendar end nothing", () => {
  assertMatch(local_time(1_700_000_000), /^2023-11-1[45]T\d\d:\d\d:20[+-]\d{4}$/);
  assertMatch(local_time(-1), /^19(69|70)-/);
  assertEquals(local_time(1e15), "1000000000000000");
});
