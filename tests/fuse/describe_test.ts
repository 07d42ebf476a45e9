// The trace line: names that are not text, flags without a name, refused requests. Every opcode's line stands beside
// its golden bytes in tests/wire/.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { to_bytes } from "../../src/base/bytes.ts";
import * as abi from "../../src/fuse/abi.ts";
import { describe_reply, describe_request, quoted } from "../../src/fuse/describe.ts";
import { encode_dirent } from "../../src/fuse/directory_entries.ts";
import { flags_text, FOPEN_NAMES, open_flags_text } from "../../src/fuse/flag_names.ts";
import { Reply } from "../../src/fuse/reply.ts";
import { Request } from "../../src/fuse/request.ts";
import * as wire from "../support/wire.ts";

function line_of(bytes: Uint8Array): string {
  const memory = new Uint8Array((bytes.length + 7) & ~7);
  memory.set(bytes);
  const request = new Request(memory);
  request.decode_device(0, bytes.length);
  return describe_request(request, 123456789012345678n);
}

function quoted_text(text: string | Uint8Array): string {
  const bytes = typeof text === "string" ? to_bytes(text) : text;
  return quoted(bytes, 0, bytes.length);
}

Deno.test("the form of a line", () => {
  assertEquals(
    line_of(wire.from({ uid: 0xffff_ffff, gid: 5, pid: 6 }, wire.lookup(0xfedc_ba98_7654_3210n, 2n ** 64n - 1n, "a"))),
    'ts=123456789012345678 dir=IN unique=0xFEDCBA9876543210 opcode=LOOKUP opcode_id=1 nodeid=18446744073709551615 uid=4294967295 gid=5 pid=6 name="a"',
  );
});

Deno.test("names stay on one line and can be read back", () => {
  assertEquals(quoted_text("plain name.txt"), '"plain name.txt"');
  assertEquals(quoted_text('say "hi" \\ there'), '"say \\"hi\\" \\\\ there"');
  assertEquals(quoted_text("Ärger 日本 🎬"), '"Ärger 日本 🎬"');
  assertEquals(quoted_text("a\nb\x1b[31m\x7f\u0085"), '"a\\x0ab\\x1b[31m\\x7f\\xc2\\x85"');
  assertEquals(quoted_text("\ufeffbom"), '"\ufeffbom"');
});

Deno.test("bytes that are not UTF-8 are shown as bytes", () => {
  assertEquals(quoted_text(Uint8Array.of(0xff, 0x61, 0xc3)), '"\\xffa\\xc3"');
  assertEquals(quoted_text(Uint8Array.of(0xe2, 0x82, 0x61)), '"\\xe2\\x82a"');
  // An overlong slash, half of a surrogate pair, a number above U+10FFFF.
  assertEquals(quoted_text(Uint8Array.of(0xc0, 0xaf)), '"\\xc0\\xaf"');
  assertEquals(quoted_text(Uint8Array.of(0xed, 0xa0, 0x80)), '"\\xed\\xa0\\x80"');
  assertEquals(quoted_text(Uint8Array.of(0xf4, 0x90, 0x80, 0x80)), '"\\xf4\\x90\\x80\\x80"');
});

Deno.test("a quoted name can be turned back into its bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    const text = quoted_text(bytes);
    assertMatch(text, /^"[^\n\r]*"$/);
    assertEquals(Array.from(unquoted(text)), Array.from(bytes));
  }));
});

/** Backslashes in the name are escaped too, so every `\x` is ours. */
function unquoted(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [part] of text.slice(1, -1).matchAll(/\\x[0-9a-f]{2}|\\.|[^\\]/gsu)) {
    if (part.startsWith("\\x")) parts.push(Uint8Array.of(parseInt(part.slice(2), 16)));
    else parts.push(to_bytes(part.startsWith("\\") ? part.slice(1) : part));
  }
  return wire.join(...parts);
}

Deno.test("flags without a name are shown as a number", () => {
  assertEquals(flags_text(0x8000_0103, FOPEN_NAMES), "DIRECT_IO|KEEP_CACHE|0x80000100");
  assertEquals(flags_text(0, FOPEN_NAMES), "");
});

Deno.test("open flags by architecture", () => {
  assertEquals(open_flags_text(0o100001, "x86_64"), "O_WRONLY|O_LARGEFILE");
  assertEquals(open_flags_text(0o400001, "aarch64"), "O_WRONLY|O_LARGEFILE");
  assertEquals(open_flags_text(0o600000, "x86_64"), "O_RDONLY|O_DIRECTORY|O_NOFOLLOW");
  assertEquals(open_flags_text(0o140000, "aarch64"), "O_RDONLY|O_DIRECTORY|O_NOFOLLOW");
  assertEquals(open_flags_text(3), "O_ACCMODE");
  assertEquals(open_flags_text(0x8000_0002), "O_RDWR|0x80000000");
});

Deno.test("a request that was refused is shown as far as its header goes", () => {
  const bytes = wire.lookup(2, 7, "a/b");
  assertStringIncludes(line_of(bytes), "opcode=LOOKUP opcode_id=1 nodeid=7 uid=0 gid=0 pid=1");
  assertStringIncludes(line_of(wire.message(99, 2, 7)), "opcode=UNKNOWN opcode_id=99 nodeid=7");
  const short = wire.read(2, 7, 1, 0, 4096).slice(0, 60);
  new DataView(short.buffer).setUint32(0, short.length, true);
  assert(line_of(short).endsWith("opcode=READ opcode_id=15 nodeid=7 uid=0 gid=0 pid=1"));
});

function reply_line(opcode: number, finish: (reply: Reply) => void): string {
  const reply = new Reply(new Uint8Array(1024), 0);
  finish(reply);
  return describe_reply(reply, opcode, 1n);
}

Deno.test("replies that are not sent have no line", () => {
  assertEquals(reply_line(abi.FUSE_FORGET, (reply) => reply.none()), "");
});

Deno.test("errors are named, and what lies behind them is not shown", () => {
  assertEquals(
    reply_line(abi.FUSE_LOOKUP, (reply) => reply.error(28)),
    'ts=1 dir=OUT unique=0x0000000000000000 error=-28 error_str="No space left on device" len=16',
  );
});

Deno.test("negative offsets and results keep their sign", () => {
  assertStringIncludes(line_of(wire.lseek(2, 7, 1, -1, 3)), " offset=-1 whence=3");
  const line = reply_line(abi.FUSE_IOCTL, (reply) => {
    reply.i32.set([-5, 2, 0, 0], reply.body_word);
    reply.ok(16);
  });
  assert(line.endsWith('result=-5 flags=0x2 flags_str="UNRESTRICTED"'), line);
});

Deno.test("directory listings are counted, data is not shown", () => {
  const listing = reply_line(abi.FUSE_READDIR, (reply) => {
    let end = reply.body;
    for (const name of ["a", "bc", "long name.txt"]) {
      end += encode_dirent(reply.u8, end, 1, 0, 1, 8, to_bytes(name), 0, name.length);
    }
    reply.ok(end - reply.body);
  });
  assert(listing.endsWith("len=120 entries=3"), listing);
  assert(reply_line(abi.FUSE_READ, (reply) => reply.ok(100)).endsWith("error=0 len=116"));
  assert(reply_line(abi.FUSE_GETXATTR, (reply) => reply.ok(8)).endsWith("error=0 len=24"));
});

Deno.test("any bytes make a line, and never an error", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 60 }), (bytes, opcode) => {
    const whole = wire.message(opcode, 2, 3, bytes);
    assertMatch(line_of(whole), /^ts=\d+ dir=IN [^\n]*$/);
    const out = reply_line(opcode, (reply) => {
      reply.u8.set(bytes, reply.body);
      reply.ok(bytes.length);
    });
    assertMatch(out, /^ts=1 dir=OUT [^\n]*$/);
  }));
});
