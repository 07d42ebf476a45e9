// Which operation answers which opcode: one literal row each. A test proves that every opcode of the protocol has one.
import * as abi from "../fuse/abi.ts";
import { create, tmpfile } from "./create.ts";
import { fsyncdir, opendir, readdir, readdirplus, releasedir } from "./directory.ts";
import { copy_file_range, copy_file_range_64, fallocate, fsync, lseek } from "./file_operations.ts";
import { batch_forget, forget } from "./forget.ts";
import { getattr, statx } from "./getattr.ts";
import { ioctl } from "./ioctl.ts";
import { link } from "./link.ts";
import { lookup } from "./lookup.ts";
import { mkdir, mknod } from "./mkdir.ts";
import { open } from "./open.ts";
import { Operation } from "./operation.ts";
import { access, readlink } from "./readlink.ts";
import { read, write } from "./read_write.ts";
import { flush, release } from "./release.ts";
import { rename, rename2 } from "./rename.ts";
import { setattr } from "./setattr.ts";
import { statfs } from "./statfs.ts";
import { symlink } from "./symlink.ts";
import { rmdir, unlink } from "./unlink.ts";
import { destroy, ignored, interrupt, not_supported, syncfs } from "./whole_mount.ts";
import { getxattr, listxattr, removexattr, setxattr } from "./xattr.ts";

export type OperationRow = readonly [opcode: number, operation: Operation];

export const OPERATION_ROWS: readonly OperationRow[] = [
  [abi.FUSE_LOOKUP, lookup],
  [abi.FUSE_FORGET, forget],
  [abi.FUSE_GETATTR, getattr],
  [abi.FUSE_SETATTR, setattr],
  [abi.FUSE_READLINK, readlink],
  [abi.FUSE_SYMLINK, symlink],
  [abi.FUSE_MKNOD, mknod],
  [abi.FUSE_MKDIR, mkdir],
  [abi.FUSE_UNLINK, unlink],
  [abi.FUSE_RMDIR, rmdir],
  [abi.FUSE_RENAME, rename],
  [abi.FUSE_LINK, link],
  [abi.FUSE_OPEN, open],
  [abi.FUSE_READ, read],
  [abi.FUSE_WRITE, write],
  [abi.FUSE_STATFS, statfs],
  [abi.FUSE_RELEASE, release],
  [abi.FUSE_FSYNC, fsync],
  [abi.FUSE_SETXATTR, setxattr],
  [abi.FUSE_GETXATTR, getxattr],
  [abi.FUSE_LISTXATTR, listxattr],
  [abi.FUSE_REMOVEXATTR, removexattr],
  [abi.FUSE_FLUSH, flush],
  // INIT is answered once, by the daemon, before workers serve; a second one is a mistake of the other side.
  [abi.FUSE_INIT, not_supported],
  [abi.FUSE_OPENDIR, opendir],
  [abi.FUSE_READDIR, readdir],
  [abi.FUSE_RELEASEDIR, releasedir],
  [abi.FUSE_FSYNCDIR, fsyncdir],
  // Locks stay in the kernel: not negotiated, never sent.
  [abi.FUSE_GETLK, not_supported],
  [abi.FUSE_SETLK, not_supported],
  [abi.FUSE_SETLKW, not_supported],
  [abi.FUSE_ACCESS, access],
  [abi.FUSE_CREATE, create],
  [abi.FUSE_INTERRUPT, interrupt],
  [abi.FUSE_BMAP, not_supported],
  [abi.FUSE_DESTROY, destroy],
  [abi.FUSE_IOCTL, ioctl],
  [abi.FUSE_POLL, not_supported],
  [abi.FUSE_NOTIFY_REPLY, ignored],
  [abi.FUSE_BATCH_FORGET, batch_forget],
  [abi.FUSE_FALLOCATE, fallocate],
  [abi.FUSE_READDIRPLUS, readdirplus],
  [abi.FUSE_RENAME2, rename2],
  [abi.FUSE_LSEEK, lseek],
  [abi.FUSE_COPY_FILE_RANGE, copy_file_range],
  // Only for mounts with direct access to memory (virtiofs).
  [abi.FUSE_SETUPMAPPING, not_supported],
  [abi.FUSE_REMOVEMAPPING, not_supported],
  [abi.FUSE_SYNCFS, syncfs],
  [abi.FUSE_TMPFILE, tmpfile],
  [abi.FUSE_STATX, statx],
  [abi.FUSE_COPY_FILE_RANGE_64, copy_file_range_64],
];

/** The operation of each opcode; `not_supported` where the protocol has none. */
export const OPERATIONS: readonly Operation[] = by_opcode();

function by_opcode(): Operation[] {
  const operations: Operation[] = new Array(abi.OPCODES_END).fill(not_supported);
  for (const [opcode, operation] of OPERATION_ROWS) operations[opcode] = operation;
  return operations;
}
