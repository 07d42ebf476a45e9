// Names and texts of errno against those of the C library.

import { assertEquals } from "@std/assert";
import * as errno from "../../src/base/errno.ts";

const { errno_name, errno_text } = errno;

// strerrorname_np(3) is glibc's since 2.32.
const libc = Deno.dlopen("libc.so.6", {
  strerror: { parameters: ["i32"], result: "pointer" },
  strerrorname_np: { parameters: ["i32"], result: "pointer", optional: true },
});

function c_text(pointer: Deno.PointerValue): string | undefined {
  return pointer === null ? undefined : Deno.UnsafePointerView.getCString(pointer);
}

Deno.test("every number has the C library's text and name", () => {
  for (let number = 1; number <= 133; number++) {
    assertEquals(errno_text(number), c_text(libc.symbols.strerror(number)));
    const name = libc.symbols.strerrorname_np ? c_text(libc.symbols.strerrorname_np(number)) : undefined;
    // 95 has two names; the kernel's is used here.
    if (name !== undefined) assertEquals(errno_name(number), name === "ENOTSUP" ? "EOPNOTSUPP" : name);
  }
});

Deno.test("every constant is in the table under its own name", () => {
  const constants = Object.entries(errno).filter(([, value]) => typeof value === "number");
  assertEquals(constants.length, 131);
  for (const [name, number] of constants) assertEquals(errno_name(number as number), name);
});

Deno.test("results of the request path are negative; unknown numbers are shown", () => {
  assertEquals([errno_name(-errno.ENOENT), errno_text(-errno.ENOENT)], ["ENOENT", "No such file or directory"]);
  assertEquals([errno_name(-4000), errno_text(4000)], ["errno 4000", "Unknown error 4000"]);
});
