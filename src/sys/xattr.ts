// Extended attributes, xattr(7). Paths and names are NUL-terminated bytes; each returns a value >= 0 or -errno.
import { checked, libc } from "./libc.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export function getxattr(path: Bytes, name: Bytes, value: Bytes, size_bytes: number): number {
  return checked(libc.getxattr(path, name, value, size_bytes));
}

export function lgetxattr(path: Bytes, name: Bytes, value: Bytes, size_bytes: number): number {
  return checked(libc.lgetxattr(path, name, value, size_bytes));
}

export function llistxattr(path: Bytes, names: Bytes, size_bytes: number): number {
  return checked(libc.llistxattr(path, names, size_bytes));
}

/** Follows symlinks, as listxattr(2) and the next two do: meant for /proc/self/fd/N of an O_PATH descriptor. */
export function listxattr(path: Bytes, names: Bytes, size_bytes: number): number {
  return checked(libc.listxattr(path, names, size_bytes));
}

export function setxattr(path: Bytes, name: Bytes, value: Bytes, size_bytes: number, flags: number): number {
  return checked(libc.setxattr(path, name, value, size_bytes, flags));
}

export function removexattr(path: Bytes, name: Bytes): number {
  return checked(libc.removexattr(path, name));
}

export function fgetxattr(fd: number, name: Bytes, value: Bytes, size_bytes: number): number {
  return checked(libc.fgetxattr(fd, name, value, size_bytes));
}

export function fsetxattr(fd: number, name: Bytes, value: Bytes, size_bytes: number, flags: number): number {
  return checked(libc.fsetxattr(fd, name, value, size_bytes, flags));
}

export function flistxattr(fd: number, names: Bytes, size_bytes: number): number {
  return checked(libc.flistxattr(fd, names, size_bytes));
}

export function fremovexattr(fd: number, name: Bytes): number {
  return checked(libc.fremovexattr(fd, name));
}
