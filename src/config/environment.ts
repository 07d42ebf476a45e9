// What the configuration asks of the world: reading files, looking up branches, telling people. Everything is a function
// here, so that tests need no files, and worker threads, which only read a finished configuration, need no functions.

import { EACCES, EIO, ELOOP, ENOENT, ENOTDIR, EPERM, EROFS } from "../base/errno.ts";
import { type BranchFiles, SYSTEM_BRANCH_FILES } from "../branches/branch_files.ts";

export interface Environment {
  readonly branch_files: BranchFiles;
  /** The whole file, or -errno; a directory reads as an empty file. */
  read_file(path: string): Uint8Array | number;
  /** Opens the file for appending and closes it again: 0 or -errno. */
  try_append(path: string): number;
  /** One sentence for the log: a branch that is missing, an older spelling. */
  log(message: string): void;
  readonly page_bytes: number;
}

const DEFAULT_PAGE_BYTES = 4096;

function errno_of(error: unknown): number {
  if (error instanceof Deno.errors.NotFound) return ENOENT;
  if (error instanceof Deno.errors.PermissionDenied) return EACCES;
  if (error instanceof Deno.errors.NotADirectory) return ENOTDIR;
  if (error instanceof Deno.errors.FilesystemLoop) return ELOOP;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EROFS" ? EROFS : code === "EPERM" ? EPERM : EIO;
}

function read_file(path: string): Uint8Array | number {
  try {
    return Deno.statSync(path).isDirectory ? new Uint8Array(0) : Deno.readFileSync(path);
  } catch (error) {
    return -errno_of(error);
  }
}

function try_append(path: string): number {
  try {
    Deno.openSync(path, { append: true, create: true }).close();
    return 0;
  } catch (error) {
    return -errno_of(error);
  }
}

/** The machine, through Deno's file functions. */
export function system_environment(log: (message: string) => void, page_bytes = DEFAULT_PAGE_BYTES): Environment {
  return { branch_files: SYSTEM_BRANCH_FILES, read_file, try_append, log, page_bytes };
}

/** No world at all: for configurations that are only read. */
export const NO_ENVIRONMENT: Environment = {
  branch_files: { realpath: () => undefined, is_directory: () => false, glob: () => [] },
  read_file: () => -ENOENT,
  try_append: () => -ENOENT,
  log: () => {},
  page_bytes: DEFAULT_PAGE_BYTES,
};
