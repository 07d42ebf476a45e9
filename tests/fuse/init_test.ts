// The INIT handshake with the kernels that people have, and with those that nobody has.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { EPROTO } from "../../src/base/errno.ts";
import * as abi from "../../src/fuse/abi.ts";
import * as init from "../../src/fuse/init.ts";
import { Request } from "../../src/fuse/request.ts";
import * as wire from "../support/wire.ts";

/** Linux 6.18: everything but FILE_OPS, MAP_ALIGNMENT, SUBMOUNTS and the reserved bit. */
const LINUX_6_18: init.InitOffer = {
  major: 7,
  minor: 45,
  max_readahead_bytes: 131072,
  flags: 0x73ff_fffb,
  flags2: 0x7ff,
};
/** Linux 4.19: bits up to ABORT_ERROR. */
const LINUX_4_19: init.InitOffer = { major: 7, minor: 27, max_readahead_bytes: 131072, flags: 0x3f_fffb, flags2: 0 };

/** The default of every option. */
const DEFAULTS: init.InitWishes = {
  async_read: true,
  export_support: true,
  writeback_cache: false,
  handle_killpriv: true,
  handle_killpriv_v2: true,
  posix_acl: false,
  cache_symlinks: false,
  direct_io_allow_mmap: true,
  allow_idmap: true,
  readdirplus: "false",
  max_stack_depth: 1,
  default_permissions: true,
  over_io_uring: false,
  has_resend: false,
  max_pages: 256,
  page_bytes: 4096,
  max_background: 64,
  congestion_threshold: 48,
};

function bits(...numbers: number[]): [number, number] {
  let low = 0;
  let high = 0;
  for (const bit of numbers) {
    if (bit < 32) low |= 1 << bit;
    else high |= 1 << (bit - 32);
  }
  return [low >>> 0, high >>> 0];
}

function granted(offer: init.InitOffer, wishes: Partial<init.InitWishes>): [number, number] {
  const outcome = init.negotiate(offer, { ...DEFAULTS, ...wishes });
  return [outcome.flags, outcome.flags2];
}

// operations.md §8.2, "Default set on such a kernel".
const DEFAULT_BITS = [0, 3, 4, 5, 6, 15, 18, 19, 22, 28, 30, 36, 37, 40];

Deno.test("the default set on a kernel that has everything", () => {
  const outcome = init.negotiate(LINUX_6_18, DEFAULTS);
  assertEquals([outcome.flags, outcome.flags2], bits(...DEFAULT_BITS));
  assertEquals([outcome.status, outcome.minor, outcome.reply_bytes], [init.INIT_READY, 45, 64]);
  assertEquals([outcome.max_write_bytes, outcome.max_pages, outcome.time_gran_ns], [1048576, 256, 1]);
  assertEquals([outcome.max_background, outcome.congestion_threshold, outcome.max_stack_depth], [64, 48, 1]);
  assertEquals([outcome.max_readahead_bytes, outcome.refused], [131072, 0]);
});

Deno.test("each option adds or removes its bit, and nothing else", () => {
  const rows: [Partial<init.InitWishes>, number[]][] = [
    [{ async_read: false }, DEFAULT_BITS.filter((bit) => bit !== 0)],
    [{ export_support: false }, DEFAULT_BITS.filter((bit) => bit !== 4)],
    [{ handle_killpriv: false }, DEFAULT_BITS.filter((bit) => bit !== 19)],
    [{ handle_killpriv_v2: false }, DEFAULT_BITS.filter((bit) => bit !== 28)],
    [{ direct_io_allow_mmap: false }, DEFAULT_BITS.filter((bit) => bit !== 36)],
    [{ max_stack_depth: 0 }, DEFAULT_BITS.filter((bit) => bit !== 37)],
    [{ allow_idmap: false }, DEFAULT_BITS.filter((bit) => bit !== 40)],
    [{ posix_acl: true }, [...DEFAULT_BITS, 20, 29]],
    [{ cache_symlinks: true }, [...DEFAULT_BITS, 23]],
    [{ readdirplus: "true" }, [...DEFAULT_BITS, 13]],
    [{ readdirplus: "auto" }, [...DEFAULT_BITS, 13, 14]],
    [{ has_resend: true }, [...DEFAULT_BITS, 39]],
    [{ over_io_uring: true }, [...DEFAULT_BITS, 41]],
  ];
  for (const [wishes, expected] of rows) assertEquals(granted(LINUX_6_18, wishes), bits(...expected));
});

Deno.test("the writeback cache excludes passthrough", () => {
  const outcome = init.negotiate(LINUX_6_18, { ...DEFAULTS, writeback_cache: true });
  assertEquals([outcome.flags, outcome.flags2], bits(...DEFAULT_BITS.filter((bit) => bit !== 37), 16));
  assertEquals([outcome.max_stack_depth, outcome.refused], [0, init.REFUSED_PASSTHROUGH]);
});

Deno.test("passthrough needs a stack depth that the kernel takes", () => {
  for (const [depth, has_it] of [[0, false], [1, true], [2, true], [3, false]] as const) {
    const outcome = init.negotiate(LINUX_6_18, { ...DEFAULTS, max_stack_depth: depth });
    assertEquals((outcome.flags2 & abi.INIT2_PASSTHROUGH) !== 0, has_it);
    assertEquals(outcome.max_stack_depth, has_it ? depth : 0);
  }
});

Deno.test("id-mapped mounts need the kernel's permission checks", () => {
  const without = init.negotiate(LINUX_6_18, { ...DEFAULTS, default_permissions: false });
  assertEquals(without.flags2 & abi.INIT2_ALLOW_IDMAP, 0);
  assertEquals(init.refused_options(without), ["allow-idmap"]);
  const with_acl = init.negotiate(LINUX_6_18, { ...DEFAULTS, default_permissions: false, posix_acl: true });
  assert((with_acl.flags2 & abi.INIT2_ALLOW_IDMAP) !== 0);
});

Deno.test("Linux 4.19: 32 pages, one word of flags, and the options say so", () => {
  const outcome = init.negotiate(LINUX_4_19, { ...DEFAULTS, cache_symlinks: true });
  assertEquals([outcome.flags, outcome.flags2], bits(0, 3, 4, 5, 6, 15, 18, 19));
  assertEquals([outcome.minor, outcome.max_pages, outcome.max_write_bytes], [27, 32, 131072]);
  assertEquals([outcome.reply_bytes, outcome.max_stack_depth], [64, 0]);
  assertEquals(init.refused_options(outcome), [
    "handle-killpriv-v2",
    "fuse-msg-size",
    "cache.symlinks",
    "direct-io-allow-mmap",
    "passthrough.io",
    "allow-idmap",
  ]);
});

Deno.test("a kernel that offers nothing refuses every wish by its name", () => {
  const everything: init.InitWishes = {
    ...DEFAULTS,
    writeback_cache: true,
    posix_acl: true,
    cache_symlinks: true,
    readdirplus: "auto",
    over_io_uring: true,
    has_resend: true,
  };
  const outcome = init.negotiate({ ...LINUX_6_18, flags: 0, flags2: 0x7ff }, everything);
  assertEquals([outcome.flags, outcome.flags2, outcome.refused], [0, 0, 0x3fff]);
  assertEquals(init.refused_options(outcome), [
    "async-read",
    "export-support",
    "cache.writeback",
    "handle-killpriv",
    "handle-killpriv-v2",
    "posix-acl",
    "fuse-msg-size",
    "cache.symlinks",
    "direct-io-allow-mmap",
    "passthrough.io",
    "allow-idmap",
    "readdirplus",
  ]);
});

Deno.test("each refusal names its own option", () => {
  const rows: [number, string][] = [
    [abi.INIT_ASYNC_READ, "async-read"],
    [abi.INIT_EXPORT_SUPPORT, "export-support"],
    [abi.INIT_HANDLE_KILLPRIV, "handle-killpriv"],
    [abi.INIT_HANDLE_KILLPRIV_V2, "handle-killpriv-v2"],
    [abi.INIT_MAX_PAGES, "fuse-msg-size"],
  ];
  for (const [flag, option] of rows) {
    const outcome = init.negotiate({ ...LINUX_6_18, flags: LINUX_6_18.flags & ~flag }, DEFAULTS);
    assertEquals(init.refused_options(outcome), [option]);
  }
});

Deno.test("32 pages are not refused where they are what the kernel has", () => {
  const outcome = init.negotiate(LINUX_4_19, { ...DEFAULTS, max_pages: 32 });
  assertEquals(outcome.refused & init.REFUSED_MAX_PAGES, 0);
});

Deno.test("without INIT_EXT the second word is neither read nor answered", () => {
  const offer = { ...LINUX_6_18, flags: LINUX_6_18.flags & ~abi.INIT_INIT_EXT };
  assertEquals(init.negotiate(offer, DEFAULTS).flags2, 0);
});

Deno.test("readdirplus=auto needs both of its bits", () => {
  const offer = { ...LINUX_6_18, flags: LINUX_6_18.flags & ~abi.INIT_READDIRPLUS_AUTO };
  const outcome = init.negotiate(offer, { ...DEFAULTS, readdirplus: "auto" });
  assertEquals(outcome.flags & (abi.INIT_DO_READDIRPLUS | abi.INIT_READDIRPLUS_AUTO), 0);
  assertEquals(init.refused_options(outcome), ["readdirplus"]);
});

Deno.test("the reply is as long as the kernel's protocol has it", () => {
  for (const [minor, size] of [[0, 8], [4, 8], [5, 24], [22, 24], [23, 64], [35, 64], [45, 64], [99, 64]] as const) {
    assertEquals(init.negotiate({ ...LINUX_6_18, minor }, DEFAULTS).reply_bytes, size);
  }
});

Deno.test("a newer kernel is spoken to in our version", () => {
  assertEquals(init.negotiate({ ...LINUX_6_18, minor: 46 }, DEFAULTS).minor, 45);
});

Deno.test("another major version", () => {
  const newer = init.negotiate({ ...LINUX_6_18, major: 8, minor: 0 }, DEFAULTS);
  assertEquals([newer.status, newer.reply_bytes, newer.flags, newer.flags2], [init.INIT_AGAIN, 64, 0, 0]);
  assertEquals(init.negotiate({ ...LINUX_6_18, major: 6 }, DEFAULTS).status, -EPROTO);
});

Deno.test("sizes stay in their 16-bit fields", () => {
  const outcome = init.negotiate(LINUX_6_18, {
    ...DEFAULTS,
    max_pages: 100000,
    max_background: 70000,
    congestion_threshold: 70000,
  });
  assertEquals([outcome.max_pages, outcome.max_background, outcome.congestion_threshold], [65535, 65535, 65535]);
  assertEquals(init.negotiate(LINUX_6_18, { ...DEFAULTS, max_pages: 0 }).max_pages, 1);
  const large_pages = init.negotiate(LINUX_6_18, { ...DEFAULTS, page_bytes: 65536 });
  assertEquals(large_pages.max_write_bytes, 16777216);
});

Deno.test("max_background follows the worker limit", () => {
  assertEquals([1, 16, 17, 100, 20000].map(init.max_background_for), [64, 64, 68, 400, 65535]);
  assertEquals([64, 65, 400].map(init.congestion_threshold_for), [48, 48, 300]);
});

Deno.test("an offer is read from both forms of the request", () => {
  function offer_of(bytes: Uint8Array): init.InitOffer {
    const memory = new Uint8Array(256).fill(0xff);
    memory.set(bytes);
    const request = new Request(memory);
    assertEquals(request.decode_device(0, bytes.length), 0);
    return init.read_offer(request);
  }
  assertEquals(offer_of(wire.init(2)), LINUX_6_18);
  assertEquals(offer_of(wire.init(2, { minor: 27, flags: 0x3f_fffb, short: true })), LINUX_4_19);
  assertEquals(offer_of(wire.init(2, { flags: 0x3f_fffb })).flags2, 0);
});

Deno.test("never more than was offered, never what nobody wished", () => {
  const any_word = fc.nat({ max: 0xffff_ffff });
  const never = bits(1, 2, 7, 8, 9, 10, 11, 12, 17, 21, 24, 25, 26, 27, 31, 32, 33, 34, 35, 38, 42);
  const wishes = fc.record({
    async_read: fc.boolean(),
    writeback_cache: fc.boolean(),
    posix_acl: fc.boolean(),
    default_permissions: fc.boolean(),
    readdirplus: fc.constantFrom<"auto" | "true" | "false">("auto", "true", "false"),
    max_stack_depth: fc.nat({ max: 4 }),
  });
  fc.assert(fc.property(any_word, any_word, fc.nat({ max: 60 }), wishes, (flags, flags2, minor, some) => {
    const outcome = init.negotiate({ ...LINUX_6_18, minor, flags, flags2 }, { ...DEFAULTS, ...some });
    assertEquals(outcome.flags & ~flags, 0);
    assertEquals(outcome.flags2 & ~flags2, 0);
    assertEquals([outcome.flags & never[0], outcome.flags2 & never[1]], [0, 0]);
    if (!some.posix_acl) assertEquals(outcome.flags & abi.INIT_SETXATTR_EXT, 0);
    if ((flags & abi.INIT_INIT_EXT) === 0) assertEquals(outcome.flags2, 0);
    assertEquals((outcome.flags2 & abi.INIT2_PASSTHROUGH) !== 0, outcome.max_stack_depth !== 0);
  }));
});

Deno.test("an outcome survives the arena", () => {
  for (
    const outcome of [
      init.negotiate(LINUX_6_18, DEFAULTS),
      init.negotiate(LINUX_4_19, DEFAULTS),
      init.negotiate({ ...LINUX_6_18, major: 6 }, DEFAULTS),
    ]
  ) {
    const words = init.to_words(outcome);
    assertEquals(words.length, init.INIT_OUTCOME_WORDS);
    const arena = new Uint32Array(64);
    arena.set(words, 17);
    assertEquals(init.from_words(arena, 17), outcome);
  }
});
