// Extended attributes by path, by symlink and by descriptor.

import { assertEquals } from "@std/assert";
import { c_string, to_bytes, to_text } from "../../src/base/bytes.ts";
import { EEXIST, ENODATA, ENOENT, EOPNOTSUPP, ERANGE } from "../../src/base/errno.ts";
import { close, O_RDWR } from "../../src/sys/file.ts";
import { AT_FDCWD, openat } from "../../src/sys/path.ts";
import * as xattr from "../../src/sys/xattr.ts";
import { in_scratch_directory, path_bytes } from "../support/scratch.ts";

const NAME = c_string("user.note");
const VALUE = Uint8Array.from([0xff, 0, 0x41]);
const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;

function with_file(use: (path: Uint8Array<ArrayBuffer>, link: Uint8Array<ArrayBuffer>) => void): void {
  in_scratch_directory((directory) => {
    Deno.writeTextFileSync(`${directory}/f`, "");
    Deno.symlinkSync("f", `${directory}/link`);
    use(path_bytes(directory, "f"), path_bytes(directory, "link"));
  });
}

Deno.test("setxattr, getxattr, listxattr, removexattr follow symlinks", () => {
  with_file((path, link) => {
    const out = new Uint8Array(64);
    assertEquals(xattr.getxattr(link, NAME, out, 64), -ENODATA);
    assertEquals(xattr.setxattr(link, NAME, VALUE, 3, XATTR_REPLACE), -ENODATA);
    assertEquals(xattr.setxattr(link, NAME, VALUE, 3, XATTR_CREATE), 0);
    assertEquals(xattr.setxattr(link, NAME, VALUE, 3, XATTR_CREATE), -EEXIST);
    assertEquals([xattr.getxattr(path, NAME, out, 64), [...out.subarray(0, 3)]], [3, [...VALUE]]);
    assertEquals([xattr.getxattr(path, NAME, out, 0), xattr.getxattr(path, NAME, out, 2)], [3, -ERANGE]);
    assertEquals([xattr.listxattr(link, out, 64), to_text(out.subarray(0, 10))], [10, "user.note\x00"]);
    assertEquals([xattr.removexattr(link, NAME), xattr.removexattr(path, NAME)], [0, -ENODATA]);
    assertEquals(xattr.setxattr(path_bytes("/none", "x"), NAME, VALUE, 3, 0), -ENOENT);
    assertEquals(xattr.setxattr(path, c_string("nothing"), VALUE, 3, 0), -EOPNOTSUPP);
  });
});

Deno.test("lgetxattr and llistxattr look at the symlink itself", () => {
  with_file((path, link) => {
    const out = new Uint8Array(64);
    assertEquals(xattr.setxattr(path, NAME, VALUE, 3, 0), 0);
    assertEquals([xattr.lgetxattr(path, NAME, out, 64), xattr.lgetxattr(link, NAME, out, 64)], [3, -ENODATA]);
    assertEquals([xattr.llistxattr(path, out, 64), xattr.llistxattr(link, out, 64)], [10, 0]);
  });
});

Deno.test("the same by descriptor", () => {
  with_file((path) => {
    const out = new Uint8Array(64);
    const fd = openat(AT_FDCWD, path, O_RDWR, 0);
    assertEquals(xattr.fsetxattr(fd, NAME, to_bytes("value"), 5, 0), 0);
    assertEquals([xattr.fgetxattr(fd, NAME, out, 64), to_text(out.subarray(0, 5))], [5, "value"]);
    assertEquals([xattr.flistxattr(fd, out, 64), xattr.flistxattr(fd, out, 3)], [10, -ERANGE]);
    assertEquals([xattr.fremovexattr(fd, NAME), xattr.fremovexattr(fd, NAME)], [0, -ENODATA]);
    close(fd);
  });
});
