// Control file keys as xattr names (config spec §7.2, §7.3, §10.3).

import { assertEquals } from "@std/assert";
import { EEXIST, EINVAL, ENODATA, EROFS } from "../../src/base/errno.ts";
import { Configuration } from "../../src/config/configuration.ts";
import { get_control, set_control } from "../../src/config/control_keys.ts";
import { fake_environment } from "../support/fake_files.ts";

function configured(): Configuration {
  return new Configuration(fake_environment({ directories: ["/m/a"] }));
}

Deno.test("reading", () => {
  const cases: [string, string | number][] = [
    ["user.mergerfs.cache.attr", "1"],
    ["user.mergerfs.async_read", "true"],
    ["user.mergerfs.async-read", "true"],
    ["user.mergerfs.srcmounts", ""],
    ["user.mergerfs.readdirplus", -ENODATA],
    ["user.mergerfs-ts.readdirplus", "auto"],
    ["user.mergerfs-ts.cache.attr", -ENODATA],
    ["user.mergerfs.", -ENODATA],
    ["user.mergerfs.cmd.gc", -ENODATA],
    ["user.mergerfs.basepath", -ENODATA],
    ["user.other", -ENODATA],
    ["cache.attr", -ENODATA],
  ];
  for (const [name, expected] of cases) assertEquals(get_control(configured(), name), expected, name);
});

Deno.test("writing, in the order of checks", () => {
  const cases: [name: string, value: string, flags: number, expected: number][] = [
    ["user.mergerfs.cache.attr", "5", 0, 0],
    ["user.mergerfs.cache.attr", "5", 2, 0],
    ["user.mergerfs.cache.attr", "5", 1, -EEXIST],
    ["user.mergerfs.pid", "5", 1, -EEXIST],
    ["user.mergerfs.pid", "5", 0, -EROFS],
    ["user.mergerfs.async_read", "true", 0, -ENODATA],
    ["user.mergerfs.async_read", "true", 1, -ENODATA],
    ["user.mergerfs.async-read", "zzz", 0, -EROFS],
    ["user.mergerfs.cache.attr", "x", 0, -EINVAL],
    ["user.mergerfs.cache.files", " off", 0, -EINVAL],
    ["user.mergerfs.bogus", "x", 0, -ENODATA],
    ["user.mergerfs-ts.strict", "true", 0, -EROFS],
    ["user.mergerfs.strict", "true", 0, -ENODATA],
    ["trusted.x", "x", 0, -ENODATA],
  ];
  for (const [name, value, flags, expected] of cases) {
    const configuration = configured();
    assertEquals(set_control(configuration, name, value, flags), expected, `${name}=${value} ${flags}`);
    if (expected === 0) assertEquals(get_control(configuration, name), value);
  }
});
