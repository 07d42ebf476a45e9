// The one table of libc functions. Only this room calls FFI. Sizes and results are 32 bits wherever the value fits:
// a 64-bit result costs twice as much (shared design, §4).

const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  capget: { parameters: ["buffer", "buffer"], result: "i32" },
  capset: { parameters: ["buffer", "buffer"], result: "i32" },
  chmod: { parameters: ["buffer", "u32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  copy_file_range: { parameters: ["i32", "buffer", "i32", "buffer", "usize", "u32"], result: "isize" },
  dup: { parameters: ["i32"], result: "i32" },
  dup3: { parameters: ["i32", "i32", "i32"], result: "i32" },
  faccessat: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  fchownat: { parameters: ["i32", "buffer", "u32", "u32", "i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  fdatasync: { parameters: ["i32"], result: "i32" },
  fgetxattr: { parameters: ["i32", "buffer", "buffer", "u32"], result: "i32" },
  flistxattr: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  fremovexattr: { parameters: ["i32", "buffer"], result: "i32" },
  fsetxattr: { parameters: ["i32", "buffer", "buffer", "u32", "i32"], result: "i32" },
  fstatfs: { parameters: ["i32", "buffer"], result: "i32" },
  fstatvfs: { parameters: ["i32", "buffer"], result: "i32" },
  fsync: { parameters: ["i32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  futimens: { parameters: ["i32", "buffer"], result: "i32" },
  getdents64: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getegid: { parameters: [], result: "u32" },
  geteuid: { parameters: [], result: "u32" },
  getgid: { parameters: [], result: "u32" },
  getpagesize: { parameters: [], result: "i32" },
  getpwnam: { parameters: ["buffer"], result: "pointer" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  getuid: { parameters: [], result: "u32" },
  getxattr: { parameters: ["buffer", "buffer", "buffer", "u32"], result: "i32" },
  initgroups: { parameters: ["buffer", "u32"], result: "i32" },
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  // A command whose argument is a number, not memory.
  ioctl_number: { name: "ioctl", parameters: ["i32", "u32", "i32"], result: "i32" },
  lgetxattr: { parameters: ["buffer", "buffer", "buffer", "u32"], result: "i32" },
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" },
  listxattr: { parameters: ["buffer", "buffer", "u32"], result: "i32" },
  llistxattr: { parameters: ["buffer", "buffer", "u32"], result: "i32" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  madvise: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  mount: { parameters: ["buffer", "buffer", "buffer", "u64", "buffer"], result: "i32" },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  poll: { parameters: ["buffer", "u32", "i32"], result: "i32" },
  posix_fadvise: { parameters: ["i32", "i64", "i64", "i32"], result: "i32" },
  prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  pread: { parameters: ["i32", "buffer", "u32", "i64"], result: "i32" },
  pwrite: { parameters: ["i32", "buffer", "u32", "i64"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  readlinkat: { parameters: ["i32", "buffer", "buffer", "u32"], result: "i32" },
  realpath: { parameters: ["buffer", "buffer"], result: "pointer" },
  removexattr: { parameters: ["buffer", "buffer"], result: "i32" },
  renameat2: { parameters: ["i32", "buffer", "i32", "buffer", "u32"], result: "i32" },
  sched_setaffinity: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  sched_yield: { parameters: [], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  setgid: { parameters: ["u32"], result: "i32" },
  setpriority: { parameters: ["i32", "u32", "i32"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setsid: { parameters: [], result: "i32" },
  setuid: { parameters: ["u32"], result: "i32" },
  setxattr: { parameters: ["buffer", "buffer", "buffer", "u32", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  statvfs: { parameters: ["buffer", "buffer"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  symlinkat: { parameters: ["buffer", "i32", "buffer"], result: "i32" },
  syncfs: { parameters: ["i32"], result: "i32" },
  truncate: { parameters: ["buffer", "i64"], result: "i32" },
  umask: { parameters: ["u32"], result: "u32" },
  umount2: { parameters: ["buffer", "i32"], result: "i32" },
  unlinkat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  // The same on a thread of the runtime; the result is a promise, and errno is not ours.
  getxattr_aside: {
    name: "getxattr",
    parameters: ["buffer", "buffer", "buffer", "u32"],
    result: "i32",
    nonblocking: true,
  },
  statx_aside: {
    name: "statx",
    parameters: ["i32", "buffer", "i32", "u32", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // syscall(2) in the few argument forms that are used.
  syscall_1: { name: "syscall", parameters: ["i32", "u32"], result: "i32" },
  syscall_2: { name: "syscall", parameters: ["i32", "i32", "i32"], result: "i32" },
  syscall_3: { name: "syscall", parameters: ["i32", "i32", "i32", "i32"], result: "i32" },
  syscall_futex: {
    name: "syscall",
    parameters: ["i32", "buffer", "i32", "u32", "buffer", "pointer", "u32"],
    result: "i32",
  },
  syscall_openat2: { name: "syscall", parameters: ["i32", "i32", "buffer", "buffer", "u32"], result: "i32" },
  syscall_mknodat: { name: "syscall", parameters: ["i32", "i32", "buffer", "u32", "u32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

export const libc = Deno.dlopen("libc.so.6", SYMBOLS).symbols;

// errno lives in thread memory; each worker loads this module itself, so this is the errno of its own thread.
const errno_cell = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(libc.__errno_location()!, 4));

/**
 * A system call's result, or -errno. Must wrap the call itself: errno read after anything that may allocate has been
 * seen wrong (shared design, §4).
 */
export function checked(result: number): number {
  return result < 0 ? -errno_cell[0]! : result;
}

/** The same for calls with a 64-bit result; exact up to 2^53. */
export function checked64(result: number | bigint): number {
  return result < 0 ? -errno_cell[0]! : Number(result);
}
