// Requests that change a file, each with the system call that does it on the branch.

import { O_RDWR, O_TRUNC } from "../../src/sys/file.ts";
import type { Pool } from "./handler.ts";
import type { CallName } from "./system_calls.ts";
import * as wire from "./wire.ts";

/** A message about a file, by its node and a handle for reading and writing. */
export type FileRequest = (pool: Pool, node: bigint, fh: bigint) => Uint8Array;

const FS_IOC_GETFLAGS = 0x80086601;

/** All kinds of changes. An ioctl may be one. */
export const CHANGING_REQUESTS: Readonly<Record<string, readonly [CallName, FileRequest]>> = {
  write: ["pwrite", (pool, node, fh) => wire.write(pool.next(), node, fh, 0, new TextEncoder().encode("x"))],
  fallocate: ["fallocate", (pool, node, fh) => wire.fallocate(pool.next(), node, fh, 0, 0, 9)],
  copy_file_range: ["copy_file_range", (pool, node, fh) => {
    return wire.copy_file_range(pool.next(), node, fh, 0, node, fh, 100, 4);
  }],
  ftruncate: ["ftruncate", (pool, node, fh) => wire.setattr(pool.next(), node, { size: 2, fh })],
  truncate: ["truncate", (pool, node) => wire.setattr(pool.next(), node, { size: 2 })],
  chmod: ["chmod", (pool, node) => wire.setattr(pool.next(), node, { mode: 0o600 })],
  setxattr: ["setxattr", (pool, node) => wire.setxattr(pool.next(), node, "user.a", "b")],
  removexattr: ["removexattr", (pool, node) => wire.removexattr(pool.next(), node, "user.a")],
  "open with O_TRUNC": ["openat", (pool, node) => wire.open(pool.next(), node, O_RDWR | O_TRUNC)],
  ioctl: ["ioctl", (pool, node, fh) => wire.ioctl(pool.next(), node, fh, FS_IOC_GETFLAGS, 0, new Uint8Array(0), 8)],
};
