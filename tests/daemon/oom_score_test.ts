// The score is lowered, and the log tells what it was.

import { assertEquals } from "@std/assert";
import { lower_oom_score } from "../../src/daemon/oom_score.ts";
import { EACCES } from "../../src/base/errno.ts";
import { log_lines } from "../support/log_lines.ts";
import { in_scratch_directory } from "../support/scratch.ts";
import { fails_with, with_stand_ins } from "../support/system_calls.ts";

Deno.test("the score and the former one are told, or why it stays", () => {
  in_scratch_directory((directory) => {
    const file = `${directory}/oom_score_adj`;
    Deno.writeTextFileSync(file, "-17\n");
    assertEquals(log_lines(() => lower_oom_score(file)), ["info: oom_score_adj is -990, it was -17"]);
    assertEquals(Deno.readTextFileSync(file), "-990");
    with_stand_ins({ write: () => fails_with(EACCES) }, () => {
      const refused = "info: oom_score_adj stays -990, -990 is refused: Permission denied";
      assertEquals(log_lines(() => lower_oom_score(file)), [refused]);
    });
  });
});
