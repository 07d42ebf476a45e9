// The usage text leaves nothing out that can be set.

import { assert, assertEquals } from "@std/assert";
import { usage_text, version_text } from "../../src/config/help.ts";
import { LISTED_OPTIONS, OPTIONS, OWN_OPTIONS } from "../../src/config/options.ts";
import { POLICY_NAMES } from "../../src/policies/registry.ts";

Deno.test("the first line of the usage is the reference's", () => {
  assertEquals(usage_text().split("\n")[0], "Usage: mergerfs [options] <branches> <mountpoint>");
  assertEquals(version_text("1.2.3").split("\n").slice(0, 2), ["mergerfs v1.2.3", ""]);
});

Deno.test("every option that can be set and every policy is in the usage", () => {
  const lines = usage_text().split("\n");
  for (const { name, change } of [...LISTED_OPTIONS, ...OWN_OPTIONS]) {
    assertEquals(lines.some((line) => line.startsWith(`  ${name}=`)), change !== "never", name);
  }
  for (const name of POLICY_NAMES) assert(lines.some((line) => line.startsWith(`  ${name} `)), name);
  const dummy = OPTIONS.find((option) => option.name === "big-writes")!;
  assert(!usage_text().includes(dummy.name));
});
