// The configuration cell: many writers lose nothing, readers never see half a text.

import { assertEquals, assertThrows } from "@std/assert";
import { Arena } from "../../src/state/arena.ts";
import { ConfigCell } from "../../src/state/config_cell.ts";
import { CONFIG_TEXT_BYTES, H_CONFIG_LOCK, H_CONFIG_TURN } from "../../src/state/layout.ts";
import { with_threads } from "../support/threads.ts";

const STATE_THREAD = new URL("../support/state_thread.ts", import.meta.url);
/** A SleepLock that somebody waits for. */
const CONTENDED = 2;

Deno.test("an edit changes text and version together; one that returns nothing changes neither", () => {
  const cell = new ConfigCell(Arena.create());
  assertEquals(cell.read(), { text: "", version: 0 });
  cell.edit(() => "größer=1\n");
  assertEquals([cell.read(), cell.version()], [{ text: "größer=1\n", version: 1 }, 1]);
  cell.edit(() => undefined);
  assertEquals(cell.version(), 1);
  cell.edit((text) => text.slice(0, 2));
  assertEquals(cell.read(), { text: "gr", version: 2 });
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
  assertEquals(cell.read(), { text: "kept", version: 1 });
  assertEquals([arena.header[H_CONFIG_LOCK], arena.header[H_CONFIG_TURN]], [0, 0]);
  cell.edit(() => "next");
  assertEquals(cell.read().text, "next");
});

Deno.test("a change that was overtaken is made again, from the newer text", () => {
  const arena = Arena.create();
  const [slow, quick] = [new ConfigCell(arena), new ConfigCell(arena)];
  const seen: string[] = [];
  slow.edit((text) => {
    seen.push(text);
    if (seen.length === 1) quick.edit((present) => `${present}quick `);
    return `${text}slow`;
  });
  assertEquals(seen, ["", "quick "]);
  assertEquals(slow.read(), { text: "quick slow", version: 2 });
});

Deno.test("a change that leaves everything as it is needs no second look", () => {
  const arena = Arena.create();
  let calls = 0;
  new ConfigCell(arena).edit(() => {
    calls++;
    new ConfigCell(arena).edit(() => "other");
    return undefined;
  });
  assertEquals([calls, new ConfigCell(arena).read().text], [1, "other"]);
});

Deno.test("while a change waits for a disk, others read and change the configuration", async () => {
  const DISK = 200; // a free word of the header, and the one behind it
  const DEADLINE_MS = 20_000;
  const arena = Arena.create();
  const cell = new ConfigCell(arena);
  await with_threads(STATE_THREAD, 1, async (thread) => {
    await thread!.call("attach", arena.address(), 1, 1000);
    const slow = thread!.call("edit_config_slowly", DISK);
    const end_ms = performance.now() + DEADLINE_MS;
    while (Atomics.load(arena.header, DISK + 1) === 0 && performance.now() < end_ms);
    cell.edit((text) => `${text}quick\n`);
    assertEquals(cell.read().text, "quick\n");
    Atomics.store(arena.header, DISK, 1);
    assertEquals(await slow, 2);
  });
  assertEquals(cell.read().text, "quick\nslow\n");
});

Deno.test("a change that is always overtaken keeps the others out at last", async () => {
  const arena = Arena.create();
  const cell = new ConfigCell(arena);
  await with_threads(STATE_THREAD, 1, async (thread) => {
    await thread!.call("attach", arena.address(), 1, 1000);
    let calls = 0;
    let other: Promise<unknown> | undefined;
    cell.edit((text) => {
      const last = ++calls > 16;
      if (last) {
        other = thread!.call("edit_config", 1);
        const end_ms = performance.now() + 20_000;
        while (Atomics.load(arena.header, H_CONFIG_TURN) !== CONTENDED && performance.now() < end_ms);
      } else new ConfigCell(arena).edit((present) => `${present}.`);
      return `${text}!`;
    });
    assertEquals([calls, cell.read().text.slice(0, 17)], [17, `${".".repeat(16)}!`]);
    await other;
  });
  assertEquals(cell.read().text, `${".".repeat(16)}!1.0\n`);
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
    WRITERS * ROUNDS,
    WRITERS * ROUNDS,
    WRITERS * ROUNDS,
  ]);
  for (let writer = 2; writer <= WRITERS + 1; writer++) {
    const own = lines.filter((line) => line.startsWith(`${writer}.`));
    assertEquals(own, Array.from({ length: ROUNDS }, (_, round) => `${writer}.${round}`));
  }
});
