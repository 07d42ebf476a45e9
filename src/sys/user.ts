// Users by name, and becoming one for good (getpwnam(3), initgroups(3), setuid(2)).
import { c_string } from "../base/bytes.ts";
import { checked, libc } from "./libc.ts";

/** What getpwnam(3) tells about a user. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

// struct passwd of glibc with 64-bit pointers.
const UID_AT = 16;
const GID_AT = 20;
const HOME_AT = 32;
const SHELL_AT = 40;

/** The user of that name, wherever the system keeps its users; undefined when there is none. */
export function find_user(name: string): User | undefined {
  const found = libc.getpwnam(c_string(name));
  if (found === null) return undefined;
  const entry = new Deno.UnsafePointerView(found);
  const text = (at: number) => {
    const pointer = entry.getPointer(at);
    return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
  };
  return {
    name,
    uid: entry.getUint32(UID_AT),
    gid: entry.getUint32(GID_AT),
    home: text(HOME_AT),
    shell: text(SHELL_AT),
  };
}

/**
 * Takes on all ids and groups of the user, in every thread and without a way back: for a process that serves nothing yet.
 * Returns 0 or -errno; after a failure the process must not go on.
 */
export function switch_to_user(user: User): number {
  let result = checked(libc.initgroups(c_string(user.name), user.gid));
  if (result >= 0) result = checked(libc.setgid(user.gid));
  if (result >= 0) result = checked(libc.setuid(user.uid));
  return result;
}
