// The version of the program stands in two places, for the program and for packagers.

import { assertEquals } from "@std/assert";
import { VERSION } from "../../src/cli/version.ts";

Deno.test("deno.json and the program say the same version", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assertEquals(version, VERSION);
});
