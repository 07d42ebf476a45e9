// Making copies like the right one (operations §27.1): what is changed, what is left alone, and what may not be touched.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { S_ISUID } from "../../src/base/statx.ts";
import { type Copy, look_at } from "../../src/tools/copies.ts";
import { repair } from "../../src/tools/repair.ts";
import { must_run, root_test } from "../support/handler.ts";
import { in_scratch_directory } from "../support/scratch.ts";
import { type StandIn, with_stand_ins } from "../support/system_calls.ts";

const PATH = "folder/file";

/** Branches with the same path in each, which hold "branch N"; the first was modified last. */
function with_branches(count: number, use: (directory: string, copies: () => Copy[]) => void): void {
  in_scratch_directory((directory) => {
    const paths = Array.from({ length: count }, (_, at) => `${directory}/b${at}/${PATH}`);
    for (const [at, path] of paths.entries()) {
      Deno.mkdirSync(`${directory}/b${at}/folder`, { recursive: true });
      Deno.writeTextFileSync(path, `branch ${at}`);
      Deno.utimeSync(path, 1_000_000_000, 1_000_000_000 - at);
    }
    use(directory, () => paths.map(look_at));
  });
}

function summary(path: string): string {
  return must_run("stat", "-c", "%a %u %g %Y", path).trim();
}

root_test(
  "all others get owner and mode, set-id bits too, and keep what is in them; what is right is not touched",
  () => {
    with_branches(4, (directory, copies) => {
      const path = (at: number) => `${directory}/b${at}/${PATH}`;
      for (const at of [0, 3]) {
        Deno.chownSync(path(at), 1001, 1002);
        Deno.chmodSync(path(at), 0o6751);
      }
      Deno.chownSync(path(2), 1001, 1002);
      const before = copies();
      assertEquals(repair(before, before[0]!, PATH, false), []);
      const after = copies();
      assertEquals(after.map(({ path }) => summary(path)), [
        "6751 1001 1002 1000000000",
        "6751 1001 1002 999999999",
        "6751 1001 1002 999999998",
        "6751 1001 1002 999999997",
      ]);
      assertEquals(Deno.readTextFileSync(path(1)), "branch 1");
      for (const at of [0, 3]) assert(after[at]!.stat.is_same_state(before[at]!.stat), `copy ${at}`);
    });
  },
);

root_test("directories and the roots of branches are repaired as well", () => {
  with_branches(2, (directory) => {
    for (const relative of ["", "folder"]) {
      const copies = [0, 1].map((at) => look_at(`${directory}/b${at}/${relative}`));
      Deno.chmodSync(copies[1]!.path, 0o2770);
      const changed = copies.map(({ path }) => look_at(path));
      assertEquals(repair(changed, changed[1]!, relative, true), []);
      assertEquals(look_at(copies[0]!.path).stat.mode, 0o042770);
    }
  });
});

root_test(
  "a copy has content, attributes and times of the right one, takes its place, and leaves nothing beside it",
  () => {
    with_branches(3, (directory, copies) => {
      const right = `${directory}/b1/${PATH}`;
      Deno.chownSync(right, 1001, 1002);
      Deno.chmodSync(right, 0o4750);
      must_run("setfattr", "-n", "user.mark", "-v", "yes", right);
      const before = copies();
      assertEquals(repair(before, before[1]!, PATH, true), []);
      for (const { path, stat } of copies()) {
        assertEquals(Deno.readTextFileSync(path), "branch 1");
        assertEquals(summary(path), "4750 1001 1002 999999999");
        assertEquals(stat.mode & S_ISUID, S_ISUID);
        assertEquals(must_run("getfattr", "--only-values", "-n", "user.mark", path), "yes");
        assertEquals([...Deno.readDirSync(path.replace(/\/file$/, ""))].length, 1);
      }
      assert(copies()[1]!.stat.is_same_state(before[1]!.stat), "the right one was touched");
    });
  },
);

root_test("what is the right one under another name, or is there twice, is taken once", () => {
  with_branches(2, (directory, copies) => {
    Deno.linkSync(`${directory}/b0/${PATH}`, `${directory}/link`);
    const [right, other] = copies();
    const again: Copy = { ...look_at(`${directory}/link`), path: `${directory}/link/none/${PATH}` };
    assertEquals(repair([again, right!, other!, other!], right!, PATH, true), []);
    assertEquals(Deno.readTextFileSync(other!.path), "branch 0");
    assertEquals(look_at(right!.path).stat.nlink, 2);
  });
});

root_test(
  "no symlink in a branch leads a repair out of it, neither to what is changed nor to what is taken for right",
  () => {
    with_branches(3, (directory, copies) => {
      Deno.renameSync(`${directory}/b1/folder`, `${directory}/outside`);
      Deno.symlinkSync("../outside", `${directory}/b1/folder`);
      Deno.chmodSync(`${directory}/b0/${PATH}`, 0o600);
      const seen = copies();
      const outside = look_at(`${directory}/outside/file`);
      for (const copy_file of [false, true]) {
        const failures = repair(copies(), copies()[0]!, PATH, copy_file);
        assertEquals(failures.length, 1);
        assertMatch(failures[0]!, /"[^"]*\/b1\/folder\/file".*: a symlink inside the branch leads there \(.+\)$/);
      }
      assert(look_at(outside.path).stat.is_same_state(outside.stat), "changed outside of the branch");
      assertEquals(Deno.readTextFileSync(`${directory}/b2/${PATH}`), "branch 0");
      const failures = repair(seen, seen[1]!, PATH, true);
      assertEquals(failures.length, 1);
      assertMatch(failures[0]!, /^cannot use "[^"]*\/b1\/folder\/file" for repairs: a symlink/);
    });
  },
);

root_test("a copy that has changed since it was listed is left as it is", () => {
  with_branches(3, (_directory, copies) => {
    Deno.chmodSync(copies()[0]!.path, 0o600);
    for (const copy_file of [false, true]) {
      const listed = copies();
      Deno.writeTextFileSync(listed[1]!.path, "new");
      const failures = repair(listed, listed[0]!, PATH, copy_file);
      assertEquals(failures.length, 1, failures.join());
      assertMatch(failures[0]!, /"[^"]*\/b1\/.*: it has changed meanwhile \(run this again\)$/);
      assertEquals(Deno.readTextFileSync(listed[1]!.path), "new");
      Deno.chmodSync(copies()[2]!.path, 0o644);
    }
    const listed = copies();
    Deno.writeTextFileSync(listed[2]!.path, "new");
    assertMatch(repair(listed, listed[2]!, PATH, true).join(), /^cannot use .*\/b2\/.*: it has changed meanwhile/);
    assertEquals(Deno.readTextFileSync(listed[0]!.path), "branch 0");
  });
});

root_test("a file that changes while its replacement is made is left as it is, and nothing is left beside it", () => {
  with_branches(2, (directory, copies) => {
    const listed = copies();
    const meanwhile: StandIn = (real) => {
      Deno.writeTextFileSync(listed[1]!.path, "new");
      return real();
    };
    with_stand_ins({ fchown: meanwhile }, () => {
      assertMatch(repair(listed, listed[0]!, PATH, true).join(), /it has changed meanwhile/);
    });
    assertEquals(Deno.readTextFileSync(listed[1]!.path), "new");
    assertEquals([...Deno.readDirSync(`${directory}/b1/folder`)].length, 1);
  });
});

root_test("what fails is told, leaves the copy whole and nothing beside it, and the others are repaired", () => {
  with_branches(3, (directory, copies) => {
    const stuck = `${directory}/b1/${PATH}`;
    must_run("chattr", "+i", stuck);
    try {
      Deno.chmodSync(`${directory}/b0/${PATH}`, 0o640);
      for (const copy_file of [true, false]) {
        const seen = copies();
        assertMatch(repair(seen, seen[0]!, PATH, copy_file).join("|"), /^cannot [^|]*: Operation not permitted$/);
        assertEquals(Deno.readTextFileSync(stuck), "branch 1");
        assertEquals([...Deno.readDirSync(`${directory}/b1/folder`)].length, 1);
        assertEquals(look_at(`${directory}/b2/${PATH}`).stat.mode, 0o100640);
        Deno.chmodSync(`${directory}/b2/${PATH}`, 0o600);
      }
    } finally {
      must_run("chattr", "-i", stuck);
    }
  });
});
