// What of the FUSE device works without a mount; mounts have their own tests.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { existsSync } from "node:fs";
import { EINVAL, EPERM } from "../../src/base/errno.ts";
import { clone_device, open_device, open_libfuse, unmount_lazily } from "../../src/sys/device.ts";
import { close } from "../../src/sys/file.ts";

const has_device = existsSync("/dev/fuse");

// No other test of this process opens the device.
function open_devices(): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === "/dev/fuse";
    } catch {
      return false;
    }
  }).length;
}

Deno.test("a device that is no mount cannot be cloned, and nothing stays open", { ignore: !has_device }, () => {
  const device = open_device();
  assert(device >= 0);
  assert([-EINVAL, -EPERM].includes(clone_device(device))); // by kernel version
  assertEquals([clone_device(1 << 20), open_devices()], [-EINVAL, 1]);
  assertEquals([close(device), open_devices()], [0, 0]);
});

Deno.test("a libfuse that is not there is an error in words", () => {
  assertThrows(() => open_libfuse("/none/libfuse3.so.3"), Error, "/none/libfuse3.so.3");
});

Deno.test("what is not mounted cannot be unmounted", () => {
  assertEquals(unmount_lazily("/none") < 0, true);
});
