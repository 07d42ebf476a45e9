// Notifications beyond what golden bytes show.

import { assertEquals } from "@std/assert";
import { EINVAL, ENAMETOOLONG } from "../../src/base/errno.ts";
import { ATTRIBUTES_ONLY, Notification, TO_THE_END } from "../../src/fuse/notify.ts";

Deno.test("the longest name fits, with its NUL", () => {
  const notification = new Notification();
  const name = new Uint8Array(255).fill(0x61);
  assertEquals(notification.inval_entry(1, 0, name, 0, 255, 0), 16 + 16 + 256);
  assertEquals(notification.u8[16 + 16 + 255], 0);
  assertEquals(notification.delete(1, 0, 2, 0, name, 0, 255), 16 + 24 + 256);
  assertEquals(notification.u8[16 + 24 + 254], 0x61);
  assertEquals(notification.u8[16 + 24 + 255], 0);
});

Deno.test("names that the kernel would refuse are refused here", () => {
  const notification = new Notification();
  const name = new Uint8Array(256).fill(0x61);
  assertEquals(notification.inval_entry(1, 0, name, 0, 256, 0), -ENAMETOOLONG);
  assertEquals(notification.delete(1, 0, 2, 0, name, 0, 256), -ENAMETOOLONG);
  assertEquals(notification.inval_entry(1, 0, name, 0, 0, 0), -EINVAL);
  assertEquals(notification.delete(1, 0, 2, 0, name, 0, 0), -EINVAL);
});

Deno.test("pages of a range are named by offset and length", () => {
  const notification = new Notification();
  notification.inval_inode(7, 0, 0x1_0000_1000, 4096);
  assertEquals(Array.from(notification.u32.subarray(6, 10)), [0x1000, 1, 4096, 0]);
  notification.inval_inode(7, 0, ATTRIBUTES_ONLY, TO_THE_END);
  assertEquals(Array.from(notification.u32.subarray(6, 10)), [0xffff_ffff, 0xffff_ffff, 0, 0]);
});

Deno.test("a message does not carry the id of an earlier one", () => {
  const notification = new Notification();
  notification.u32.fill(0xffff_ffff);
  notification.inval_inode(7, 0, 0, 0);
  assertEquals(Array.from(notification.u32.subarray(0, 4)), [40, 2, 0, 0]);
});
