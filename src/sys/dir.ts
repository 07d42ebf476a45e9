// Reading a directory: getdents64(2) and the layout of its records (struct linux_dirent64).
import { checked, libc } from "./libc.ts";

export const DIRENT_INO = 0;
export const DIRENT_RECORD_LENGTH = 16;
export const DIRENT_TYPE = 18;
export const DIRENT_NAME = 19;

/** Fills `buffer` with records; 0 at the end of the directory, else their bytes, or -errno. */
export function getdents64(fd: number, buffer: Uint8Array<ArrayBuffer>, size_bytes: number): number {
  return checked(libc.getdents64(fd, buffer, size_bytes));
}
