// IOCTL (operations §18, §19.5): handed to the branch's file, with what the kernel copied in and room for what comes out.
// Only commands whose whole memory is what their number says: others would write into the daemon wherever the caller
// likes (records behind a head, pointers inside a structure), or do with the daemon's rights what the caller may not.
import { EBADF, EINVAL, ENOTTY, EPERM } from "../base/errno.ts";
import { FUSE_IOCTL_DIR, FUSE_IOCTL_UNRESTRICTED, IOCTL_OUT_BYTES } from "../fuse/abi.ts";
import { put_ioctl } from "../fuse/reply.ts";
import { F_FD, F_NODE, KIND_DIRECTORY } from "../state/layout.ts";
import { close, ioctl as ioctl_call, O_NOATIME, O_NONBLOCK, O_RDONLY } from "../sys/file.ts";
import { openat } from "../sys/path.ts";
import { file_handle } from "./common/object_of_request.ts";
import { first_branch } from "./common/on_branches.ts";
import { Context } from "./context.ts";
import { GIVEN_BACK } from "./operation.ts";

// Words of struct fuse_ioctl_in.
const FLAGS = 2;
const COMMAND = 3;
const IN_SIZE = 6;
const OUT_SIZE = 7;

/** ioctl commands carry 14 bits of size (asm-generic/ioctl.h). */
const DATA_BYTES_MAX = 16384;
// Declared with a long, really with an int (ioctl_iflags(2)): no more than 4 bytes come back.
const FS_IOC_SETFLAGS = 0x40086602;
const FS_IOC_SETVERSION = 0x40087602;
const INT_COMMANDS = [0x80086601, FS_IOC_SETFLAGS, 0x80087601, FS_IOC_SETVERSION];
// FS_IOC_FSGETXATTR and FS_IOC_FSSETXATTR: struct fsxattr, 28 bytes. The kernel asks them itself, as the four above.
const FS_IOC_FSSETXATTR = 0x401c5820;
const OTHER_COMMANDS = [0x801c581f, FS_IOC_FSSETXATTR];
/** From Linux 5.13 on the kernel checks who may give SETFLAGS and FSSETXATTR; 7.34 is the first minor that tells so. */
const MINOR_WITH_CHECKED_FLAGS = 34;
const INT_BYTES = 4;
const buffer = new Uint8Array(DATA_BYTES_MAX);

/** IOCTL: on the open file, or on the directory of the branch that the open policy chooses. */
export function ioctl(c: Context): number {
  const request = c.request;
  const flags = request.arg(FLAGS);
  const in_size = request.arg(IN_SIZE);
  const out_size = request.arg(OUT_SIZE);
  if ((flags & FUSE_IOCTL_UNRESTRICTED) !== 0) return -EPERM;
  if ((in_size !== 0 && out_size !== 0 && in_size !== out_size) || Math.max(in_size, out_size) > DATA_BYTES_MAX) {
    return -EINVAL;
  }
  if (!INT_COMMANDS.includes(request.arg(COMMAND)) && !OTHER_COMMANDS.includes(request.arg(COMMAND))) return -ENOTTY;
  if (!may_give(c, request.arg(COMMAND))) return -EPERM;
  return (flags & FUSE_IOCTL_DIR) !== 0 ? on_directory(c) : on_file(c);
}

// The branch would do it with the daemon's rights. What the kernel has not checked is root's.
function may_give(c: Context, command: number): boolean {
  if (c.request.uid === 0) return true;
  if (command === FS_IOC_SETVERSION) return false;
  const is_checked = c.init.minor >= MINOR_WITH_CHECKED_FLAGS;
  return is_checked || (command !== FS_IOC_SETFLAGS && command !== FS_IOC_FSSETXATTR);
}

function on_file(c: Context): number {
  const handle = file_handle(c, c.request.arg(0), c.request.arg(1));
  if (handle < 0) return handle;
  if (!c.data_locks.share(c.handles.word(handle, F_NODE))) return GIVEN_BACK;
  return run(c, c.handles.word(handle, F_FD));
}

const DOT = new Uint8Array([0x2e, 0]);

function on_directory(c: Context): number {
  const request = c.request;
  if (c.handles.find(request.arg(0), request.arg(1), KIND_DIRECTORY) === 0) return -EBADF;
  const slot = c.locks.lock_path(request.node_low, request.node_high, c.path);
  if (slot < 0) return slot;
  const index = first_branch(c, c.settings.policy_open, c.path);
  if (index < 0) return index;
  // No symlink on the way, because some of the commands change the directory (departures D3).
  const directory = c.place.open_directory(c.branch(index), c.path);
  if (directory < 0) return directory;
  const fd = openat(directory, DOT, O_RDONLY | O_NOATIME | O_NONBLOCK, 0);
  close(directory);
  if (fd < 0) return fd;
  const result = run(c, fd);
  close(fd);
  return result;
}

function run(c: Context, fd: number): number {
  const request = c.request;
  const command = request.arg(COMMAND);
  const in_size = request.arg(IN_SIZE);
  buffer.fill(0, 0, Math.max(in_size, request.arg(OUT_SIZE), 8));
  buffer.set(request.u8.subarray(request.data, request.data + in_size));
  const result = ioctl_call(fd, command, buffer);
  if (result < 0) return result;
  const out_size = INT_COMMANDS.includes(command) ? Math.min(INT_BYTES, request.arg(OUT_SIZE)) : request.arg(OUT_SIZE);
  put_ioctl(c.reply, c.reply.body_word, result);
  c.body.set(buffer.subarray(0, out_size), IOCTL_OUT_BYTES);
  if (in_size !== 0) c.notices.changed(c.nodes.slot_of(request.node_low, request.node_high));
  return IOCTL_OUT_BYTES + out_size;
}
