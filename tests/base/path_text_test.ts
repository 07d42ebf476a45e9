// Any bytes survive the way into text and back.

import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { path_text, path_text_bytes } from "../../src/base/path_text.ts";

Deno.test("UTF-8 is ordinary text", () => {
  const text = "/mnt/Müsik/日本/😀";
  assertEquals(path_text(new TextEncoder().encode(text)), text);
  assertEquals(path_text_bytes(text), new TextEncoder().encode(text));
});

Deno.test("bytes that are not UTF-8 become lone surrogates", () => {
  assertEquals(path_text(Uint8Array.of(0x61, 0xff, 0xc3, 0x62)), "a\udcff\udcc3b");
  assertEquals(path_text(Uint8Array.of(0xef, 0xbb, 0xbf)), "\ufeff");
});

Deno.test("all bytes come back", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    assertEquals([...path_text_bytes(path_text(bytes))], [...bytes]);
  }));
});

Deno.test("pieces of valid characters come back too", () => {
  const piece = fc.constantFrom([0xe6, 0x97, 0xa5], [0xe6, 0x97], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0x41], [
    0xc0,
    0x80,
  ]);
  fc.assert(fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
    const bytes = Uint8Array.from(pieces.flat());
    const text = path_text(bytes);
    assertEquals([...path_text_bytes(text)], [...bytes]);
    assertEquals(JSON.parse(JSON.stringify(text)), text);
  }));
});
