// When and where threads run: nice value, CPUs, I/O priority. On Linux each of them belongs to a thread, not to the
// process; a new thread inherits them from the one that makes it.
import { SYS_ioprio_get, SYS_ioprio_set } from "./arch.ts";
import { checked, libc } from "./libc.ts";

const PRIO_PROCESS = 0;

/** Sets the nice value of a thread (0: the calling one), setpriority(2); the kernel moves it into -20 to 19. */
export function set_nice(thread: number, value: number): number {
  return checked(libc.setpriority(PRIO_PROCESS, thread, value));
}

/** Lets the calling thread run on these CPUs only, sched_setaffinity(2). */
export function run_on_cpus(cpus: readonly number[]): number {
  const mask = new BigUint64Array(Math.floor(Math.max(...cpus) / 64) + 1);
  for (const cpu of cpus) mask[Math.floor(cpu / 64)]! |= 1n << BigInt(cpu % 64);
  return checked(libc.sched_setaffinity(0, mask.byteLength, new Uint8Array(mask.buffer)));
}

const IOPRIO_WHO_PROCESS = 1;
const CLASS_SHIFT = 13;

/**
 * The I/O priority of a thread (0: the calling one), class and level in one number (ioprio_get(2)); 0 when it has none of
 * its own. -errno when there is no such thread.
 */
export function io_priority(thread: number): number {
  const value = checked(libc.syscall_2(SYS_ioprio_get, IOPRIO_WHO_PROCESS, thread));
  // Before Linux 6.5 "none" comes with a level, which ioprio_set(2) refuses.
  return value > 0 && value >> CLASS_SHIFT === 0 ? 0 : value;
}

/** Sets the I/O priority of the calling thread. */
export function set_io_priority(value: number): number {
  return checked(libc.syscall_3(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value));
}
