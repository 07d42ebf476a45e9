// Other programs for a report: their output, and what is said of those that fail or do not end.

import { assert, assertEquals } from "@std/assert";
import { output_of } from "../../src/tools/limited_command.ts";
import { processes_of } from "../support/temp_dir.ts";
import { wait_until } from "../support/wait_until.ts";

const SHORT_MS = 300;
const LONG_MS = 60_000;

Deno.test("both streams are taken, and the end is told when it is a bad one", async () => {
  const of = (script: string) => output_of("bash", ["-c", script], {}, LONG_MS);
  assertEquals(await of("echo out"), { text: "out\n", problem: "" });
  assertEquals(await of("printf partly >&2; exit 3"), { text: "partly", problem: "exit code 3" });
  assertEquals(await of("kill -TERM $$"), { text: "", problem: "ended by SIGTERM" });
  assertEquals(await of("printf '\\377'"), { text: "\udcff", problem: "" });
  assertEquals(await output_of("no-such-program-here", []), { text: "", problem: "not installed" });
});

Deno.test("a program that does not end is ended", async () => {
  const seconds = `1000.${crypto.getRandomValues(new Uint32Array(1))[0]}`; // knows the process among all others
  const { problem } = await output_of("sleep", [seconds], {}, SHORT_MS);
  assertEquals(problem, "no end within 0.3 s");
  await wait_until("the program is gone", () => processes_of(seconds).length === 0);
});

Deno.test("a program that writes without end is ended", async () => {
  const { problem, text } = await output_of("cat", ["/dev/zero"], {}, LONG_MS);
  assertEquals(problem, "too much output");
  assert(text.length <= 4 * 1024 * 1024);
});
