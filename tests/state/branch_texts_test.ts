// Branch paths under numbers that stay true.

import { assertEquals, assertNotEquals } from "@std/assert";
import { to_bytes, to_text } from "../../src/base/bytes.ts";
import { BRANCH_TEXT_BYTES, H_BRANCH_TEXT_TOP, H_TABLE_LOCK } from "../../src/state/layout.ts";
import { BranchTexts } from "../../src/state/branch_texts.ts";
import { Table } from "../support/table.ts";

Deno.test("a path has one number, which every thread understands", () => {
  const table = Table.create();
  const texts = new BranchTexts(table.arena, table.nodes.table);
  const other = new BranchTexts(table.arena, new Table(table.arena, 1).nodes.table);
  const paths = ["/mnt/a", "/mnt/b", "/mnt", "", "/mnt/" + "x".repeat(4000), "/mnt/a/"];
  const ids = paths.map((path) => texts.intern(to_bytes(path)));
  assertEquals([new Set(ids).size, Math.min(...ids)], [paths.length, 1]);
  assertEquals(paths.map((path) => other.intern(to_bytes(path))), ids);
  assertEquals(ids.map((id) => to_text(other.path_of(id))), paths);
  assertNotEquals(other.intern(to_bytes("/mnt/c")), 0);
  const bytes = Uint8Array.from([0x2f, 0xff, 0x00, 0xfe]);
  assertEquals([...texts.path_of(texts.intern(bytes))], [...bytes]);
});

Deno.test("no room for another path: 0, and those that are known stay", () => {
  const table = Table.create();
  const texts = new BranchTexts(table.arena, table.nodes.table);
  const path = to_bytes("/mnt/a");
  const id = texts.intern(path);
  const filler = new Uint8Array(0xffff);
  let next = 0;
  do {
    filler[0] = next & 0xff;
    filler[1] = next++ >> 8;
  } while (texts.intern(filler) !== 0);
  const top = table.arena.header[H_BRANCH_TEXT_TOP]!;
  assertEquals([texts.intern(filler), table.arena.header[H_BRANCH_TEXT_TOP]], [0, top]);
  assertEquals(top + 2 + filler.length > BRANCH_TEXT_BYTES, true);
  assertEquals([texts.intern(path), table.arena.header[H_TABLE_LOCK]], [id, 0]);
});
