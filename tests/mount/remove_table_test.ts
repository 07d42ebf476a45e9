// operations.md §30.2: unlink and rmdir over branches.

import { test_scenarios } from "../support/scenario.ts";

const UNLINK = 'attempt(os.unlink, "f")';
const RMDIR = 'attempt(os.rmdir, "d")';
const RMDIR_BELOW = 'attempt(os.rmdir, "p/d")';

test_scenarios("unlink", [
  {
    name: "one copy immutable: success, that copy stays",
    before: [["f"], ["f"]],
    immutable: [["f"], []],
    call: UNLINK,
    result: 0,
    after: [["f"], []],
  },
  {
    name: "a copy on an RO branch stays",
    modes: ["RO", "RW"],
    before: [["f"], ["f"]],
    call: `[${UNLINK}, attempt(get, "f")]`,
    result: [0, "branch 0: f"],
    after: [["f"], []],
  },
  {
    name: "all copies immutable: EPERM",
    before: [["f"], ["f"]],
    immutable: [["f"], ["f"]],
    call: UNLINK,
    result: "EPERM",
    after: [["f"], ["f"]],
  },
]);

test_scenarios("rmdir", [
  {
    name: "empty on three branches",
    before: [["d/"], ["d/"], ["d/"]],
    call: RMDIR,
    result: 0,
    after: [[], [], []],
  },
  ...[0, 1, 2].map((full) => ({
    name: `not empty on branch ${full} only: ENOTEMPTY, the empty ones go`,
    before: [0, 1, 2].map((at) => at === full ? ["d/x"] : ["d/"]),
    call: RMDIR,
    result: "ENOTEMPTY",
    after: [0, 1, 2].map((at) => at === full ? ["d/x"] : []),
  })),
  {
    name: "the first branch refuses, a later one succeeds: success",
    before: [["p/d/"], ["p/d/"], ["p/d/"]],
    immutable: [["p"], [], []],
    call: RMDIR_BELOW,
    result: 0,
    after: [["p/d/"], ["p/"], ["p/"]],
  },
  {
    name: "the last branch refuses: its error",
    before: [["p/d/"], ["p/d/"], ["p/d/"]],
    immutable: [[], [], ["p"]],
    call: RMDIR_BELOW,
    result: "EPERM",
    after: [["p/"], ["p/"], ["p/d/"]],
  },
  {
    name: "refused, not empty, success: ENOTEMPTY wins",
    before: [["p/d/"], ["p/d/x"], ["p/d/"]],
    immutable: [["p"], [], []],
    call: RMDIR_BELOW,
    result: "ENOTEMPTY",
    after: [["p/d/"], ["p/d/x"], ["p/"]],
  },
  {
    name: "success, not empty, refused: ENOTEMPTY wins",
    before: [["p/d/"], ["p/d/x"], ["p/d/"]],
    immutable: [[], [], ["p"]],
    call: RMDIR_BELOW,
    result: "ENOTEMPTY",
    after: [["p/"], ["p/d/x"], ["p/d/"]],
  },
]);
