// What the configuration asks of the world: reading files, looking up branches, telling people. Everything is a function
// here, so that tests need no files, and worker threads, which only read a finished configuration, need no functions.

import { c_string } from "../base/bytes.ts";
import { EFBIG, EISDIR, ENOENT } from "../base/errno.ts";
import { CONFIG_FILE_BYTES_MAX } from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import { type BranchFiles, SYSTEM_BRANCH_FILES } from "../branches/branch_files.ts";
import { places_of_mount } from "../branches/mount_table.ts";
import { close, O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_RDONLY, O_WRONLY, read } from "../sys/file.ts";
import { AT_FDCWD, openat } from "../sys/path.ts";

export interface Environment {
  readonly branch_files: BranchFiles;
  /** The whole file, or -errno; a directory reads as an empty file. */
  read_file(path: string): Uint8Array | number;
  /** What relative paths start from. */
  working_directory(): string;
  /** All places where the filesystem that is mounted there is mounted, that one first. */
  places_of_mount(mountpoint: string): readonly string[];
  /** Opens the file for appending and closes it again: 0 or -errno. */
  try_append(path: string): number;
  /** One sentence for the log: a branch that is missing, an older spelling. */
  readonly log: Log;
  readonly page_bytes: number;
}

const DEFAULT_PAGE_BYTES = 4096;

function read_file(path: string): Uint8Array | number {
  const fd = openat(AT_FDCWD, c_string(path), O_RDONLY | O_NOCTTY, 0);
  if (fd < 0) return fd;
  const content = read_to_end(fd);
  close(fd);
  return content === -EISDIR ? new Uint8Array(0) : content;
}

/** Until the end and not by the size, because it may be a pipe. */
function read_to_end(fd: number): Uint8Array | number {
  let content = new Uint8Array(64 * 1024);
  let length = 0;
  for (;;) {
    const count = read(fd, content.subarray(length), content.length - length);
    if (count < 0) return count;
    if (count === 0) return content.subarray(0, length);
    length += count;
    if (length > CONFIG_FILE_BYTES_MAX) return -EFBIG;
    if (length < content.length) continue;
    const larger = new Uint8Array(content.length * 2);
    larger.set(content);
    content = larger;
  }
}

/** How the trace's file is opened. A named pipe that nobody reads is an error, and one that is full loses lines. */
export const LOG_FILE_FLAGS = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK;

function try_append(path: string): number {
  const fd = openat(AT_FDCWD, c_string(path), LOG_FILE_FLAGS, 0o644);
  return fd < 0 ? fd : close(fd);
}

function working_directory(): string {
  try {
    return Deno.cwd();
  } catch {
    return "/"; // it was removed
  }
}

/** The machine. */
export function system_environment(log: Log, page_bytes = DEFAULT_PAGE_BYTES): Environment {
  const branch_files = SYSTEM_BRANCH_FILES;
  return { branch_files, read_file, working_directory, places_of_mount, try_append, log, page_bytes };
}

/** No disk: every branch is taken as written. */
export const NO_BRANCH_FILES: BranchFiles = {
  realpath: () => undefined,
  is_no_directory: () => false,
  glob: () => [],
  read_link: () => undefined,
};

/** No world at all: for configurations that are only read. */
export const NO_ENVIRONMENT: Environment = {
  branch_files: NO_BRANCH_FILES,
  read_file: () => -ENOENT,
  working_directory: () => "/",
  places_of_mount: (mountpoint) => [mountpoint],
  try_append: () => -ENOENT,
  log: () => {},
  page_bytes: DEFAULT_PAGE_BYTES,
};
