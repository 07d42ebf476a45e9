// operations.md §30.4: rename and link over branches, with a create policy that preserves paths, and what the options for
// other devices make of them.

import { type Scenario, test_scenarios } from "../support/scenario.ts";

/** Renames or links, and tells where the symlink leads that may have come of it; "<test>" is the directory of this test. */
function moved(call: "rename" | "link"): string {
  return `[attempt(os.${call}, "s/f", "t/g"), os.path.islink("t/g") and ` +
    'os.readlink("t/g").replace(os.path.dirname(os.getcwd()), "<test>")]';
}

const APART = { before: [["s/f"], ["t/"]] } as const;
const PRESERVING = "category.create=epmfs";

/** As APART, with the options beside the policy. */
function apart(name: string, option: string, call: string, result: unknown, after: Scenario["after"]): Scenario {
  return { ...APART, name, options: option === "" ? PRESERVING : `${PRESERVING},${option}`, call, result, after };
}

test_scenarios("rename that preserves paths", [
  apart("the target's directory is on another branch: EXDEV", "", moved("rename"), ["EXDEV", false], APART.before),
  apart("the same with ignorepponrename", "ignorepponrename=true", moved("rename"), [0, false], [["s/", "t/g"], [
    "t/",
  ]]),
  {
    name: "what cannot be renamed and what was under the new name goes",
    options: PRESERVING,
    before: [["s/f", "t/"], ["s/f"], ["s/x", "t/g"]],
    call: `[${moved("rename")}, get("t/g")]`,
    result: [[0, false], "branch 0: s/f"],
    after: [["s/", "t/g"], ["s/"], ["s/x", "t/"]],
  },
  {
    name: "every error of a branch is EXDEV",
    options: PRESERVING,
    before: [["f"]],
    immutable: [["."]],
    call: 'attempt(os.rename, "f", "g")',
    result: "EXDEV",
    after: [["f"]],
  },
  apart(
    "rename-exdev=abs-symlink",
    "rename-exdev=abs-symlink",
    `[${moved("rename")}, get("t/g")]`,
    [[0, "<test>/pool/.mergerfs_rename_exdev/s/f"], "branch 0: s/f"],
    [["s/", ".mergerfs_rename_exdev/s/f"], ["t/g"]],
  ),
]);

test_scenarios("link that preserves paths", [
  apart("the new directory is on another branch: EXDEV", "", moved("link"), ["EXDEV", false], APART.before),
  ...([
    ["rel-symlink", "../s/f"],
    ["abs-base-symlink", "<test>/branch0/s/f"],
    ["abs-pool-symlink", "<test>/pool/s/f"],
  ] as const).map(([mode, target]) =>
    apart(
      `link-exdev=${mode}`,
      `link-exdev=${mode}`,
      `[${moved("link")}, get("t/g")]`,
      [[0, target], "branch 0: s/f"],
      [["s/f"], ["t/g"]],
    )
  ),
]);
