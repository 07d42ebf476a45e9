// The answer to INIT over a pair of sockets: what each option asks of a kernel that has the feature or has it not, and how
// the option reads back (config §3.1, §3.3, operations §8.2, §23).

import { assert, assertEquals, assertThrows } from "@std/assert";
import { adjust_after_parsing } from "../../src/config/adjust.ts";
import { Configuration } from "../../src/config/configuration.ts";
import { Settings } from "../../src/config/settings.ts";
import { confirm_passthrough } from "../../src/daemon/confirm_passthrough.ts";
import { answer_init, show_refused } from "../../src/daemon/init.ts";
import { allowed_message_pages } from "../../src/daemon/message_size.ts";
import { StartError } from "../../src/daemon/start_error.ts";
import { INIT2_PASSTHROUGH } from "../../src/fuse/abi.ts";
import { from_words, InitOutcome, refused_options } from "../../src/fuse/init.ts";
import { Arena } from "../../src/state/arena.ts";
import { close, write } from "../../src/sys/file.ts";
import { collect_log_lines, log_lines } from "../support/log_lines.ts";
import { end_messages, read_messages, socket_pair } from "../support/socket_pair.ts";
import { with_temp_dir } from "../support/temp_dir.ts";
import * as wire from "../support/wire.ts";

const OUT_HEADER_BYTES = 16;
/** What Linux 6.18 offers, bits 0 to 31 and 32 to 63. */
const ALL = [0x73ff_fffb, 0x7ff] as const;

const DEFAULT_BITS = [0, 3, 4, 5, 6, 13, 14, 15, 18, 19, 22, 28, 30, 36, 37, 40];

/** Options that ask for one bit. */
const FEATURES: readonly (readonly [option: string, bit: number, default_text: "true" | "false"])[] = [
  ["async-read", 0, "true"],
  ["export-support", 4, "true"],
  ["cache.writeback", 16, "false"],
  ["handle-killpriv", 19, "true"],
  ["posix-acl", 20, "false"],
  ["cache.symlinks", 23, "false"],
  ["handle-killpriv-v2", 28, "true"],
  ["direct-io-allow-mmap", 36, "true"],
  ["allow-idmap", 40, "true"],
];

interface Answered {
  readonly bits: readonly number[];
  readonly max_write_bytes: number;
  readonly max_pages: number;
  readonly max_stack_depth: number;
  readonly configuration: Configuration;
}

let arena: Arena | undefined;

/** Answers a kernel's INIT under these options. */
function answer(options: Readonly<Record<string, string>>, message = offer(...ALL)): Answered {
  const configuration = new Configuration();
  for (const [key, text] of Object.entries(options)) assertEquals(configuration.set(key, text, "startup"), 0, key);
  adjust_after_parsing(configuration);
  const [kernel, daemon] = socket_pair();
  try {
    write(kernel, message.slice(), message.length);
    show_refused(configuration, answer_init(daemon, arena ??= Arena.create(), new Settings(configuration), 64));
    end_messages(daemon);
    const reply = new DataView(read_messages(kernel)[0]!.buffer, OUT_HEADER_BYTES);
    const words = [reply.getUint32(12, true), reply.getUint32(32, true)];
    return {
      bits: Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (words[bit >> 5]! >>> (bit & 31)) & 1),
      max_write_bytes: reply.getUint32(20, true),
      max_pages: reply.getUint16(28, true),
      max_stack_depth: reply.getUint32(36, true),
      configuration,
    };
  } finally {
    close(kernel);
    close(daemon);
  }
}

function offer(flags: number, flags2: number): Uint8Array {
  return wire.init(2, { flags, flags2 });
}

function offer_without(bit: number): Uint8Array {
  return offer(
    bit < 32 ? (ALL[0] & ~(1 << bit)) >>> 0 : ALL[0],
    bit < 32 ? ALL[1] : ALL[1] & ~(1 << (bit - 32)),
  );
}

Deno.test("the defaults on a kernel that has everything", () => {
  const { bits, max_write_bytes, max_pages, max_stack_depth } = answer({});
  assertEquals(bits, DEFAULT_BITS);
  assertEquals([max_write_bytes, max_pages, max_stack_depth], [1 << 20, 256, 1]);
});

for (const [option, bit, default_text] of FEATURES) {
  Deno.test(`${option}: asked for when it is true and there, false when it is not there`, () => {
    assertEquals(answer({}).bits.includes(bit), default_text === "true");
    for (const text of ["true", "false"]) {
      for (const offered of [true, false]) {
        const { bits, configuration } = answer({ [option]: text }, offered ? offer(...ALL) : offer_without(bit));
        const is_on = text === "true" && offered;
        assertEquals([bits.includes(bit), configuration.get(option)], [is_on, String(is_on)], `${text} ${offered}`);
      }
    }
  });
}

Deno.test("id-mapped mounts are not asked for without the kernel's permission checks", () => {
  for (const options of [{}, { "posix-acl": "true" }]) {
    const { bits, configuration } = answer({ "kernel-permissions-check": "false", ...options });
    assertEquals([bits.includes(40), configuration.get("allow-idmap")], [false, "false"]);
  }
});

Deno.test("passthrough.max-stack-depth goes to the kernel where passthrough can be", () => {
  const rows: [options: Record<string, string>, depth: number, text: string][] = [
    [{ "passthrough.max-stack-depth": "2" }, 2, "rw"],
    [{ "passthrough.max-stack-depth": "0" }, 0, "off"],
    [{ "passthrough.max-stack-depth": "3" }, 0, "off"],
  ];
  for (const [options, depth, text] of rows) {
    const { bits, max_stack_depth, configuration } = answer({ "passthrough.io": "rw", ...options });
    assertEquals([bits.includes(37), max_stack_depth], [depth > 0, depth]);
    assertEquals(configuration.get("passthrough.io"), text);
    assertEquals(configuration.get("passthrough.max-stack-depth"), options["passthrough.max-stack-depth"]);
  }
  const { max_stack_depth, configuration } = answer({ "passthrough.io": "ro" }, offer_without(37));
  assertEquals([max_stack_depth, configuration.get("passthrough.io")], [0, "off"]);
});

Deno.test("passthrough.io=auto waits for Linux 6.12, and for a kernel that takes a file", () => {
  const linux_6_11 = wire.init(2, { minor: 40, flags: ALL[0], flags2: ALL[1] });
  for (const [text, read_back] of [["auto", "off"], ["rw", "rw"]] as const) {
    assertEquals(answer({ "passthrough.io": text }, linux_6_11).configuration.get("passthrough.io"), read_back);
    assertEquals(answer({ "passthrough.io": text }).configuration.get("passthrough.io"), text);
  }
  // No ioctl of a device is known to a socket.
  const stored = () => from_words(new Uint32Array(arena!.init_outcome), 0);
  const outcome = stored();
  const [kernel, daemon] = socket_pair();
  const lines = log_lines(() => confirm_passthrough(daemon, arena!, outcome));
  [kernel, daemon].forEach(close);
  const bit = (of: InitOutcome) => of.flags2 & INIT2_PASSTHROUGH;
  assertEquals([bit(outcome) !== 0, bit(stored()), refused_options(stored())], [true, 0, ["passthrough.io"]]);
  assertEquals(lines.length, 1);
});

Deno.test("fuse-msg-size is what the reply says, and reads back in pages", () => {
  const rows: [text: string, pages: number][] = [["1", 1], ["4097B", 2], ["1M", 256], ["64k", 16], ["0", 1], [
    "2M",
    512,
  ]];
  for (const [text, pages] of rows) {
    const { max_write_bytes, max_pages, configuration } = answer({ "fuse-msg-size": text });
    assertEquals([max_pages, max_write_bytes], [pages, pages * 4096], text);
    assertEquals(configuration.get("fuse-msg-size"), String(pages));
  }
  const old = answer({ "fuse-msg-size": "1M" }, offer_without(22));
  assertEquals([old.max_write_bytes, old.configuration.get("fuse-msg-size")], [131072, "32"]);
});

Deno.test("the kernel's limit is raised when that is asked for, never lowered", async () => {
  const lines = collect_log_lines();
  await with_temp_dir(async (directory) => {
    const file = `${directory}/max_pages_limit`;
    // Asked for, the limit before and afterwards, what is got.
    const rows = [[256, 256, 256, 256], [10, 256, 256, 10], [0, 256, 256, 1], [300, 256, 300, 300], [
      70000,
      256,
      65535,
      65535,
    ]];
    for (const [wanted, before, after, got] of rows) {
      await Deno.writeTextFile(file, `${before}\n`);
      assertEquals(allowed_message_pages(wanted!, file), got);
      assertEquals(Number(await Deno.readTextFile(file)), after);
    }
    assertEquals(lines.length, 2);
    assertEquals([300, 100].map((wanted) => allowed_message_pages(wanted, `${directory}/none`)), [256, 100]);
  });
});

Deno.test("what is no INIT gets EIO, and a kernel of another version an end that says so", () => {
  const [kernel, daemon] = socket_pair();
  for (const message of [wire.getattr(7n, 1), wire.init(8n, { major: 6 })]) {
    write(kernel, message.slice(), message.length);
  }
  const settings = new Settings(new Configuration());
  const error = assertThrows(() => answer_init(daemon, arena ??= Arena.create(), settings, 64), StartError);
  end_messages(daemon);
  const errors = read_messages(kernel).map((message) => new DataView(message.buffer).getInt32(4, true));
  assertEquals(errors, [-5, -71]);
  assert(error instanceof StartError && error.message.includes("FUSE 6."));
  close(kernel);
  close(daemon);
});
