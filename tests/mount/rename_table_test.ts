// operations.md §30.3: rename over branches, with a create policy that does not preserve paths (the default).

import { test_scenarios } from "../support/scenario.ts";

function rename(from: string, to: string): string {
  return `attempt(os.rename, "${from}", "${to}")`;
}

test_scenarios("rename", [
  {
    name: "the target's directory is cloned from another branch",
    before: [["s/f"], ["t/"]],
    call: rename("s/f", "t/g"),
    result: 0,
    after: [["s/", "t/g"], ["t/"]],
  },
  {
    name: "stale copies of the target vanish from other branches",
    before: [["f"], ["g"], ["g"]],
    call: rename("f", "g"),
    result: 0,
    after: [["g"], [], []],
  },
  {
    name: "stale copies of the target vanish from RO and NC branches too",
    modes: ["RW", "RO", "NC"],
    before: [["f"], ["g"], ["g"]],
    call: rename("f", "g"),
    result: 0,
    after: [["g"], [], []],
  },
  {
    name: "a copy that cannot be renamed stays when it cannot be deleted either",
    before: [["f"], ["f"], ["f"]],
    immutable: [[], ["."], []],
    call: rename("f", "g"),
    result: 0,
    after: [["g"], ["f"], ["g"]],
  },
  {
    name: "a copy that cannot replace a directory is deleted",
    before: [["f", "g"], ["f", "g/x"]],
    call: rename("f", "g"),
    result: 0,
    after: [["g"], ["g/x"]],
  },
  {
    name: "a directory moves on every branch that has it, with cloned parents",
    before: [["d/a"], ["d/b", "x/y/"]],
    call: rename("d", "x/y/e"),
    result: 0,
    after: [["x/y/e/a"], ["x/y/e/b"]],
  },
  {
    name: "a directory merges with the target's content on another branch",
    before: [["d/a"], ["e/z"]],
    call: rename("d", "e"),
    result: 0,
    after: [["e/a"], ["e/z"]],
  },
  {
    name: "a copy on an RO branch keeps its name",
    modes: ["RO", "RW"],
    before: [["f"], ["f"]],
    call: rename("f", "g"),
    result: 0,
    after: [["f"], ["g"]],
  },
  {
    name: "RO branches only: EROFS",
    modes: ["RO", "RO"],
    before: [["f"], ["f"]],
    call: rename("f", "g"),
    result: "EROFS",
    after: [["f"], ["f"]],
  },
]);
