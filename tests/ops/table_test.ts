// Which operation answers which opcode (design §7, habit 1).

import { assertEquals } from "@std/assert";
import * as abi from "../../src/fuse/abi.ts";
import { REQUEST_ROWS } from "../../src/fuse/request_table.ts";
import { OPERATION_ROWS, OPERATIONS } from "../../src/ops/table.ts";
import { not_supported } from "../../src/ops/whole_mount.ts";

Deno.test("every opcode of the protocol has one row, and no row is for anything else", () => {
  const by_number = (a: number, b: number) => a - b;
  assertEquals(
    OPERATION_ROWS.map(([opcode]) => opcode).sort(by_number),
    REQUEST_ROWS.map(([opcode]) => opcode).sort(by_number),
  );
});

Deno.test("a number between the opcodes is not supported", () => {
  assertEquals(OPERATIONS.length, abi.OPCODES_END);
  for (const unused of [0, 7, 19]) assertEquals(OPERATIONS[unused], not_supported);
});
