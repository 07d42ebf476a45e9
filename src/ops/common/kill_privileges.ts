// With HANDLE_KILLPRIV the kernel leaves it to us to take set-uid, set-gid and file capabilities from a file that is
// written, truncated or given away: the branch would not do it for root (operations §29.1 F4).
import { c_string } from "../../base/bytes.ts";
import { S_ISGID, S_ISUID, StatxBuffer } from "../../base/statx.ts";
import { INIT_HANDLE_KILLPRIV, INIT_HANDLE_KILLPRIV_V2 } from "../../fuse/abi.ts";
import { chmod, fchmod, fstat } from "../../sys/path.ts";
import { fremovexattr, removexattr } from "../../sys/xattr.ts";
import { Context } from "../context.ts";
import { proc_path } from "./proc_path.ts";

const GROUP_EXECUTE = 0o010;
const CAPABILITY = c_string("security.capability");
const stat = new StatxBuffer();

/** Whether a change is to take privileges away: the kernel says so, or (protocol v1) always leaves it to us. */
export function kills_privileges(c: Context, requested: boolean): boolean {
  if (requested) return true;
  const flags = c.init.flags;
  return (flags & INIT_HANDLE_KILLPRIV) !== 0 && (flags & INIT_HANDLE_KILLPRIV_V2) === 0;
}

/**
 * The same for an open with O_TRUNC. Of that the kernel says so with v2 only; without either it takes them from every other
 * change itself, but forgets this one, because the file is empty before it gets that far (fuse_do_setattr in fs/fuse/dir.c).
 */
export function kills_privileges_of_emptied(c: Context, requested: boolean): boolean {
  return requested || (c.init.flags & INIT_HANDLE_KILLPRIV_V2) === 0;
}

/** The same for changes that carry no such word: FALLOCATE and COPY_FILE_RANGE. Nor is told who asks (operations §4). */
export function kills_privileges_always(c: Context): boolean {
  return (c.init.flags & (INIT_HANDLE_KILLPRIV | INIT_HANDLE_KILLPRIV_V2)) !== 0;
}

/** Takes them from the file of an open descriptor. Failures are ignored: the change itself has been made. */
export function kill_privileges(fd: number): void {
  fremovexattr(fd, CAPABILITY);
  if (fstat(fd, stat) < 0 || !stat.is_regular) return;
  const mode = mode_without_privileges(stat.mode);
  if (mode !== stat.mode) fchmod(fd, mode & 0o7777);
}

/** The same for what an O_PATH descriptor refers to. */
export function kill_privileges_of_object(object: number): void {
  if (fstat(object, stat) < 0 || !stat.is_regular) return;
  const path = proc_path(object);
  removexattr(path, CAPABILITY);
  const mode = mode_without_privileges(stat.mode);
  if (mode !== stat.mode) chmod(path, mode & 0o7777);
}

/** Takes set-gid from the object, with group execute or without: somebody outside its group has set its access list. */
export function kill_set_gid_of_object(object: number): void {
  if (fstat(object, stat) < 0 || (stat.mode & S_ISGID) === 0) return;
  chmod(proc_path(object), stat.mode & 0o7777 & ~S_ISGID);
}

/** Set-gid without group execute is no privilege but mandatory locking, and stays. */
function mode_without_privileges(mode: number): number {
  const kept = mode & ~S_ISUID;
  return (mode & GROUP_EXECUTE) !== 0 ? kept & ~S_ISGID : kept;
}
