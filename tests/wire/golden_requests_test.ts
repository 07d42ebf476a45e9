// Every request, byte for byte. The hex was made by a C program from the kernel's own header (7.38; STATX and
// COPY_FILE_RANGE_64 by hand from the description of 7.45), so neither the decoder nor the encoder of the tests had a
// part in it. Each case proves three things: the encoder makes these bytes, the decoder takes them, and the trace line
// shows every value that is in them.

import { assertEquals } from "@std/assert";
import { OPCODE_NAMES } from "../../src/fuse/abi.ts";
import { describe_request } from "../../src/fuse/describe.ts";
import { Request } from "../../src/fuse/request.ts";
import { hex, plain } from "../support/golden.ts";
import * as wire from "../support/wire.ts";

const UNIQUE = 0x8000_0000_0000_0102n;
const NODE = 0x3_0000_0007;
const OTHER_NODE = 0x5_0000_0009;
const OWNER = 0xfedc_ba98_7654_3210n;
const HELLO = new TextEncoder().encode("hello");
const LOCK = { owner: OWNER, start: 16, end: 0x7fff_ffff_ffff_ffffn, type: 1, pid: 77, lk_flags: 1 };
const CALLER = { uid: 1000, gid: 100, pid: 4242 };

interface GoldenRequest {
  /** Name of the opcode; a second form of it has a word behind. */
  readonly title: string;
  readonly header: string;
  readonly args: string;
  readonly payload: string;
  readonly built: Uint8Array;
  /** The trace line from the opcode on, without the caller. */
  readonly trace: string;
}

const CASES: readonly GoldenRequest[] = [
  {
    title: "LOOKUP",
    header: "2e00000001000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "",
    payload: "612e74787400",
    built: wire.lookup(UNIQUE, NODE, "a.txt"),
    trace: 'opcode=LOOKUP opcode_id=1 nodeid=12884901895 name="a.txt"',
  },
  {
    title: "FORGET",
    header: "3000000002000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0200000001000000",
    payload: "",
    built: wire.forget(UNIQUE, NODE, 0x1_0000_0002),
    trace: "opcode=FORGET opcode_id=2 nodeid=12884901895 nlookup=4294967298",
  },
  {
    title: "GETATTR",
    header: "3800000003000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0100000000000000 3412000000000000",
    payload: "",
    built: wire.getattr(UNIQUE, NODE, 0x1234),
    trace: 'opcode=GETATTR opcode_id=3 nodeid=12884901895 getattr_flags=0x1 getattr_flags_str="FH" fh=4660',
  },
  {
    title: "SETATTR",
    header: "8000000004000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args:
      "7f0e000000000000 3412000000000000 0100000002000000 1032547698badcfe 0100000000000000 feffffffffffffff 0300000000000000 0400000005000000 06000000a4810000 00000000feff0000 0c00000000000000",
    payload: "",
    built: wire.setattr(UNIQUE, NODE, {
      mode: 0o100644,
      uid: 65534,
      gid: 12,
      size: 0x2_0000_0001,
      atime: { s: 1, ns: 4 },
      mtime: { s: -2, ns: 5 },
      ctime: { s: 3, ns: 6 },
      fh: 0x1234,
      lock_owner: OWNER,
      kill_suidgid: true,
    }),
    trace:
      'opcode=SETATTR opcode_id=4 nodeid=12884901895 valid=0xe7f valid_str="MODE|UID|GID|SIZE|ATIME|MTIME|FH|LOCKOWNER|CTIME|KILL_SUIDGID" fh=4660 size=8589934593 lock_owner=18364758544493064720 atime=1.000000004 mtime=-2.000000005 ctime=3.000000006 mode=0100644 new_uid=65534 new_gid=12',
  },
  {
    title: "READLINK",
    header: "2800000005000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "",
    payload: "",
    built: wire.readlink(UNIQUE, NODE),
    trace: "opcode=READLINK opcode_id=5 nodeid=12884901895",
  },
  {
    title: "SYMLINK",
    header: "3c00000006000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "",
    payload: "6c696e6b002e2e2f 7461726765742f66 696c6500",
    built: wire.symlink(UNIQUE, NODE, "link", "../target/file"),
    trace: 'opcode=SYMLINK opcode_id=6 nodeid=12884901895 name="link" linkname="../target/file"',
  },
  {
    title: "MKNOD",
    header: "3c00000008000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "8021000005010000 1200000000000000",
    payload: "74747900",
    built: wire.mknod(UNIQUE, NODE, "tty", 0o20600, 0x105, 0o22),
    trace: 'opcode=MKNOD opcode_id=8 nodeid=12884901895 mode=020600 rdev=0x105 umask=022 name="tty"',
  },
  {
    title: "MKDIR",
    header: "3400000009000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "ed01000017000000",
    payload: "64697200",
    built: wire.mkdir(UNIQUE, NODE, "dir", 0o755, 0o27),
    trace: 'opcode=MKDIR opcode_id=9 nodeid=12884901895 mode=0755 umask=027 name="dir"',
  },
  {
    title: "UNLINK",
    header: "2c0000000a000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "",
    payload: "6f6c6400",
    built: wire.unlink(UNIQUE, NODE, "old"),
    trace: 'opcode=UNLINK opcode_id=10 nodeid=12884901895 name="old"',
  },
  {
    title: "RMDIR",
    header: "2e0000000b000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "",
    payload: "656d70747900",
    built: wire.rmdir(UNIQUE, NODE, "empty"),
    trace: 'opcode=RMDIR opcode_id=11 nodeid=12884901895 name="empty"',
  },
  {
    title: "RENAME",
    header: "380000000c000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0900000005000000",
    payload: "66726f6d00746f00",
    built: wire.rename(UNIQUE, NODE, "from", OTHER_NODE, "to"),
    trace: 'opcode=RENAME opcode_id=12 nodeid=12884901895 newdir=21474836489 oldname="from" newname="to"',
  },
  {
    title: "LINK",
    header: "350000000d000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0900000005000000",
    payload: "6861726400",
    built: wire.link(UNIQUE, NODE, "hard", OTHER_NODE),
    trace: 'opcode=LINK opcode_id=13 nodeid=12884901895 oldnodeid=21474836489 name="hard"',
  },
  {
    title: "OPEN",
    header: "300000000e000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0206000001000000",
    payload: "",
    built: wire.open(UNIQUE, NODE, 0o3002, 1),
    trace:
      'opcode=OPEN opcode_id=14 nodeid=12884901895 flags=0x602 flags_str="O_RDWR|O_TRUNC|O_APPEND" open_flags=0x1 open_flags_str="KILL_SUIDGID"',
  },
  {
    title: "READ",
    header: "500000000f000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0000000001000000 0000020002000000 1032547698badcfe 0004000000000000",
    payload: "",
    built: wire.read(UNIQUE, NODE, 0x1234, 0x1_0000_0000, 131072, 0o2000, OWNER),
    trace:
      'opcode=READ opcode_id=15 nodeid=12884901895 fh=4660 offset=4294967296 size=131072 read_flags=0x2 read_flags_str="LOCKOWNER" lock_owner=18364758544493064720 flags=0x400 flags_str="O_RDONLY|O_APPEND"',
  },
  {
    title: "READDIR",
    header: "500000001c000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0000000001000000 0000020002000000 1032547698badcfe 0004000000000000",
    payload: "",
    built: wire.readdir(UNIQUE, NODE, 0x1234, 0x1_0000_0000, 131072, 0o2000, OWNER),
    trace:
      'opcode=READDIR opcode_id=28 nodeid=12884901895 fh=4660 offset=4294967296 size=131072 read_flags=0x2 read_flags_str="LOCKOWNER" lock_owner=18364758544493064720 flags=0x400 flags_str="O_RDONLY|O_APPEND"',
  },
  {
    title: "READDIRPLUS",
    header: "500000002c000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0000000001000000 0000020002000000 1032547698badcfe 0004000000000000",
    payload: "",
    built: wire.readdirplus(UNIQUE, NODE, 0x1234, 0x1_0000_0000, 131072, 0o2000, OWNER),
    trace:
      'opcode=READDIRPLUS opcode_id=44 nodeid=12884901895 fh=4660 offset=4294967296 size=131072 read_flags=0x2 read_flags_str="LOCKOWNER" lock_owner=18364758544493064720 flags=0x400 flags_str="O_RDONLY|O_APPEND"',
  },
  {
    title: "WRITE",
    header: "5500000010000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0000000001000000 0500000007000000 1032547698badcfe 0104000000000000",
    payload: "68656c6c6f",
    built: wire.write(UNIQUE, NODE, 0x1234, 0x1_0000_0000, HELLO, 7, 0o2001, OWNER),
    trace:
      'opcode=WRITE opcode_id=16 nodeid=12884901895 fh=4660 offset=4294967296 size=5 write_flags=0x7 write_flags_str="CACHE|LOCKOWNER|KILL_SUIDGID" lock_owner=18364758544493064720 flags=0x401 flags_str="O_WRONLY|O_APPEND"',
  },
  {
    title: "STATFS",
    header: "2800000011000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "",
    payload: "",
    built: wire.statfs(UNIQUE, NODE),
    trace: "opcode=STATFS opcode_id=17 nodeid=12884901895",
  },
  {
    title: "RELEASE",
    header: "4000000012000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0204000003000000 1032547698badcfe",
    payload: "",
    built: wire.release(UNIQUE, NODE, 0x1234, 0o2002, 3, OWNER),
    trace:
      'opcode=RELEASE opcode_id=18 nodeid=12884901895 fh=4660 flags=0x402 flags_str="O_RDWR|O_APPEND" release_flags=0x3 release_flags_str="FLUSH|FLOCK_UNLOCK" lock_owner=18364758544493064720',
  },
  {
    title: "RELEASEDIR",
    header: "400000001d000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0204000003000000 1032547698badcfe",
    payload: "",
    built: wire.releasedir(UNIQUE, NODE, 0x1234, 0o2002, 3, OWNER),
    trace:
      'opcode=RELEASEDIR opcode_id=29 nodeid=12884901895 fh=4660 flags=0x402 flags_str="O_RDWR|O_APPEND" release_flags=0x3 release_flags_str="FLUSH|FLOCK_UNLOCK" lock_owner=18364758544493064720',
  },
  {
    title: "FSYNC",
    header: "3800000014000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0100000000000000",
    payload: "",
    built: wire.fsync(UNIQUE, NODE, 0x1234, true),
    trace: 'opcode=FSYNC opcode_id=20 nodeid=12884901895 fh=4660 fsync_flags=0x1 fsync_flags_str="FDATASYNC"',
  },
  {
    title: "FSYNCDIR",
    header: "380000001e000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0100000000000000",
    payload: "",
    built: wire.fsyncdir(UNIQUE, NODE, 0x1234, true),
    trace: 'opcode=FSYNCDIR opcode_id=30 nodeid=12884901895 fh=4660 fsync_flags=0x1 fsync_flags_str="FDATASYNC"',
  },
  {
    title: "SETXATTR",
    header: "3e00000015000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0500000002000000",
    payload: "757365722e612f62 0076616c7565",
    built: wire.setxattr(UNIQUE, NODE, "user.a/b", "value", 2),
    trace: 'opcode=SETXATTR opcode_id=21 nodeid=12884901895 size=5 flags=0x2 flags_str="XATTR_REPLACE" name="user.a/b"',
  },
  {
    title: "GETXATTR",
    header: "3a00000016000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0001000000000000",
    payload: "757365722e6e616d 6500",
    built: wire.getxattr(UNIQUE, NODE, "user.name", 256),
    trace: 'opcode=GETXATTR opcode_id=22 nodeid=12884901895 size=256 name="user.name"',
  },
  {
    title: "LISTXATTR",
    header: "3000000017000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0001000000000000",
    payload: "",
    built: wire.listxattr(UNIQUE, NODE, 256),
    trace: "opcode=LISTXATTR opcode_id=23 nodeid=12884901895 size=256",
  },
  {
    title: "REMOVEXATTR",
    header: "3200000018000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "",
    payload: "757365722e6e616d 6500",
    built: wire.removexattr(UNIQUE, NODE, "user.name"),
    trace: 'opcode=REMOVEXATTR opcode_id=24 nodeid=12884901895 name="user.name"',
  },
  {
    title: "FLUSH",
    header: "4000000019000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0000000000000000 1032547698badcfe",
    payload: "",
    built: wire.flush(UNIQUE, NODE, 0x1234, OWNER),
    trace: "opcode=FLUSH opcode_id=25 nodeid=12884901895 fh=4660 lock_owner=18364758544493064720",
  },
  {
    title: "INIT",
    header: "680000001a000000 0201000000000080 0000000000000000 e803000064000000 9210000000000000",
    args:
      "070000002d000000 00000200fbffff73 ff07000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000",
    payload: "",
    built: wire.init(UNIQUE),
    trace:
      'opcode=INIT opcode_id=26 nodeid=0 major=7 minor=45 max_readahead=131072 flags=0x73fffffb flags_str="ASYNC_READ|POSIX_LOCKS|ATOMIC_O_TRUNC|EXPORT_SUPPORT|BIG_WRITES|DONT_MASK|SPLICE_WRITE|SPLICE_MOVE|SPLICE_READ|FLOCK_LOCKS|HAS_IOCTL_DIR|AUTO_INVAL_DATA|DO_READDIRPLUS|READDIRPLUS_AUTO|ASYNC_DIO|WRITEBACK_CACHE|NO_OPEN_SUPPORT|PARALLEL_DIROPS|HANDLE_KILLPRIV|POSIX_ACL|ABORT_ERROR|MAX_PAGES|CACHE_SYMLINKS|NO_OPENDIR_SUPPORT|EXPLICIT_INVAL_DATA|HANDLE_KILLPRIV_V2|SETXATTR_EXT|INIT_EXT" flags2=0x7ff flags2_str="SECURITY_CTX|HAS_INODE_DAX|CREATE_SUPP_GROUP|HAS_EXPIRE_ONLY|DIRECT_IO_ALLOW_MMAP|PASSTHROUGH|NO_EXPORT_SUPPORT|HAS_RESEND|ALLOW_IDMAP|OVER_IO_URING|REQUEST_TIMEOUT"',
  },
  {
    title: "INIT short",
    header: "380000001a000000 0201000000000080 0000000000000000 e803000064000000 9210000000000000",
    args: "070000001b000000 00000200fbff3f00",
    payload: "",
    built: wire.init(UNIQUE, { minor: 27, flags: 0x3f_fffb, short: true }),
    trace:
      'opcode=INIT opcode_id=26 nodeid=0 major=7 minor=27 max_readahead=131072 flags=0x3ffffb flags_str="ASYNC_READ|POSIX_LOCKS|ATOMIC_O_TRUNC|EXPORT_SUPPORT|BIG_WRITES|DONT_MASK|SPLICE_WRITE|SPLICE_MOVE|SPLICE_READ|FLOCK_LOCKS|HAS_IOCTL_DIR|AUTO_INVAL_DATA|DO_READDIRPLUS|READDIRPLUS_AUTO|ASYNC_DIO|WRITEBACK_CACHE|NO_OPEN_SUPPORT|PARALLEL_DIROPS|HANDLE_KILLPRIV|POSIX_ACL|ABORT_ERROR"',
  },
  {
    title: "OPENDIR",
    header: "300000001b000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0008000000000000",
    payload: "",
    built: wire.opendir(UNIQUE, NODE, 0o4000),
    trace: 'opcode=OPENDIR opcode_id=27 nodeid=12884901895 flags=0x800 flags_str="O_RDONLY|O_NONBLOCK" open_flags=0x0',
  },
  {
    title: "GETLK",
    header: "580000001f000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 1032547698badcfe 1000000000000000 ffffffffffffff7f 010000004d000000 0100000000000000",
    payload: "",
    built: wire.getlk(UNIQUE, NODE, 0x1234, LOCK),
    trace:
      'opcode=GETLK opcode_id=31 nodeid=12884901895 fh=4660 owner=18364758544493064720 start=16 end=9223372036854775807 type=1 lock_pid=77 lk_flags=0x1 lk_flags_str="FLOCK"',
  },
  {
    title: "SETLK",
    header: "5800000020000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 1032547698badcfe 1000000000000000 ffffffffffffff7f 010000004d000000 0100000000000000",
    payload: "",
    built: wire.setlk(UNIQUE, NODE, 0x1234, LOCK),
    trace:
      'opcode=SETLK opcode_id=32 nodeid=12884901895 fh=4660 owner=18364758544493064720 start=16 end=9223372036854775807 type=1 lock_pid=77 lk_flags=0x1 lk_flags_str="FLOCK"',
  },
  {
    title: "SETLKW",
    header: "5800000021000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 1032547698badcfe 1000000000000000 ffffffffffffff7f 010000004d000000 0100000000000000",
    payload: "",
    built: wire.setlkw(UNIQUE, NODE, 0x1234, LOCK),
    trace:
      'opcode=SETLKW opcode_id=33 nodeid=12884901895 fh=4660 owner=18364758544493064720 start=16 end=9223372036854775807 type=1 lock_pid=77 lk_flags=0x1 lk_flags_str="FLOCK"',
  },
  {
    title: "ACCESS",
    header: "3000000022000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0500000000000000",
    payload: "",
    built: wire.access(UNIQUE, NODE, 5),
    trace: 'opcode=ACCESS opcode_id=34 nodeid=12884901895 mask=05 mask_str="X_OK|R_OK"',
  },
  {
    title: "CREATE",
    header: "4000000023000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "c2040000b4810000 1200000001000000",
    payload: "6e65772e74787400",
    built: wire.create(UNIQUE, NODE, "new.txt", 0o2302, 0o100664, 0o22, 1),
    trace:
      'opcode=CREATE opcode_id=35 nodeid=12884901895 flags=0x4c2 flags_str="O_RDWR|O_CREAT|O_EXCL|O_APPEND" mode=0100664 umask=022 open_flags=0x1 open_flags_str="KILL_SUIDGID" name="new.txt"',
  },
  {
    title: "INTERRUPT",
    header: "3000000024000000 0201000000000080 0000000000000000 e803000064000000 9210000000000000",
    args: "0201000000000000",
    payload: "",
    built: wire.interrupt(UNIQUE, 0x102),
    trace: "opcode=INTERRUPT opcode_id=36 nodeid=0 target_unique=258",
  },
  {
    title: "BMAP",
    header: "3800000025000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0900000000000000 0010000000000000",
    payload: "",
    built: wire.bmap(UNIQUE, NODE, 9, 4096),
    trace: "opcode=BMAP opcode_id=37 nodeid=12884901895 block=9 blocksize=4096",
  },
  {
    title: "DESTROY",
    header: "2800000026000000 0201000000000080 0000000000000000 e803000064000000 9210000000000000",
    args: "",
    payload: "",
    built: wire.destroy(UNIQUE),
    trace: "opcode=DESTROY opcode_id=38 nodeid=0",
  },
  {
    title: "IOCTL",
    header: "4c00000027000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 1000000002660840 00000000fc7f0000 0400000004000000",
    payload: "10000000",
    built: wire.ioctl(UNIQUE, NODE, 0x1234, 0x4008_6602, 16, Uint8Array.of(16, 0, 0, 0), 4, 0x7ffc_0000_0000),
    trace:
      'opcode=IOCTL opcode_id=39 nodeid=12884901895 fh=4660 flags=0x10 flags_str="DIR" cmd=0x40086602 arg=140720308486144 in_size=4 out_size=4',
  },
  {
    title: "POLL",
    header: "4000000028000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 9900000000000000 0100000005000000",
    payload: "",
    built: wire.poll(UNIQUE, NODE, 0x1234, 5, 1, 0x99),
    trace:
      'opcode=POLL opcode_id=40 nodeid=12884901895 fh=4660 kh=153 flags=0x1 flags_str="SCHEDULE_NOTIFY" events=0x5',
  },
  {
    title: "NOTIFY_REPLY",
    header: "5300000029000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0000000000000000 0010000000000000 0300000000000000 0000000000000000 0000000000000000",
    payload: "616263",
    built: wire.notify_reply(UNIQUE, NODE, 4096, Uint8Array.of(97, 98, 99)),
    trace: "opcode=NOTIFY_REPLY opcode_id=41 nodeid=12884901895 offset=4096 size=3",
  },
  {
    title: "BATCH_FORGET",
    header: "500000002a000000 0201000000000080 0000000000000000 e803000064000000 9210000000000000",
    args: "0200000000000000",
    payload: "0700000003000000 0100000000000000 0900000000000000 0200000001000000",
    built: wire.batch_forget(UNIQUE, [[0x3_0000_0007, 1], [9, 0x1_0000_0002]]),
    trace: "opcode=BATCH_FORGET opcode_id=42 nodeid=0 count=2",
  },
  {
    title: "FALLOCATE",
    header: "480000002b000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0010000000000000 0000000001000000 0300000000000000",
    payload: "",
    built: wire.fallocate(UNIQUE, NODE, 0x1234, 3, 4096, 0x1_0000_0000),
    trace:
      'opcode=FALLOCATE opcode_id=43 nodeid=12884901895 fh=4660 offset=4096 length=4294967296 mode=0x3 mode_str="FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE"',
  },
  {
    title: "RENAME2",
    header: "400000002d000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0900000005000000 0100000000000000",
    payload: "66726f6d00746f00",
    built: wire.rename2(UNIQUE, NODE, "from", OTHER_NODE, "to", 1),
    trace:
      'opcode=RENAME2 opcode_id=45 nodeid=12884901895 newdir=21474836489 flags=0x1 flags_str="RENAME_NOREPLACE" oldname="from" newname="to"',
  },
  {
    title: "LSEEK",
    header: "400000002e000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0000000001000000 0400000000000000",
    payload: "",
    built: wire.lseek(UNIQUE, NODE, 0x1234, 0x1_0000_0000, 4),
    trace: "opcode=LSEEK opcode_id=46 nodeid=12884901895 fh=4660 offset=4294967296 whence=4",
  },
  {
    title: "COPY_FILE_RANGE",
    header: "600000002f000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args:
      "3412000000000000 0010000000000000 0900000005000000 7856000000000000 0020000000000000 00f0ffff00000000 0000000000000000",
    payload: "",
    built: wire.copy_file_range(UNIQUE, NODE, 0x1234, 4096, OTHER_NODE, 0x5678, 8192, 0xffff_f000),
    trace:
      "opcode=COPY_FILE_RANGE opcode_id=47 nodeid=12884901895 fh_in=4660 off_in=4096 nodeid_out=21474836489 fh_out=22136 off_out=8192 size=4294963200 flags=0",
  },
  {
    title: "COPY_FILE_RANGE_64",
    header: "6000000035000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args:
      "3412000000000000 0010000000000000 0900000005000000 7856000000000000 0020000000000000 ffffffffffffff7f 0000000000000000",
    payload: "",
    built: wire.copy_file_range_64(UNIQUE, NODE, 0x1234, 4096, OTHER_NODE, 0x5678, 8192, 0x7fff_ffff_ffff_ffffn),
    trace:
      "opcode=COPY_FILE_RANGE_64 opcode_id=53 nodeid=12884901895 fh_in=4660 off_in=4096 nodeid_out=21474836489 fh_out=22136 off_out=8192 size=9223372036854775807 flags=0",
  },
  {
    title: "SETUPMAPPING",
    header: "5000000030000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "3412000000000000 0010000000000000 0020000000000000 0300000000000000 0000010000000000",
    payload: "",
    built: wire.setupmapping(UNIQUE, NODE, 0x1234, 4096, 8192, 3, 65536),
    trace: "opcode=SETUPMAPPING opcode_id=48 nodeid=12884901895 fh=4660 foffset=4096 size=8192 flags=3 moffset=65536",
  },
  {
    title: "REMOVEMAPPING",
    header: "3c00000031000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "01000000",
    payload: "0000010000000000 0020000000000000",
    built: wire.removemapping(UNIQUE, NODE, [[65536, 8192]]),
    trace: "opcode=REMOVEMAPPING opcode_id=49 nodeid=12884901895 count=1",
  },
  {
    title: "SYNCFS",
    header: "3000000032000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0000000000000000",
    payload: "",
    built: wire.syncfs(UNIQUE, NODE),
    trace: "opcode=SYNCFS opcode_id=50 nodeid=12884901895",
  },
  {
    title: "TMPFILE",
    header: "3a00000033000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0200400080810000 1200000000000000",
    payload: "2f00",
    built: wire.tmpfile(UNIQUE, NODE, 0o20000002, 0o100600, 0o22),
    trace:
      'opcode=TMPFILE opcode_id=51 nodeid=12884901895 flags=0x400002 flags_str="O_RDWR|O_TMPFILE" mode=0100600 umask=022 open_flags=0x0 name="/"',
  },
  {
    title: "STATX",
    header: "4000000034000000 0201000000000080 0700000003000000 e803000064000000 9210000000000000",
    args: "0100000000000000 3412000000000000 00400000ff0f0000",
    payload: "",
    built: wire.statx(UNIQUE, NODE, 0x4000, 0xfff, 0x1234),
    trace:
      'opcode=STATX opcode_id=52 nodeid=12884901895 getattr_flags=0x1 getattr_flags_str="FH" fh=4660 sx_flags=0x4000 sx_mask=0xfff sx_mask_str="STATX_TYPE|STATX_MODE|STATX_NLINK|STATX_UID|STATX_GID|STATX_ATIME|STATX_MTIME|STATX_CTIME|STATX_INO|STATX_SIZE|STATX_BLOCKS|STATX_BTIME"',
  },
];

for (const golden of CASES) {
  Deno.test(`request ${golden.title}, byte for byte`, () => {
    const expected = golden.header + golden.args + golden.payload;
    const bytes = wire.from(CALLER, golden.built);
    assertEquals(hex(bytes), plain(expected));
    const memory = new Uint8Array(1024);
    memory.set(bytes, 64);
    const request = new Request(memory);
    assertEquals(request.decode_device(64, bytes.length), 0);
    assertEquals(request.args_bytes, plain(golden.args).length / 2);
    assertEquals(request.data_end, 64 + bytes.length);
    const line = describe_request(request, 1n);
    assertEquals(line, with_caller(golden.trace));
  });
}

Deno.test("every opcode of the protocol has golden bytes", () => {
  const covered = new Set(CASES.map((golden) => golden.title));
  assertEquals(OPCODE_NAMES.filter((name) => name !== "" && !covered.has(name)), []);
});

function with_caller(trace: string): string {
  const line = trace.replace(/nodeid=\d+/, "$& uid=1000 gid=100 pid=4242");
  return `ts=1 dir=IN unique=0x8000000000000102 ${line}`;
}
