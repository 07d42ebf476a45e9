// Memory outside the JavaScript heap: shared mappings, memfds, and waiting on a word of them (futex(2)).
import { SYS_futex } from "./arch.ts";
import { checked, libc } from "./libc.ts";

const PROT_READ_WRITE = 3;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MADV_DONTNEED = 4;
const MFD_CLOEXEC = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** A mapping: where it lies in this process, and its bytes. */
export interface Mapping {
  readonly address: bigint;
  readonly buffer: ArrayBuffer;
}

/** Size of a memory page, getpagesize(2). */
export function page_bytes(): number {
  return libc.getpagesize();
}

/** An unnamed file in memory, closed on exec; -errno when it cannot be made. `name` ends with NUL, for /proc only. */
export function memfd_create(name: Uint8Array<ArrayBuffer>): number {
  return checked(libc.memfd_create(name, MFD_CLOEXEC));
}

/** Maps a memfd shared; undefined when refused. Pages take memory when they are first written. */
export function map_shared(fd: number, length_bytes: number): Mapping | undefined {
  return mapped(
    libc.mmap(null, BigInt(length_bytes), PROT_READ_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0n),
    length_bytes,
  );
}

/** Maps private zeroed memory, page aligned; undefined when refused. Pages take memory when they are first written. */
export function map_private(length_bytes: number): Mapping | undefined {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  return mapped(libc.mmap(null, BigInt(length_bytes), PROT_READ_WRITE, flags, -1, 0n), length_bytes);
}

function mapped(pointer: Deno.PointerValue, length_bytes: number): Mapping | undefined {
  const address = BigInt.asUintN(64, BigInt(Deno.UnsafePointer.value(pointer)));
  if (address === 0n || address === MAP_FAILED) return undefined;
  return view_at(address, length_bytes);
}

/** A mapping made by another thread of this process, seen from this one: counted once, unlike mapping it twice. */
export function view_at(address: bigint, length_bytes: number): Mapping {
  const pointer = Deno.UnsafePointer.create(address);
  if (pointer === null) throw new Error("A mapping cannot lie at address 0");
  return { address, buffer: Deno.UnsafePointerView.getArrayBuffer(pointer, length_bytes) };
}

/** Gives pages of a private mapping back to the system; they read as zero afterwards. Both values page aligned. */
export function discard_pages(mapping: Mapping, from_bytes: number, length_bytes: number): void {
  const pointer = Deno.UnsafePointer.create(mapping.address + BigInt(from_bytes));
  libc.madvise(pointer, BigInt(length_bytes), MADV_DONTNEED);
}

/** Ends a mapping. No view of it may be touched afterwards. */
export function unmap(mapping: Mapping): void {
  libc.munmap(Deno.UnsafePointer.create(mapping.address), BigInt(mapping.buffer.byteLength));
}

const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const timeout = new BigInt64Array(2);
const timeout_bytes = new Uint8Array(timeout.buffer);

/**
 * Sleeps while the word at the start of `word` holds `expected`, for at most `timeout_ms`. Returns 0 when woken,
 * -EAGAIN when it held something else, -ETIMEDOUT, -EINTR. Callers look at their condition again whatever comes.
 */
export function futex_wait(word: Uint8Array<ArrayBuffer>, expected: number, timeout_ms: number): number {
  timeout[0] = BigInt(Math.floor(timeout_ms / 1000));
  timeout[1] = BigInt(Math.floor((timeout_ms % 1000) * 1e6));
  return checked(libc.syscall_futex(SYS_futex, word, FUTEX_WAIT, expected, timeout_bytes, null, 0));
}

/** Wakes up to `count` sleepers on the word. */
export function futex_wake(word: Uint8Array<ArrayBuffer>, count: number): number {
  return checked(libc.syscall_futex(SYS_futex, word, FUTEX_WAKE, count, null, null, 0));
}

/** Lets another runnable thread have the CPU. */
export function sched_yield(): void {
  libc.sched_yield();
}
