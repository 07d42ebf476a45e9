// What becomes of messages that nobody takes, and of messages that would make two lines.

import { assert, assertEquals } from "@std/assert";
import { log } from "../../src/base/log.ts";
import { lossy } from "../../src/daemon/log_sinks.ts";
import { log_lines } from "../support/log_lines.ts";

Deno.test("what is not taken is waited for once, then dropped and counted until somebody reads again", () => {
  const taken: string[] = [];
  const waits: number[] = [];
  let room = 1;
  const take = lossy((level, message, wait_ms) => {
    waits.push(wait_ms);
    if (room === 0) return false;
    room--;
    return taken.push(`${level}: ${message}`) > 0;
  });
  for (const text of ["one", "two", "three"]) take("info", text);
  assertEquals(taken, ["info: one"]);
  const [first, second, ...others] = waits;
  assert(first! > 0 && second! > 0 && others.every((wait) => wait === 0), String(waits));
  room = 10;
  for (const text of ["four", "five"]) take("error", text);
  const lost = "warning: Messages before this one that nobody read and that are lost: 2";
  assertEquals(taken, ["info: one", lost, "error: four", "error: five"]);
});

Deno.test("every level arrives as it was given, and each message is one line", () => {
  const levels = ["info", "notice", "warning", "error"] as const;
  const lines = log_lines(() => {
    for (const level of levels) log(level, 'Branch "/a\nb\x1b[31m" {x}');
  });
  assertEquals(lines, levels.map((level) => `${level}: Branch "/a\\x0ab\\x1b[31m" {x}`));
});
