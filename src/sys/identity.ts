// Who the process and its threads are: ids, capabilities, session, limits.
import { SYS_setfsgid, SYS_setfsuid } from "./arch.ts";
import { checked, libc } from "./libc.ts";

const NO_ID = 0xffff_ffff;

export function getuid(): number {
  return libc.getuid();
}

export function geteuid(): number {
  return libc.geteuid();
}

export function getgid(): number {
  return libc.getgid();
}

export function getegid(): number {
  return libc.getegid();
}

// Raw syscalls, because they change this thread only; glibc's setuid family would change every thread.

/** Sets this thread's filesystem user id and returns what it was before; it reports no failure (setfsuid(2)). */
export function setfsuid(uid: number): number {
  return libc.syscall_1(SYS_setfsuid, uid) >>> 0;
}

/** Sets this thread's filesystem group id and returns what it was before; it reports no failure (setfsgid(2)). */
export function setfsgid(gid: number): number {
  return libc.syscall_1(SYS_setfsgid, gid) >>> 0;
}

/** This thread's filesystem user id: setting an id that cannot exist changes nothing and tells the present one. */
export function getfsuid(): number {
  return setfsuid(NO_ID);
}

export function getfsgid(): number {
  return setfsgid(NO_ID);
}

const PR_SET_SECUREBITS = 28;
const PR_GET_SECUREBITS = 27;
const SECBIT_NO_SETUID_FIXUP = 1 << 2;
const SECBIT_KEEP_CAPS = 1 << 4;
const CAPABILITY_VERSION_3 = 0x20080522;
// CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, SETGID, SETUID: the numbers of linux/capability.h, all below 32.
const NEEDED_CAPABILITIES = (1 << 0) | (1 << 1) | (1 << 2) | (1 << 3) | (1 << 6) | (1 << 7);

const capability_header = new Uint32Array([CAPABILITY_VERSION_3, 0]);
const capability_sets = new Uint32Array(6); // effective, permitted, inheritable; twice for 64 bits

/**
 * Keeps file capabilities across a switch of the filesystem user id (operations §4). Capabilities belong to a thread
 * and are inherited by threads made later, so this runs in the main thread before the first worker.
 * Returns 0, or -errno when something was refused, which is no failure of the start.
 */
export function keep_capabilities(): number {
  let result = checked(libc.capget(capability_header, capability_sets));
  if (result < 0) return result;
  for (let set = 0; set < 3; set++) capability_sets[set] = capability_sets[set]! | NEEDED_CAPABILITIES;
  result = checked(libc.capset(capability_header, capability_sets));
  const bits = libc.prctl(PR_GET_SECUREBITS, 0n, 0n, 0n, 0n) | SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP;
  const secured = checked(libc.prctl(PR_SET_SECUREBITS, BigInt(bits), 0n, 0n, 0n));
  return result < 0 ? result : secured;
}

/** Whether this thread has the capabilities of `keep_capabilities` in force, so that fsuid switches lose none. */
export function has_kept_capabilities(): boolean {
  if (libc.capget(capability_header, capability_sets) < 0) return false;
  const bits = libc.prctl(PR_GET_SECUREBITS, 0n, 0n, 0n, 0n);
  return (capability_sets[0]! & NEEDED_CAPABILITIES) === NEEDED_CAPABILITIES && (bits & SECBIT_NO_SETUID_FIXUP) !== 0;
}

const CAP_FSETID = 1 << 4;
const sets_without_fsetid = new Uint32Array(6);
let knows_fsetid = false;

/**
 * Takes CAP_FSETID out of what is in force for this thread, or (`in_force`) puts it back. Whoever writes with it leaves
 * the set-uid and set-gid bits of the file alone (capabilities(7)). Returns 0 or -errno.
 */
export function set_fsetid(in_force: boolean): number {
  if (!knows_fsetid) {
    const result = checked(libc.capget(capability_header, capability_sets));
    if (result < 0) return result;
    sets_without_fsetid.set(capability_sets);
    sets_without_fsetid[0] = sets_without_fsetid[0]! & ~CAP_FSETID;
    knows_fsetid = true;
  }
  return checked(libc.capset(capability_header, in_force ? capability_sets : sets_without_fsetid));
}

/** Starts a session of its own, so that a terminal that goes away takes nothing with it. */
export function setsid(): number {
  return checked(libc.setsid());
}

/** Sets the file mode creation mask of the process and returns the former one. */
export function umask(mask: number): number {
  return libc.umask(mask);
}

const RLIMIT_FSIZE = 1;
const RLIMIT_NOFILE = 7;
const UNLIMITED = 0xffff_ffff_ffff_ffffn;
const rlimit = new BigUint64Array(2);

const rlimit_words = new Uint32Array(rlimit.buffer);

/** How many descriptors this process may have open by now: the limit can be changed from outside (prlimit(1)). */
export function descriptor_limit(): number {
  if (libc.getrlimit(RLIMIT_NOFILE, rlimit) < 0) return Infinity;
  return rlimit_words[0]! + rlimit_words[1]! * 0x1_0000_0000;
}

/** Raises the limits on descriptors and file size as far as allowed (config §1.10). */
export function raise_limits(): void {
  for (const resource of [RLIMIT_NOFILE, RLIMIT_FSIZE]) {
    if (libc.getrlimit(resource, rlimit) < 0) continue;
    const hard = rlimit[1]!;
    rlimit.fill(UNLIMITED);
    if (libc.setrlimit(resource, rlimit) === 0) continue;
    rlimit.fill(hard);
    libc.setrlimit(resource, rlimit);
    for (let more = hard * 2n; more > hard && more < UNLIMITED; more *= 2n) {
      rlimit.fill(more);
      if (libc.setrlimit(resource, rlimit) < 0) break;
    }
  }
}
