// One request from bytes to bytes: the header of the reply, the one catch, the trace (design §7; operations §8.1, §26).

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as abi from "../../src/fuse/abi.ts";
import { file_handle } from "../../src/ops/common/object_of_request.ts";
import { Context } from "../../src/ops/context.ts";
import { OPERATIONS } from "../../src/ops/table.ts";
import { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } from "../../src/sys/file.ts";
import { getfsgid, getfsuid } from "../../src/sys/identity.ts";
import { DEFAULT_OUTCOME, is_root, Pool, PoolSpec, with_pool } from "../support/handler.ts";
import * as wire from "../support/wire.ts";

Deno.test("the id of the request comes back, all 64 bits", () => {
  with_pool({}, (pool) => {
    for (const unique of [1n, 2n ** 63n, 2n ** 64n - 1n]) {
      assertEquals(pool.send(wire.getattr(unique, 1)).unique, unique);
      assertEquals(pool.send(wire.getattr(unique, 77)).unique, unique);
    }
  });
});

Deno.test("a message that is too short or unknown is an error with its id", () => {
  with_pool({}, (pool) => {
    const whole = wire.setattr(5n, 1, { mode: 0o700 });
    const cut = whole.slice(0, 60);
    new DataView(cut.buffer).setUint32(0, 60, true);
    assertEquals([pool.send(cut).result, pool.send(cut).unique], ["EINVAL", 5n]);
    assertEquals(pool.send(whole.slice(0, 100)).result, "EINVAL");
    assertEquals(pool.send(new Uint8Array(10)).result, "EIO");
    assertEquals(pool.send(wire.message(0xffff_ffff, 6n, 1)).result, "ENOSYS");
  });
});

/** Lets an operation fail with a bug for the time of `use`. */
function with_bug(opcode: number, bug: (c: Context) => number, use: () => void): void {
  const operations = OPERATIONS as ((c: Context) => number)[];
  const real = operations[opcode]!;
  operations[opcode] = bug;
  try {
    use();
  } finally {
    operations[opcode] = real;
  }
}

function throw_bug(): never {
  throw new TypeError("made by a test");
}

/** Bugs are counted by with_pool; these are wanted. */
function with_bugs(spec: PoolSpec, wanted: number, use: (pool: Pool) => void): void {
  with_pool(spec, (pool) => {
    const before = pool.handler.bugs;
    use(pool);
    assertEquals(pool.handler.bugs - before, wanted);
    pool.handler.bugs = before;
  });
}

Deno.test("a bug in an operation costs this request: EIO, a line in the log, locks and identity given back", () => {
  with_bugs({ tree: ["0/d/f"] }, 1, (pool) => {
    const node = pool.node("d/f");
    const bug = (c: Context) => {
      c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
      if (is_root) assertEquals(c.credentials.become(1000, 1000), 0);
      return throw_bug();
    };
    with_bug(abi.FUSE_GETATTR, bug, () => assertEquals(pool.send(wire.getattr(9n, node)).result, "EIO"));
    if (is_root) assertEquals([getfsuid(), getfsgid()], [0, 0]);
    assertEquals(pool.log.length, 1);
    assertStringIncludes(pool.log[0]!, "made by a test");
    assertMatch(pool.log[0]!, /^error: Bug in the answer to GETATTR for node \d+/);
    assertEquals(pool.send(wire.unlink(pool.next(), pool.node("d"), "f")).result, "ok");
  });
});

Deno.test("a bug while a directory is read leaves its handle usable, a pinned file can be closed", () => {
  with_bugs({ tree: ["0/d/f"] }, 2, (pool) => {
    const node = pool.node("d");
    const { handle } = pool.send(wire.opendir(pool.next(), node)).open();
    const { listing } = pool.context;
    const start = listing.start;
    listing.start = throw_bug;
    assertEquals(pool.send(wire.readdir(pool.next(), node, handle, 0, 4096)).result, "EIO");
    listing.start = start;
    assertEquals(pool.send(wire.readdir(pool.next(), node, handle, 0, 4096)).names.length, 3);
    const [file, open] = [pool.node("d/f"), pool.open("d/f", 0)];
    const bug = (c: Context) => file_handle(c, 0, 0) && throw_bug();
    with_bug(abi.FUSE_READ, bug, () => pool.send(wire.read(pool.next(), file, 0, 0, 10)));
    assertEquals(pool.context.pinned_count, 0);
    assertEquals(pool.send(wire.release(pool.next(), file, open)).result, "ok");
    assertEquals(pool.open_descriptors(), []);
  });
});

function trace_of(pool: Pool, requests: readonly Uint8Array[]): string[] {
  const file = `${pool.directory}/trace`;
  const set = (key: string, value: string) =>
    pool.send(wire.setxattr(pool.next(), pool.node(".mergerfs"), `user.mergerfs.${key}`, value)).result;
  assertEquals([set("log.file", file), set("debug", "true")], ["ok", "ok"]);
  const before = Deno.readTextFileSync(file);
  for (const request of requests) pool.send(request);
  const lines = Deno.readTextFileSync(file).slice(before.length).trimEnd().split("\n");
  assertEquals([set("debug", "false"), set("log.file", "")], ["ok", "ok"]);
  return lines;
}

Deno.test("the trace has one line per request and one per reply, while debug is on", () => {
  with_pool({ tree: ["0/f:12345"] }, (pool) => {
    const node = pool.node("f");
    const requests = [wire.lookup(0x11n, 1, "f"), wire.getattr(0x12n, 999), wire.forget(0x13n, node, 1)];
    const lines = trace_of(pool, requests);
    assertEquals(lines.length, 5);
    assertMatch(lines[0]!, /^ts=\d+ dir=IN unique=0x0000000000000011 opcode=LOOKUP opcode_id=1 nodeid=1 .*name="f"$/);
    assertMatch(lines[1]!, /^ts=\d+ dir=OUT unique=0x0000000000000011 error=0 len=144 .*size=5 /);
    assertMatch(lines[2]!, /dir=IN .*opcode=GETATTR /);
    assertMatch(lines[3]!, /dir=OUT unique=0x0000000000000012 error=-9 error_str=".+" len=16$/);
    assertMatch(lines[4]!, /dir=IN .*opcode=FORGET .*nlookup=1$/);
    const times = lines.map((line) => BigInt(/^ts=(\d+)/.exec(line)![1]!));
    assert(times.every((time, index) => index === 0 || time >= times[index - 1]!));
  });
});

Deno.test("a request that meets a bug has its reply in the trace as well", () => {
  with_bugs({ tree: ["0/f"] }, 1, (pool) => {
    with_bug(abi.FUSE_GETATTR, throw_bug, () => {
      const lines = trace_of(pool, [wire.getattr(0x12n, 1)]);
      assertEquals(lines.length, 2);
      assertMatch(lines[1]!, /dir=OUT unique=0x0000000000000012 error=-5 error_str="Input\/output error" len=16$/);
    });
  });
});

Deno.test("the trace says of every open whether it is passed through, and why", () => {
  const outcome = { flags2: DEFAULT_OUTCOME.flags2 | abi.INIT2_PASSTHROUGH };
  with_pool({ tree: ["0/f"], outcome, options: { "passthrough.io": "ro" } }, (pool) => {
    const node = pool.node("f");
    const requests = [
      wire.open(pool.next(), node, O_RDONLY),
      wire.open(pool.next(), node, O_RDWR),
      wire.create(pool.next(), 1, "g", O_CREAT | O_EXCL | O_RDWR, 0o100644),
      wire.open(pool.next(), 1, O_RDWR),
    ];
    const replies = trace_of(pool, requests).filter((line) => line.includes("dir=OUT"));
    assertMatch(replies[0]!, / open_flags_str="NOFLUSH\|PASSTHROUGH" backing_id=\d+ passthrough="yes"$/);
    assertMatch(
      replies[1]!,
      /"DIRECT_IO\|PARALLEL.*\|PASSTHROUGH" backing_id=\d+ passthrough="no: option passthrough.io"$/,
    );
    assertMatch(replies[2]!, /backing_id=0 passthrough="no: option passthrough.io"$/);
    assertMatch(replies[3]!, /error=-\d+ error_str="[^"]+" len=16$/);
  });
});

Deno.test("every opcode can be traced", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const node = pool.node("f");
    const handle = pool.open("f", 2);
    const requests = [
      wire.write(pool.next(), node, handle, 0, Uint8Array.of(1)),
      wire.read(pool.next(), node, handle, 0, 10),
      wire.statfs(pool.next(), 1),
      wire.getxattr(pool.next(), node, "user.mergerfs.fullpath", 4096),
      wire.statx(pool.next(), node, 0, 0xfff),
      wire.init(pool.next()),
      wire.mkdir(pool.next(), 1, Uint8Array.of(0xff, 0x22, 0x0a), 0o755),
    ];
    assertEquals(trace_of(pool, requests).length, 2 * requests.length);
  });
});
