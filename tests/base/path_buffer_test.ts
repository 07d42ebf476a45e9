// A path that is built component by component, always ready for a system call.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { to_bytes, to_text } from "../../src/base/bytes.ts";
import { EINVAL, ENAMETOOLONG } from "../../src/base/errno.ts";
import { PATH_MAX_BYTES } from "../../src/base/limits.ts";
import { PathBuffer } from "../../src/base/path_buffer.ts";

function append(path: PathBuffer, name: string): number {
  const bytes = to_bytes(`<${name}>`);
  return path.append(bytes, 1, bytes.length - 2);
}

function text(path: PathBuffer): string {
  assertEquals(path.bytes[path.length], 0);
  return to_text(path.bytes.subarray(0, path.length));
}

Deno.test("append and up, from the root and back", () => {
  const path = new PathBuffer();
  assertEquals([text(path), path.name_at(), path.up()], ["", 0, false]);
  assertEquals([append(path, "a"), text(path), path.name_at()], [0, "a", 0]);
  assertEquals([append(path, "größe"), text(path), path.name_at()], [0, "a/größe", 2]);
  assertEquals([append(path, "c"), text(path), path.up(), text(path)], [0, "a/größe/c", true, "a/größe"]);
  assertEquals([path.up(), text(path), path.up(), text(path), path.up()], [true, "a", true, "", false]);
});

Deno.test("append refuses names that are too long or empty, and changes nothing", () => {
  const path = new PathBuffer();
  append(path, "a");
  assertEquals([append(path, ""), append(path, "n".repeat(256)), text(path)], [-EINVAL, -ENAMETOOLONG, "a"]);
  assertEquals([append(path, "n".repeat(255)), path.length], [0, 257]);
});

Deno.test("a path is at most PATH_MAX with its NUL", () => {
  const path = new PathBuffer();
  for (let i = 0; i < 15; i++) assertEquals(append(path, "n".repeat(255)), 0);
  assertEquals([path.length, append(path, "n".repeat(255)), path.length], [3839, 0, PATH_MAX_BYTES - 1]);
  assertEquals([append(path, "n"), path.length], [-ENAMETOOLONG, PATH_MAX_BYTES - 1]);
  path.up();
  assertEquals([append(path, "n".repeat(254)), append(path, "n"), path.length], [0, -ENAMETOOLONG, 4094]);
  path.up();
  assertEquals([append(path, "n".repeat(253)), append(path, "ab"), append(path, "n")], [0, -ENAMETOOLONG, 0]);
  assertEquals(path.length, PATH_MAX_BYTES - 1);
});

Deno.test("set copies, is compares, clear empties", () => {
  const [path, copy] = [new PathBuffer(), new PathBuffer()];
  append(copy, "longer than the other");
  append(path, "a");
  append(path, "b");
  copy.set(path);
  path.up();
  assertEquals([text(copy), copy.is(to_bytes("a/b")), copy.is(to_bytes("a/c"))], ["a/b", true, false]);
  assertEquals([copy.is(to_bytes("a")), copy.is(to_bytes("a/b/")), path.is(to_bytes("a"))], [false, false, true]);
  copy.clear();
  assertEquals([text(copy), copy.is(new Uint8Array(0))], ["", true]);
});

Deno.test("any sequence of append and up is that of a list of names", () => {
  const name = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) =>
    bytes.map((byte) => byte === 0 || byte === 0x2f ? 0xff : byte)
  );
  fc.assert(fc.property(fc.array(fc.option(name), { maxLength: 30 }), (steps) => {
    const path = new PathBuffer();
    const names: Uint8Array[] = [];
    for (const step of steps) {
      if (step === null) assertEquals(path.up(), names.pop() !== undefined);
      else {
        assertEquals(path.append(step, 0, step.length), 0);
        names.push(step);
      }
      const expected = names.flatMap((bytes, i) => i === 0 ? [...bytes] : [0x2f, ...bytes]);
      assertEquals([...path.bytes.subarray(0, path.length + 1)], [...expected, 0]);
      assertEquals(path.length - path.name_at(), names.at(-1)?.length ?? 0);
    }
  }));
});
