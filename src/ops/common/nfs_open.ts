// nfsopenhack (config §3.2, operations §16.8): on NFS a file that was created write-protected cannot be opened for writing
// a second time, as git wants it. Then it is made writable for the moment of the open.
import { EACCES } from "../../base/errno.ts";
import { copy_bytes, same_bytes, SLASH, to_bytes } from "../../base/bytes.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { Branch } from "../../branches/branch.ts";
import { NFSOPENHACK_GIT, NFSOPENHACK_OFF } from "../../config/words.ts";
import { close, O_ACCMODE, O_NOFOLLOW, O_PATH, O_RDONLY } from "../../sys/file.ts";
import { AT_FDCWD, chmod, fchmod, fstat, openat } from "../../sys/path.ts";
import { Context } from "../context.ts";
import { proc_path } from "./proc_path.ts";

const GIT_DIRECTORY = to_bytes("/.git/");
const WRITE_BITS = 0o222;
const WRITABLE = 0o220;

/**
 * For an open that ended in EACCES, `parent` and `c.place.name` being the way to it. Returns a descriptor of the file with
 * its mode as it was, or -EACCES.
 */
export function open_write_protected(c: Context, branch: Branch, parent: number, flags: number): number {
  const hack = c.settings.nfsopenhack;
  if (hack === NFSOPENHACK_OFF || (flags & O_ACCMODE) === O_RDONLY) return -EACCES;
  if (hack === NFSOPENHACK_GIT && !is_in_git_directory(branch, c.path)) return -EACCES;
  const object = openat(parent, c.place.name, O_PATH | O_NOFOLLOW, 0);
  if (object < 0) return -EACCES;
  const fd = open_for_a_moment_writable(c, object, flags);
  close(object);
  return fd < 0 ? -EACCES : fd;
}

function open_for_a_moment_writable(c: Context, object: number, flags: number): number {
  if (fstat(object, c.stat) < 0 || !c.stat.is_regular || (c.stat.mode & WRITE_BITS) !== 0) return -EACCES;
  const mode = c.stat.mode & 0o7777;
  const allowed = chmod(proc_path(object), mode | WRITABLE);
  if (allowed < 0) return allowed;
  const fd = openat(AT_FDCWD, proc_path(object), flags & ~O_NOFOLLOW, 0);
  if (fd < 0) chmod(proc_path(object), mode);
  else fchmod(fd, mode);
  return fd;
}

// Whether the whole path on the branch contains "/.git/".
function is_in_git_directory(branch: Branch, path: PathBuffer): boolean {
  const full = new Uint8Array(branch.path.length + 1 + path.length);
  full.set(branch.path);
  full[branch.path.length] = SLASH;
  copy_bytes(path.bytes, 0, full, branch.path.length + 1, path.length);
  for (let at = 0; at + GIT_DIRECTORY.length <= full.length; at++) {
    if (same_bytes(full, at, GIT_DIRECTORY, 0, GIT_DIRECTORY.length)) return true;
  }
  return false;
}
