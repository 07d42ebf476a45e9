// Reading a directory: getdents64(2) and the layout of its records (struct linux_dirent64).
import { c_length, DOT } from "../base/bytes.ts";
import { close, O_DIRECTORY, O_RDONLY } from "./file.ts";
import { checked, libc } from "./libc.ts";
import { AT_FDCWD, openat } from "./path.ts";

export const DIRENT_INO = 0;
export const DIRENT_RECORD_LENGTH = 16;
export const DIRENT_TYPE = 18;
export const DIRENT_NAME = 19;

/** Fills `buffer` with records; 0 at the end of the directory, else their bytes, or -errno. */
export function getdents64(fd: number, buffer: Uint8Array<ArrayBuffer>, size_bytes: number): number {
  return checked(libc.getdents64(fd, buffer, size_bytes));
}

// Values of the type of a record (readdir(3)).
export const DT_UNKNOWN = 0;
export const DT_DIR = 4;
export const DT_LNK = 10;

/** One name in a directory. */
export interface DirectoryName {
  readonly name: Uint8Array<ArrayBuffer>;
  /** DT_DIR and so on. */
  readonly type: number;
}

const LIST_BYTES = 32 * 1024;

/** All names of a directory without "." and "..", as they come; those before an error. For the time of configuration. */
export function list_directory(path: Uint8Array<ArrayBuffer>): DirectoryName[] {
  const found: DirectoryName[] = [];
  const fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return found;
  const records = new Uint8Array(LIST_BYTES);
  while (read_names(fd, records, found) > 0);
  close(fd);
  return found;
}

/** Adds the next names, without "." and "..", as many as `records` has room for. 0 at the end of the directory, or -errno. */
export function read_names(fd: number, records: Uint8Array<ArrayBuffer>, found: DirectoryName[]): number {
  const view = new DataView(records.buffer);
  const length = getdents64(fd, records, records.length);
  for (let at = 0; at < length; at += view.getUint16(at + DIRENT_RECORD_LENGTH, true)) {
    const name_at = at + DIRENT_NAME;
    const name = records.slice(name_at, name_at + c_length(records, name_at, length));
    if (!is_dot_or_dot_dot(name)) found.push({ name, type: records[at + DIRENT_TYPE]! });
  }
  return length;
}

function is_dot_or_dot_dot(name: Uint8Array): boolean {
  return name.length <= 2 && name.every((byte) => byte === DOT);
}
