// Every number that depends on the CPU stands here, both columns side by side. What is not listed (openat2, futex
// operations, struct statx, AT_*, most O_*) is the same on both. Sources: arch/*/include/uapi/asm/{fcntl,unistd}.h.

interface ArchNumbers {
  readonly O_DIRECTORY: number;
  readonly O_NOFOLLOW: number;
  readonly O_DIRECT: number;
  readonly O_LARGEFILE: number;
  readonly SYS_mknodat: number;
  readonly SYS_setfsuid: number;
  readonly SYS_setfsgid: number;
  readonly SYS_futex: number;
  readonly SYS_ioprio_set: number;
  readonly SYS_ioprio_get: number;
}

const X86_64: ArchNumbers = {
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  O_DIRECT: 0o40000,
  O_LARGEFILE: 0o100000,
  SYS_mknodat: 259,
  SYS_setfsuid: 122,
  SYS_setfsgid: 123,
  SYS_futex: 202,
  SYS_ioprio_set: 251,
  SYS_ioprio_get: 252,
};

const AARCH64: ArchNumbers = {
  O_DIRECTORY: 0o40000,
  O_NOFOLLOW: 0o100000,
  O_DIRECT: 0o200000,
  O_LARGEFILE: 0o400000,
  SYS_mknodat: 33,
  SYS_setfsuid: 151,
  SYS_setfsgid: 152,
  SYS_futex: 98,
  SYS_ioprio_set: 30,
  SYS_ioprio_get: 31,
};

const numbers = Deno.build.arch === "aarch64" ? AARCH64 : X86_64;

export const { O_DIRECTORY, O_NOFOLLOW, O_DIRECT, O_LARGEFILE } = numbers;
export const { SYS_mknodat, SYS_setfsuid, SYS_setfsgid, SYS_futex, SYS_ioprio_set, SYS_ioprio_get } = numbers;

/** New system calls have one number on every CPU (asm-generic/unistd.h). */
export const SYS_openat2 = 437;
