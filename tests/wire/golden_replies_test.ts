// Every kind of reply, byte for byte. The hex was made by a C program from the kernel's own header (STATX and the last
// fields of INIT by hand from the description of 7.45). Each case proves that the writer makes these bytes over memory
// that was not zero, and that the trace line shows every value that is in them.

import { assertEquals } from "@std/assert";
import * as abi from "../../src/fuse/abi.ts";
import { describe_reply } from "../../src/fuse/describe.ts";
import type { InitOutcome } from "../../src/fuse/init.ts";
import * as put from "../../src/fuse/reply.ts";
import { Request } from "../../src/fuse/request.ts";
import { block_device_statx, hex, plain } from "../support/golden.ts";
import * as wire from "../support/wire.ts";

interface GoldenReply {
  readonly title: string;
  readonly opcode: number;
  readonly header: string;
  readonly body: string;
  /** Fills the body at word `at`; returns its size or -errno. */
  readonly fill: (reply: put.Reply, at: number) => number;
  /** The trace line behind the request's id. */
  readonly trace: string;
}

const CASES: readonly GoldenReply[] = [
  {
    title: "an entry",
    opcode: abi.FUSE_LOOKUP,
    header: "9000000000000000 0201000000000080",
    body: "0700000003000000 8877665544332211 0100000000000000 0200000001000000 0000000000000000" +
      "8877665544332211 0500000001000000 1800000000000000 01f1536500000000 feffffffffffffff" +
      "03f1536500000000 0b00000016000000 ffc99a3ba0610000 03000000e8030000 feffffff45238167" +
      "0010000000000000",
    fill: (reply, at) =>
      put.put_entry(reply, at, 7, 3, 0x5566_7788, 0x1122_3344, 1, 0x1_0000_0002) +
      put.put_attr(reply.u32, at + 10, block_device_statx(), 0x5566_7788, 0x1122_3344),
    trace:
      "error=0 len=144 nodeid=12884901895 generation=1234605616436508552 entry_valid=1.000000000 attr_valid=4294967298.000000000 ino=1234605616436508552 size=4294967301 blocks=24 atime=1700000001.000000011 mtime=-2.000000022 ctime=1700000003.999999999 mode=060640 nlink=3 uid=1000 gid=4294967294 rdev=0x67812345 blksize=4096",
  },
  {
    title: "a name that does not exist",
    opcode: abi.FUSE_LOOKUP,
    header: "9000000000000000 0201000000000080",
    body: "0000000000000000 0000000000000000 0500000000000000 0100000000000000 0000000000000000" +
      "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000" +
      "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000" +
      "0000000000000000",
    fill: (reply, at) => put.put_entry(reply, at, 0, 0, 0, 0, 5, 1) + put.put_no_attr(reply.u32, at + 10),
    trace:
      "error=0 len=144 nodeid=0 generation=0 entry_valid=5.000000000 attr_valid=1.000000000 ino=0 size=0 blocks=0 atime=0.000000000 mtime=0.000000000 ctime=0.000000000 mode=00 nlink=0 uid=0 gid=0 rdev=0x0 blksize=0",
  },
  {
    title: "attributes",
    opcode: abi.FUSE_GETATTR,
    header: "7800000000000000 0201000000000080",
    body: "0200000000000000 0000000000000000 8877665544332211 0500000001000000 1800000000000000" +
      "01f1536500000000 feffffffffffffff 03f1536500000000 0b00000016000000 ffc99a3ba0610000" +
      "03000000e8030000 feffffff45238167 0010000000000000",
    fill: (reply, at) =>
      put.put_attr_out_header(reply, at, 2) +
      put.put_attr(reply.u32, at + 4, block_device_statx(), 0x5566_7788, 0x1122_3344),
    trace:
      "error=0 len=120 attr_valid=2.000000000 ino=1234605616436508552 size=4294967301 blocks=24 atime=1700000001.000000011 mtime=-2.000000022 ctime=1700000003.999999999 mode=060640 nlink=3 uid=1000 gid=4294967294 rdev=0x67812345 blksize=4096",
  },
  {
    title: "an open with passthrough",
    opcode: abi.FUSE_OPEN,
    header: "2000000000000000 0201000000000080",
    body: "3412000000000000 e100000007000000",
    fill: (reply, at) => put.put_open(reply, at, 0x1234, 0, 0xe1, 7),
    trace:
      'error=0 len=32 fh=4660 open_flags=0xe1 open_flags_str="DIRECT_IO|NOFLUSH|PARALLEL_DIRECT_WRITES|PASSTHROUGH" backing_id=7',
  },
  {
    title: "an entry and an open",
    opcode: abi.FUSE_CREATE,
    header: "a000000000000000 0201000000000080",
    body: "0700000003000000 8877665544332211 0100000000000000 0200000001000000 0000000000000000" +
      "8877665544332211 0500000001000000 1800000000000000 01f1536500000000 feffffffffffffff" +
      "03f1536500000000 0b00000016000000 ffc99a3ba0610000 03000000e8030000 feffffff45238167" +
      "0010000000000000 3412000000000000 0200000000000000",
    fill: (reply, at) =>
      put.put_entry(reply, at, 7, 3, 0x5566_7788, 0x1122_3344, 1, 0x1_0000_0002) +
      put.put_attr(reply.u32, at + 10, block_device_statx(), 0x5566_7788, 0x1122_3344) +
      put.put_open(reply, at + 32, 0x1234, 0, 2, 0),
    trace:
      'error=0 len=160 nodeid=12884901895 generation=1234605616436508552 entry_valid=1.000000000 attr_valid=4294967298.000000000 ino=1234605616436508552 size=4294967301 blocks=24 atime=1700000001.000000011 mtime=-2.000000022 ctime=1700000003.999999999 mode=060640 nlink=3 uid=1000 gid=4294967294 rdev=0x67812345 blksize=4096 fh=4660 open_flags=0x2 open_flags_str="KEEP_CACHE" backing_id=0',
  },
  {
    title: "bytes written",
    opcode: abi.FUSE_WRITE,
    header: "1800000000000000 0201000000000080",
    body: "0500000000000000",
    fill: (reply, at) => put.put_write(reply, at, 5),
    trace: "error=0 len=24 size=5",
  },
  {
    title: "bytes copied, 64 bits",
    opcode: abi.FUSE_COPY_FILE_RANGE_64,
    header: "1800000000000000 0201000000000080",
    body: "8967452301000000",
    fill: (reply, at) => put.put_copy_file_range_64(reply, at, 0x1_2345_6789),
    trace: "error=0 len=24 bytes_copied=4886718345",
  },
  {
    title: "statfs",
    opcode: abi.FUSE_STATFS,
    header: "6000000000000000 0201000000000080",
    body: "1000000001000000 e803000000000000 8403000000000000 8813000000000000 a00f000000000000" +
      "00100000ff000000 0004000000000000 0000000000000000 0000000000000000 0000000000000000",
    fill: (reply, at) => {
      const counts = { blocks: 0x1_0000_0010n, bfree: 1000n, bavail: 900n, files: 5000n, ffree: 4000n };
      return put.put_statfs(reply, at, counts, 4096, 255, 1024);
    },
    trace:
      "error=0 len=96 blocks=4294967312 bfree=1000 bavail=900 files=5000 ffree=4000 bsize=4096 namelen=255 frsize=1024",
  },
  {
    title: "size of an xattr",
    opcode: abi.FUSE_GETXATTR,
    header: "1800000000000000 0201000000000080",
    body: "1300000000000000",
    fill: (reply, at) => put.put_getxattr_size(reply, at, 19),
    trace: "error=0 len=24",
  },
  {
    title: "a symlink target",
    opcode: abi.FUSE_READLINK,
    header: "1500000000000000 0201000000000080",
    body: "76616c7565",
    fill: (reply) => put_text(reply, "value"),
    trace: 'error=0 len=21 linkname="value"',
  },
  {
    title: "success without a body",
    opcode: abi.FUSE_UNLINK,
    header: "1000000000000000 0201000000000080",
    body: "",
    fill: (_reply) => 0,
    trace: 'error=0 error_str="Success" len=16',
  },
  {
    title: "an error",
    opcode: abi.FUSE_GETATTR,
    header: "10000000feffffff 0201000000000080",
    body: "",
    fill: (_reply) => -2,
    trace: 'error=-2 error_str="No such file or directory" len=16',
  },
  {
    title: "an offset above 2^53",
    opcode: abi.FUSE_LSEEK,
    header: "1800000000000000 0201000000000080",
    body: "00f0ffffffffff7f",
    fill: (reply, at) => put.put_lseek(reply, at, 0x7fff_ffff_ffff_f000n),
    trace: "error=0 len=24 offset=9223372036854771712",
  },
  {
    title: "a failed ioctl",
    opcode: abi.FUSE_IOCTL,
    header: "2000000000000000 0201000000000080",
    body: "ffffffff00000000 0000000000000000",
    fill: (reply, at) => put.put_ioctl(reply, at, -1),
    trace: "error=0 len=32 result=-1 flags=0x0",
  },
  {
    title: "an ioctl with data",
    opcode: abi.FUSE_IOCTL,
    header: "2400000000000000 0201000000000080",
    body: "0000000000000000 0000000000000000 10000000",
    fill: (reply, at) => put.put_ioctl(reply, at, 0) + put_word(reply, at + 4, 16),
    trace: "error=0 len=36 result=0 flags=0x0",
  },
  {
    title: "poll",
    opcode: abi.FUSE_POLL,
    header: "1800000000000000 0201000000000080",
    body: "0500000000000000",
    fill: (reply, at) => put.put_poll(reply, at, 5),
    trace: "error=0 len=24 revents=0x5",
  },
  {
    title: "INIT",
    opcode: abi.FUSE_INIT,
    header: "5000000000000000 0201000000000080",
    body: "070000002d000000 0000020079807c50 4000300000001000 0100000000010000 3001000001000000" +
      "0000000000000000 0000000000000000 0000000000000000",
    fill: (reply, at) => put.put_init(reply, at, outcome(64)),
    trace:
      'error=0 len=80 major=7 minor=45 max_readahead=131072 flags=0x507c8079 flags_str="ASYNC_READ|ATOMIC_O_TRUNC|EXPORT_SUPPORT|BIG_WRITES|DONT_MASK|ASYNC_DIO|PARALLEL_DIROPS|HANDLE_KILLPRIV|POSIX_ACL|ABORT_ERROR|MAX_PAGES|HANDLE_KILLPRIV_V2|INIT_EXT" max_background=64 congestion_threshold=48 max_write=1048576 time_gran=1 max_pages=256 flags2=0x130 flags2_str="DIRECT_IO_ALLOW_MMAP|PASSTHROUGH|ALLOW_IDMAP" max_stack_depth=1',
  },
  {
    title: "INIT for a kernel before 7.23",
    opcode: abi.FUSE_INIT,
    header: "2800000000000000 0201000000000080",
    body: "070000002d000000 0000020079807c50 4000300000001000",
    fill: (reply, at) => put.put_init(reply, at, outcome(24)),
    trace:
      'error=0 len=40 major=7 minor=45 max_readahead=131072 flags=0x507c8079 flags_str="ASYNC_READ|ATOMIC_O_TRUNC|EXPORT_SUPPORT|BIG_WRITES|DONT_MASK|ASYNC_DIO|PARALLEL_DIROPS|HANDLE_KILLPRIV|POSIX_ACL|ABORT_ERROR|MAX_PAGES|HANDLE_KILLPRIV_V2|INIT_EXT" max_background=64 congestion_threshold=48 max_write=1048576',
  },
  {
    title: "INIT for a kernel before 7.5",
    opcode: abi.FUSE_INIT,
    header: "1800000000000000 0201000000000080",
    body: "070000002d000000",
    fill: (reply, at) => put.put_init(reply, at, outcome(8)),
    trace: "error=0 len=24 major=7 minor=45",
  },
  {
    title: "statx",
    opcode: abi.FUSE_STATX,
    header: "3001000000000000 0201000000000080",
    body: "0200000000000000 0000000000000000 0000000000000000 0000000000000000 ff0f000000100000" +
      "0000000000000000 03000000e8030000 feffffffa0610000 8877665544332211 0500000001000000" +
      "1800000000000000 0000000000000000 01f1536500000000 0b00000000000000 00105e5f00000000" +
      "2100000000000000 03f1536500000000 ffc99a3b00000000 feffffffffffffff 1600000000000000" +
      "2301000045780600 0800000001000000 0000000000000000 0000000000000000 0000000000000000" +
      "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000" +
      "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000" +
      "0000000000000000",
    fill: (reply, at) => put.put_statx_out(reply, at, 2, block_device_statx(), 0x5566_7788, 0x1122_3344),
    trace:
      'error=0 len=304 attr_valid=2.000000000 flags=0x0 mask=0xfff mask_str="STATX_TYPE|STATX_MODE|STATX_NLINK|STATX_UID|STATX_GID|STATX_ATIME|STATX_MTIME|STATX_CTIME|STATX_INO|STATX_SIZE|STATX_BLOCKS|STATX_BTIME" blksize=4096 nlink=3 uid=1000 gid=4294967294 mode=060640 ino=1234605616436508552 size=4294967301 blocks=24 atime=1700000001.000000011 btime=1600000000.000000033 ctime=1700000003.999999999 mtime=-2.000000022',
  },
];

for (const golden of CASES) {
  Deno.test(`reply with ${golden.title}, byte for byte`, () => {
    const memory = new Uint8Array(1024).fill(0xaa);
    const reply = new put.Reply(memory, 64);
    reply.begin(request());
    const filled = golden.fill(reply, reply.body_word);
    if (filled < 0) reply.error(filled);
    else reply.ok(filled);
    const bytes = memory.slice(reply.header, reply.header + reply.length);
    assertEquals(hex(bytes), plain(golden.header + golden.body));
    assertEquals(memory[reply.header + reply.length], 0xaa);
    const line = describe_reply(reply, golden.opcode, 1n);
    assertEquals(line, `ts=1 dir=OUT unique=0x8000000000000102 ${golden.trace}`);
  });
}

function request(): Request {
  const memory = new Uint8Array(256);
  const bytes = wire.readlink(0x8000_0000_0000_0102n, 1);
  memory.set(bytes);
  const decoded = new Request(memory);
  assertEquals(decoded.decode_device(0, bytes.length), 0);
  return decoded;
}

function outcome(reply_bytes: number): InitOutcome {
  return {
    status: 0,
    minor: 45,
    reply_bytes,
    max_readahead_bytes: 131072,
    flags: 0x507c_8079,
    flags2: 0x130,
    max_background: 64,
    congestion_threshold: 48,
    max_write_bytes: 1048576,
    max_pages: 256,
    time_gran_ns: 1,
    max_stack_depth: 1,
    refused: 0,
  };
}

function put_text(reply: put.Reply, text: string): number {
  return new TextEncoder().encodeInto(text, reply.u8.subarray(reply.body)).written;
}

function put_word(reply: put.Reply, at: number, value: number): number {
  reply.u32[at] = value;
  return 4;
}
