// Passthrough (departures D4): the kernel reads and writes the branch's file itself, and only the rest comes to us. The
// first open of a node decides, and all opens of the node share one backing id until the last of them is released: the
// kernel answers EIO to an open that does not fit.
import { ELOOP } from "../../base/errno.ts";
import { S_ISGID, S_ISUID, STATX_DEV_MAJOR_WORD, STATX_DEV_MINOR_WORD, StatxBuffer } from "../../base/statx.ts";
import { PASSTHROUGH_AUTO, PASSTHROUGH_OFF, PASSTHROUGH_RO, PASSTHROUGH_WO } from "../../config/words.ts";
import { FOPEN_DIRECT_IO, FOPEN_PASSTHROUGH, INIT2_PASSTHROUGH } from "../../fuse/abi.ts";
import { PASSTHROUGH_AUTO_MINOR } from "../../fuse/init.ts";
import { F_FLAGS, F_NODE, F_REPLY_FLAGS } from "../../state/layout.ts";
import { is_only_open, O_ACCMODE, O_RDONLY, O_WRONLY } from "../../sys/file.ts";
import { fstat } from "../../sys/path.ts";
import { fstatfs, StatfsBuffer, TYPE_FUSE } from "../../sys/space.ts";
import { Context } from "../context.ts";
import { IO_BY_DAEMON, IO_BY_DAEMON_BESIDE, IO_PASSED_THROUGH, reply_open_flags } from "./open_flags.ts";

// Why an open is passed through or not (Context.io_choice); 0 is no open.
const PASSED = 1;
const NOT_AGREED = 2;
const BY_OPTION = 3;
const NULLRW = 4;
const HARD_LINKS = 5;
const PRIVILEGES = 6;
const LITTLE_SPACE = 7;
const OPEN_WITHOUT = 8;
const STACKED = 9;
const REFUSED = 10;
const FUSE_BRANCH = 11;

/** The choices in words, for the trace; "" when the request opened no file. */
export const IO_CHOICES: readonly string[] = [
  "",
  "yes",
  "no: kernel or privileges do not allow it",
  "no: option passthrough.io",
  "no: option nullrw",
  "no: written, and the file has several names",
  "no: written, and the file has set-uid or set-gid",
  "no: written, and the branch has less free than passthrough.min-free",
  "no: open without it already",
  "no: the branch's file system is stacked too deep (passthrough.max-stack-depth)",
  "no: the kernel refused the file",
  "no: the branch is a FUSE file system itself",
];

/** A file system with less than this met ENOSPC or soon will, whatever `passthrough.min-free` is. */
const FULL_BYTES = 1024 * 1024;
const MINORS = 1 << 20;

const stat = new StatxBuffer();
const file_system = new StatfsBuffer();

/**
 * A handle for a file just opened of a node that nobody had open; registers the file with the kernel if it is to be
 * passed through. Returns the handle, or -errno as `Handles.add_file`: the caller then closes the descriptor.
 */
export function add_first_file(c: Context, slot: number, fd: number, branch: number, flags: number): number {
  const backing = register(c, fd, flags);
  if (backing === 0) look_for_mappings(c, slot, fd);
  const io = backing === 0 ? IO_BY_DAEMON : IO_PASSED_THROUGH;
  const reply_flags = reply_open_flags(c.settings, flags, c.request.pid, io);
  const handle = c.handles.add_file(slot, fd, branch, flags, reply_flags, false, backing);
  if (handle < 0 && backing !== 0) c.backing.close(backing);
  return handle;
}

/** The same for a node that is open and pinned: the backing id it has, or none, is this open's too. */
export function add_further_file(c: Context, slot: number, fd: number, branch: number, flags: number): number {
  const reply_flags = reply_open_flags(c.settings, flags, c.request.pid, io_of_further_open(c, slot, fd, flags));
  return c.handles.add_file(slot, fd, branch, flags, reply_flags, true);
}

function io_of_further_open(c: Context, slot: number, fd: number, flags: number): number {
  if (c.handles.backing_of(slot) === 0) {
    c.io_choice = OPEN_WITHOUT;
    return IO_BY_DAEMON;
  }
  c.io_choice = choose(c, fd, flags, false);
  return c.io_choice === PASSED ? IO_PASSED_THROUGH : IO_BY_DAEMON_BESIDE;
}

// The backing id of a first open, or 0.
function register(c: Context, fd: number, flags: number): number {
  c.io_choice = choose(c, fd, flags, true);
  if (c.io_choice !== PASSED) return 0;
  if (c.refused_devices.size > 0 && fstat(fd, stat) === 0 && c.refused_devices.has(device_of_stat())) {
    c.io_choice = STACKED;
    return 0;
  }
  const id = c.backing.open(fd);
  if (id > 0) return id;
  c.io_choice = id === -ELOOP ? STACKED : REFUSED;
  if (id === -ELOOP && fstat(fd, stat) === 0) c.refused_devices.add(device_of_stat());
  return 0;
}

function device_of_stat(): number {
  return stat.words[STATX_DEV_MAJOR_WORD]! * MINORS + stat.words[STATX_DEV_MINOR_WORD]!;
}

/**
 * Nobody has the node open, and the caller holds its path: whether a program still maps its file from a time when it was
 * passed through is found out, and noted. `fd` is the only descriptor of the file that we have.
 */
export function look_for_mappings(c: Context, slot: number, fd: number): void {
  if (!c.handles.has_backing(slot)) return;
  // In this order: what another worker opens meanwhile is not forgotten.
  c.handles.set_mappable(slot, false);
  if (!is_only_open(fd)) c.handles.set_mappable(slot, true);
}

/** PASSED, or what speaks against it. */
function choose(c: Context, fd: number, flags: number, is_first: boolean): number {
  if ((c.init.flags2 & INIT2_PASSTHROUGH) === 0) return NOT_AGREED;
  if (!is_wanted(c, flags)) return BY_OPTION;
  if (c.settings.nullrw) return NULLRW;
  const writes = is_written(flags);
  if (!is_first && !writes) return PASSED;
  if (fstatfs(fd, file_system) < 0) return REFUSED;
  // The kernel opens the file a second time. File systems in user space keep what was written with the open file, and
  // some replace the whole file at its close: two opens for one may lose one's data.
  if (file_system.type === TYPE_FUSE) return FUSE_BRANCH;
  return writes ? choose_for_writing(c, fd) : PASSED;
}

function is_wanted(c: Context, flags: number): boolean {
  const option = c.settings.passthrough_io;
  if (option === PASSTHROUGH_OFF) return false;
  if (option === PASSTHROUGH_AUTO) return c.init.minor >= PASSTHROUGH_AUTO_MINOR;
  if (option === PASSTHROUGH_RO) return (flags & O_ACCMODE) === O_RDONLY;
  if (option === PASSTHROUGH_WO) return (flags & O_ACCMODE) === O_WRONLY;
  return true;
}

function is_written(flags: number): boolean {
  return (flags & O_ACCMODE) !== O_RDONLY;
}

// Writes that we must see: other names of the file show them at once (departures D8), whether set-uid stays depends on
// who writes (operations F4), and a file on a full branch can be moved only while it has no backing id (departures D1).
function choose_for_writing(c: Context, fd: number): number {
  if (fstat(fd, stat) === 0) {
    if (stat.nlink > 1) return HARD_LINKS;
    if ((stat.mode & (S_ISUID | S_ISGID)) !== 0) return PRIVILEGES;
  }
  const { bytes, share } = c.settings.passthrough_min_free;
  const wanted_bytes = Math.max(bytes, share * file_system.total_bytes, FULL_BYTES);
  return file_system.available_bytes >= wanted_bytes ? PASSED : LITTLE_SPACE;
}

/** A handle is flushed or released: what was written past us shows through the other names of the file from now on. */
export function note_unseen_writes(c: Context, handle: number): void {
  const reply_flags = c.handles.word(handle, F_REPLY_FLAGS);
  const is_passed = (reply_flags & (FOPEN_PASSTHROUGH | FOPEN_DIRECT_IO)) === FOPEN_PASSTHROUGH;
  if (is_passed && is_written(c.handles.word(handle, F_FLAGS))) c.notices.changed(c.handles.word(handle, F_NODE));
}
