// operations.md §30.5: link over branches, with a create policy that does not preserve paths (the default).

import { test_scenarios } from "../support/scenario.ts";

const LINK = 'attempt(os.link, "s/f", "t/g")';

test_scenarios("link", [
  {
    name: "both copies are linked, the directory is cloned",
    before: [["s/f"], ["s/f", "t/"]],
    call: `[${LINK}, os.stat("s/f").st_nlink, os.stat("t/g").st_nlink]`,
    result: [0, 2, 2],
    after: [["s/f", "t/g"], ["s/f", "t/g"]],
  },
  {
    name: "one copy immutable: only the other is linked",
    before: [["s/f"], ["s/f", "t/"]],
    immutable: [["s/f"], []],
    call: LINK,
    result: 0,
    after: [["s/f", "t/"], ["s/f", "t/g"]],
  },
  {
    name: "no copy can be linked: the last error",
    before: [["s/f", "t/"], ["s/f", "t"]],
    immutable: [["s/f"], []],
    call: LINK,
    result: "ENOTDIR",
    after: [["s/f", "t/"], ["s/f", "t"]],
  },
]);
