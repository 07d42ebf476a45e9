// What nobody has foreseen ends the program with one line, not with the traces of a runtime.

import { assertEquals, assertMatch } from "@std/assert";
import { report_bug } from "../../src/cli/run.ts";

/** What is written to standard error by console.error() meanwhile. */
function told(action: () => void): string[] {
  const lines: string[] = [];
  const kept = console.error;
  console.error = (line: string) => void lines.push(line);
  try {
    action();
  } finally {
    console.error = kept;
  }
  return lines;
}

Deno.test("an error that nobody has foreseen is one line, with -d also where it happened", () => {
  const error = new TypeError("no such\nthing");
  const line = /^mergerfs-ts: internal error: no such thing \(.*report.*-d.*\)$/;
  const brief = told(() => assertEquals(report_bug(error, false), 1));
  assertEquals(brief.length, 1);
  assertMatch(brief[0]!, line);
  assertEquals(told(() => report_bug(error, true)), [brief[0]!, error.stack!]);
  assertMatch(told(() => report_bug("no such thing", true)).join("\n"), line);
});
