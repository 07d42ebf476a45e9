// System calls that fail on order, or are counted and cut off, in the thread of the test: what a full disk, a quota or a
// killed daemon does, at the very call where the test wants it.

import { EOPNOTSUPP } from "../../src/base/errno.ts";
import { PATH_MAX_BYTES } from "../../src/base/limits.ts";
import { O_TMPFILE } from "../../src/sys/file.ts";
import { libc } from "../../src/sys/libc.ts";

const errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(libc.__errno_location()!, 4));

// deno-lint-ignore no-explicit-any
type Call = (...values: any[]) => any;
/** Stands in for a system call: `real` makes the real one. */
export type StandIn = (real: () => number, values: readonly unknown[]) => number;
export type CallName = keyof typeof libc;

/** What a system call returns when it fails with that number. */
export function fails_with(number: number): number {
  errno[0] = number;
  return -1;
}

/** Runs `use` while the system calls have stand-ins. */
export function with_stand_ins(stand_ins: Partial<Record<CallName, StandIn>>, use: () => void): void {
  const table = libc as unknown as Record<string, Call>;
  const real: Record<string, Call> = {};
  for (const [name, stand_in] of Object.entries(stand_ins)) {
    const call = real[name] = table[name]!;
    table[name] = (...values) => {
      const paths = paths_among(values);
      return stand_in(() => {
        for (const [path, kept] of paths) path.set(kept);
        return call(...values);
      }, values);
    };
  }
  try {
    use();
  } finally {
    Object.assign(table, real);
  }
}

// A stand-in may run another worker in this thread, which writes its paths into the same buffers.
function paths_among(values: readonly unknown[]): [path: Uint8Array, kept: Uint8Array][] {
  return values.filter((value) => value instanceof Uint8Array && value.length <= 2 * PATH_MAX_BYTES)
    .map((value) => [value as Uint8Array, (value as Uint8Array).slice()]);
}

/** For `openat`: the filesystem has no files without a name, as NFS and FAT. */
export function no_hidden_files(real: () => number, values: readonly unknown[]): number {
  return (Number(values[2]) & O_TMPFILE) === O_TMPFILE ? fails_with(EOPNOTSUPP) : real();
}

/** What leaves traces on a disk, or may make them last. */
const CHANGING: readonly CallName[] = [
  "copy_file_range",
  "fchmod",
  "fchown",
  "fremovexattr",
  "fsetxattr",
  "fsync",
  "ftruncate",
  "futimens",
  "ioctl",
  "linkat",
  "mkdirat",
  "openat",
  "pwrite",
  "renameat2",
  "unlinkat",
  "utimensat",
];

/** The stand-ins of all changing calls; `at` is the number of the call since the start, from 0. */
export function for_each_change(stand_in: (real: () => number, name: CallName, at: number) => number) {
  let at = 0;
  return Object.fromEntries(CHANGING.map((name) => [name, (real: () => number) => stand_in(real, name, at++)]));
}

/** The path behind a descriptor of this process. */
export function path_of(fd: unknown): string {
  return Deno.readLinkSync(`/proc/self/fd/${fd}`);
}
