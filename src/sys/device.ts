// The FUSE device and mounts of it: libfuse3 mounts and unmounts, the device is then ours (shared design, §2).
import { c_string } from "../base/bytes.ts";
import { O_RDWR } from "./file.ts";
import { set_fsetid } from "./identity.ts";
import { AT_FDCWD, openat } from "./path.ts";
import { checked, libc } from "./libc.ts";

const LIBFUSE_SYMBOLS = {
  fuse_version: { parameters: [], result: "i32" },
  fuse_session_new: { parameters: ["buffer", "buffer", "usize", "pointer"], result: "pointer" },
  fuse_session_mount: { parameters: ["pointer", "buffer"], result: "i32" },
  fuse_session_fd: { parameters: ["pointer"], result: "i32" },
  fuse_session_unmount: { parameters: ["pointer"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** libfuse3, opened from a path; throws what the dynamic loader says when that is not possible. */
export function open_libfuse(path: string): Libfuse {
  return new Libfuse(Deno.dlopen(path, LIBFUSE_SYMBOLS).symbols);
}

type Symbols = Deno.DynamicLibrary<typeof LIBFUSE_SYMBOLS>["symbols"];

/** The few functions of libfuse3 that a mount takes. */
export class Libfuse {
  // Arguments libfuse may keep pointers to.
  private readonly kept: Uint8Array[] = [];

  constructor(private readonly symbols: Symbols) {}

  /** Number such as 314 for 3.14. */
  version(): number {
    return this.symbols.fuse_version();
  }

  /**
   * Makes a session with these `-o` options and mounts it. libfuse itself prints what fails to standard error.
   * Undefined when the options or the mount are refused.
   */
  mount(program: string, options: string, mountpoint: string): Session | undefined {
    const argv = [program, "-o", options].map(c_string);
    const pointers = new BigUint64Array(argv.length + 1);
    argv.forEach((text, i) => pointers[i] = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(text))));
    const args = new DataView(new ArrayBuffer(24)); // struct fuse_args: argc, argv, allocated
    args.setInt32(0, argv.length, true);
    args.setBigUint64(8, BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(pointers))), true);
    const operations = new Uint8Array(8 * 40); // struct fuse_lowlevel_ops of 3.0, all null: the device is read by us
    const target = c_string(mountpoint);
    this.kept.push(...argv, target, operations);
    const session = this.symbols.fuse_session_new(
      new Uint8Array(args.buffer),
      operations,
      BigInt(operations.length),
      null,
    );
    if (session === null) return undefined;
    if (this.symbols.fuse_session_mount(session, target) !== 0) return undefined;
    return new Session(this.symbols, session);
  }
}

/** A mounted session of libfuse3. */
export class Session {
  constructor(private readonly symbols: Symbols, private readonly pointer: Deno.PointerObject) {}

  /** The device descriptor of the mount. */
  fd(): number {
    return this.symbols.fuse_session_fd(this.pointer);
  }

  /** Unmounts, lazily, also when busy; by fusermount3 where mount(2) was not allowed. */
  unmount(): void {
    this.symbols.fuse_session_unmount(this.pointer);
  }
}

const DEVICE = c_string("/dev/fuse");
const FUSE_DEV_IOC_CLONE = 0x8004e500;

/** Opens the FUSE device; -errno when missing or refused. */
export function open_device(): number {
  return openat(AT_FDCWD, DEVICE, O_RDWR, 0);
}

/** A second descriptor of the same mount with a queue of its own (fuse(4), FUSE_DEV_IOC_CLONE), or -errno. */
export function clone_device(session_fd: number): number {
  const fd = open_device();
  if (fd < 0) return fd;
  const argument = new Uint32Array([session_fd]);
  const result = checked(libc.ioctl(fd, FUSE_DEV_IOC_CLONE, argument));
  if (result === 0) return fd;
  libc.close(fd);
  return result;
}

const FUSE_DEV_IOC_BACKING_OPEN = 0x4010e501;
const FUSE_DEV_IOC_BACKING_CLOSE = 0x4004e502;

/** Files that the kernel reads and writes itself for opens whose reply names them (include/uapi/linux/fuse.h). */
export class BackingFiles {
  private readonly map = new Int32Array(4); // struct fuse_backing_map: fd, flags, padding
  private readonly id = new Uint32Array(1);

  /** @param device any descriptor of the mount: ids belong to the connection, clones included */
  constructor(private readonly device: number) {}

  /**
   * Registers the file of a descriptor. Returns its id, above 0, or -errno: EPERM without CAP_SYS_ADMIN of the machine or
   * without passthrough in INIT, ELOOP for a file system that is stacked too deep.
   *
   * The kernel writes with the capabilities of this moment. Without CAP_FSETID it takes set-uid and set-gid from a file
   * that is written, which nobody else would do: it counts on the daemon (HANDLE_KILLPRIV), and the daemon sees no write.
   */
  open(fd: number): number {
    const dropped = set_fsetid(false);
    if (dropped < 0) return dropped;
    this.map[0] = fd;
    const result = checked(libc.ioctl(this.device, FUSE_DEV_IOC_BACKING_OPEN, this.map));
    set_fsetid(true);
    return result;
  }

  /** Gives an id back, when no open of the node is left. */
  close(id: number): void {
    this.id[0] = id;
    libc.ioctl(this.device, FUSE_DEV_IOC_BACKING_CLOSE, this.id);
  }
}

const MNT_DETACH = 2;

/** umount2(2) with MNT_DETACH: works on busy mounts too. */
export function unmount_lazily(mountpoint: string): number {
  return checked(libc.umount2(c_string(mountpoint), MNT_DETACH));
}

const MS_REMOUNT = 32n;

/** Changes the flags (MS_*) of a mounted filesystem. */
export function remount(mountpoint: string, flags: bigint, data: string): number {
  return checked(libc.mount(null, c_string(mountpoint), null, MS_REMOUNT | flags, c_string(data)));
}
