// The configuration cell: many writers lose nothing, readers never see half a text.

import { assertEquals, assertThrows } from "@std/assert";
import { Arena } from "../../src/state/arena.ts";
import { ConfigCell } from "../../src/state/config_cell.ts";
import { CONFIG_TEXT_BYTES, H_CONFIG_LOCK } from "../../src/state/layout.ts";
import { with_threads } from "../support/threads.ts";

const STATE_THREAD = new URL("../support/state_thread.ts", import.meta.url);

Deno.test("an edit changes text and version together; one that returns nothing changes neither", () => {
  const cell = new ConfigCell(Arena.create());
  assertEquals(cell.read(), { text: "", version: 0 });
  cell.edit(() => "größer=1\n");
  assertEquals([cell.read(), cell.version()], [{ text: "größer=1\n", version: 2 }, 2]);
  cell.edit(() => undefined);
  assertEquals(cell.version(), 2);
  cell.edit((text) => text.slice(0, 2));
  assertEquals(cell.read(), { text: "gr", version: 4 });
});

Deno.test("an edit that fails leaves everything as it was, and the next one goes on", () => {
  const arena = Arena.create();
  const cell = new ConfigCell(arena);
  cell.edit(() => "kept");
  assertThrows(
    () =>
      cell.edit(() => {
        throw new Error("refused");
      }),
    Error,
    "refused",
  );
  assertThrows(() => cell.edit(() => "x".repeat(CONFIG_TEXT_BYTES + 1)), Error, `longer than ${CONFIG_TEXT_BYTES}`);
  assertEquals([cell.read(), arena.header[H_CONFIG_LOCK]], [{ text: "kept", version: 2 }, 0]);
  cell.edit(() => "next");
  assertEquals(cell.read().text, "next");
});

Deno.test("a reading during which somebody writes is done again", () => {
  const arena = Arena.create();
  const [reader, writer] = [new ConfigCell(arena), new ConfigCell(arena)];
  writer.edit(() => "before");
  let asked = 0;
  const version = reader.version.bind(reader);
  reader.version = () => {
    if (++asked === 2) writer.edit(() => "after");
    return version();
  };
  assertEquals(reader.read(), { text: "after", version: 4 });
});

Deno.test("an edit waits for the one that has begun", async () => {
  const CONTENDED = 2;
  const DEADLINE_MS = 10_000;
  const arena = Arena.create();
  const cell = new ConfigCell(arena);
  await with_threads(STATE_THREAD, 1, async (thread) => {
    await thread!.call("attach", arena.address(), 1, 1000);
    let other: Promise<unknown> | undefined;
    cell.edit((text) => {
      other = thread!.call("edit_config", 1);
      const end_ms = performance.now() + DEADLINE_MS;
      const is_waiting = () => Atomics.load(arena.header, H_CONFIG_LOCK) === CONTENDED;
      while (!is_waiting() && cell.version() === 0 && performance.now() < end_ms);
      return `${text}0.0\n`;
    });
    await other;
  });
  assertEquals(cell.read(), { text: "0.0\n1.0\n", version: 4 });
});

Deno.test("edits of several threads lose nothing, and nobody reads a torn text", async () => {
  const [WRITERS, ROUNDS] = [3, 300];
  const cell_arena = Arena.create();
  await with_threads(STATE_THREAD, WRITERS + 1, async (...threads) => {
    for (const [i, thread] of threads.entries()) await thread.call("attach", cell_arena.address(), i + 1, 1000);
    const [reader, ...writers] = threads;
    const reading = reader!.call("read_config", WRITERS * ROUNDS);
    await Promise.all(writers.map((writer) => writer.call("edit_config", ROUNDS)));
    assertEquals(await reading, 0);
  });
  const { text, version } = new ConfigCell(cell_arena).read();
  const lines = text.trimEnd().split("\n");
  assertEquals([version, new Set(lines).size, lines.length], [
    2 * WRITERS * ROUNDS,
    WRITERS * ROUNDS,
    WRITERS * ROUNDS,
  ]);
  for (let writer = 2; writer <= WRITERS + 1; writer++) {
    const own = lines.filter((line) => line.startsWith(`${writer}.`));
    assertEquals(own, Array.from({ length: ROUNDS }, (_, round) => `${writer}.${round}`));
  }
});
