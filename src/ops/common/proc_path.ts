// "/proc/self/fd/N": the way to a descriptor's object for calls that want a path.

const PREFIX = new TextEncoder().encode("/proc/self/fd/");
const path = new Uint8Array(32);
path.set(PREFIX);

/** NUL-terminated, in memory that the next call overwrites. */
export function proc_path(fd: number): Uint8Array<ArrayBuffer> {
  let digits = 1;
  for (let rest = fd; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = fd;
  for (let i = digits - 1; i >= 0; i--) {
    path[PREFIX.length + i] = 0x30 + rest % 10;
    rest = Math.floor(rest / 10);
  }
  path[PREFIX.length + digits] = 0;
  return path;
}
