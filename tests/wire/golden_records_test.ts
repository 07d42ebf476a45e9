// Directory entries and notifications, byte for byte. The hex was made by a C program from the kernel's own header.

import { assertEquals } from "@std/assert";
import { to_bytes } from "../../src/base/bytes.ts";
import { encode_dirent } from "../../src/fuse/directory_entries.ts";
import { Notification } from "../../src/fuse/notify.ts";
import * as put from "../../src/fuse/reply.ts";
import { block_device_statx, hex, plain } from "../support/golden.ts";

Deno.test("dirent with padding, byte for byte", () => {
  const memory = new Uint8Array(64).fill(0xaa);
  const size = encode_dirent(memory, 8, 0x5566_7788, 0x1122_3344, 0x1_0000_0001, 8, to_bytes("__a.txt"), 2, 5);
  assertEquals(
    hex(memory.slice(8, 8 + size)),
    plain("8877665544332211 0100000001000000 0500000008000000 612e747874000000"),
  );
  assertEquals(memory[8 + size], 0xaa);
});

Deno.test("dirent that needs no padding, byte for byte", () => {
  const memory = new Uint8Array(64).fill(0xaa);
  const size = encode_dirent(memory, 0, 2, 0, 2, 4, to_bytes("12345678"), 0, 8);
  assertEquals(
    hex(memory.slice(0, size)),
    plain("0200000000000000 0200000000000000 0800000004000000 3132333435363738"),
  );
  assertEquals(memory[size], 0xaa);
});

Deno.test("direntplus, byte for byte", () => {
  const memory = new Uint8Array(512).fill(0xaa);
  const reply = new put.Reply(memory, 0);
  put.put_entry(reply, reply.body_word, 7, 3, 0x5566_7788, 0x1122_3344, 1, 0x1_0000_0002);
  put.put_attr(reply.u32, reply.body_word + 10, block_device_statx(), 0x5566_7788, 0x1122_3344);
  const size = 128 + encode_dirent(memory, reply.body + 128, 0x5566_7788, 0x1122_3344, 3, 8, to_bytes("x"), 0, 1);
  assertEquals(
    hex(memory.slice(reply.body, reply.body + size)),
    plain(
      "0700000003000000 8877665544332211 0100000000000000 0200000001000000 0000000000000000" +
        "8877665544332211 0500000001000000 1800000000000000 01f1536500000000 feffffffffffffff" +
        "03f1536500000000 0b00000016000000 ffc99a3ba0610000 03000000e8030000 feffffff45238167" +
        "0010000000000000 8877665544332211 0300000000000000 0100000008000000 7800000000000000",
    ),
  );
});

Deno.test("INVAL_INODE, byte for byte", () => {
  const notification = new Notification();
  assertEquals(notification.inval_inode(7, 3, -1, 0), 40);
  assertEquals(
    message(notification),
    plain("2800000002000000 0000000000000000 0700000003000000 ffffffffffffffff 0000000000000000"),
  );
});

Deno.test("INVAL_ENTRY, byte for byte", () => {
  const notification = new Notification();
  notification.u8.fill(0xaa);
  assertEquals(notification.inval_entry(7, 3, to_bytes("/a.txt"), 1, 5, 1), 38);
  assertEquals(
    message(notification),
    plain("2600000003000000 0000000000000000 0700000003000000 0500000001000000 612e74787400"),
  );
});

Deno.test("DELETE, byte for byte", () => {
  const notification = new Notification();
  notification.u8.fill(0xaa);
  assertEquals(notification.delete(7, 3, 9, 5, to_bytes("a.txt"), 0, 5), 46);
  assertEquals(
    message(notification),
    plain("2e00000006000000 0000000000000000 0700000003000000 0900000005000000 0500000000000000 612e74787400"),
  );
});

Deno.test("RESEND and INC_EPOCH, byte for byte", () => {
  const notification = new Notification();
  notification.u8.fill(0xaa);
  assertEquals(notification.resend(), 16);
  assertEquals(message(notification), plain("1000000007000000 0000000000000000"));
  assertEquals(notification.inc_epoch(), 16);
  assertEquals(message(notification), plain("1000000008000000 0000000000000000"));
});

function message(notification: Notification): string {
  return hex(notification.u8.slice(0, notification.length));
}
