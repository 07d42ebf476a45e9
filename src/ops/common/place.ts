// A pool path on one branch, ready for system calls. Calls that read use branch + "/" + path as it is. Calls that
// modify reach the parent directory without following symlinks (departures D3) and continue from there with *at calls.
// A path that the branch prefix makes too long for one system call is reached through a descriptor of its parent
// (departures D14).
import { copy_bytes, SLASH } from "../../base/bytes.ts";
import { ELOOP, ENAMETOOLONG, ENOENT } from "../../base/errno.ts";
import { NAME_MAX_BYTES, PATH_MAX_BYTES } from "../../base/limits.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { Branch } from "../../branches/branch.ts";
import { close, O_DIRECTORY, O_NOFOLLOW, O_PATH } from "../../sys/file.ts";
import { AT_FDCWD, open_no_symlinks, openat } from "../../sys/path.ts";
import { proc_path } from "./proc_path.ts";

const DOT = new Uint8Array([0x2e, 0]);

/** One pool path on one branch. Made once per worker, pointed somewhere else for every call. */
export class Place {
  /** Directory descriptor and path for *at calls, after `at`. */
  dirfd = AT_FDCWD;
  path: Uint8Array<ArrayBuffer>;
  /** The last component, NUL-terminated, after `at` of a long path and after `open_parent`. */
  readonly name: Uint8Array<ArrayBuffer> = new Uint8Array(NAME_MAX_BYTES + 1);
  /** follow-symlinks is `directory` or `all`: the user asked for symlinks inside branches to be followed. */
  follow = false;

  private readonly full = new Uint8Array(PATH_MAX_BYTES + 1);
  private held = -1;

  constructor() {
    this.path = this.full;
  }

  /** For reading: fills `dirfd` and `path`. Returns 0 or -errno. Ends the former use. */
  at(branch: Branch, pool_path: PathBuffer): number {
    if (this.held >= 0) this.done();
    this.dirfd = AT_FDCWD;
    this.path = this.full;
    if (this.join(branch, pool_path, pool_path.length)) return 0;
    const parent = this.open_long_parent(branch, pool_path);
    if (parent < 0) return parent;
    this.held = parent;
    this.dirfd = parent;
    this.path = this.name;
    return 0;
  }

  /** For calls without an *at form (extended attributes): one path that leads there, after `at` returned 0. */
  single_path(): Uint8Array<ArrayBuffer> {
    if (this.held < 0) return this.full;
    const parent = proc_path(this.held);
    const length = parent.indexOf(0);
    copy_bytes(parent, 0, this.full, 0, length);
    this.full[length] = SLASH;
    copy_bytes(this.name, 0, this.full, length + 1, this.name.indexOf(0) + 1);
    return this.full;
  }

  /** Closes what `at` may have opened for a long path. */
  done(): void {
    if (this.held < 0) return;
    close(this.held);
    this.held = -1;
  }

  /**
   * For modifying: a descriptor of the parent directory on the branch, with `name` set; the caller closes it.
   * -ENOENT also when a symlink is in the way: then the path is not on this branch (departures D3).
   */
  open_parent(branch: Branch, pool_path: PathBuffer): number {
    const name_at = pool_path.name_at();
    const name_length = pool_path.length - name_at;
    if (name_length > NAME_MAX_BYTES) return -ENAMETOOLONG;
    copy_bytes(pool_path.bytes, name_at, this.name, 0, name_length);
    this.name[name_length] = 0;
    return this.open_beneath(branch, pool_path, Math.max(0, name_at - 1), O_PATH | O_DIRECTORY);
  }

  /** A descriptor of a directory of the branch, opened as `open_parent` opens; the caller closes it. */
  open_directory(branch: Branch, pool_path: PathBuffer): number {
    return this.open_beneath(branch, pool_path, pool_path.length, O_PATH | O_DIRECTORY);
  }

  /** An O_PATH descriptor of the object itself, no symlink followed on the way or at the end; the caller closes it. */
  open_object(branch: Branch, pool_path: PathBuffer): number {
    return this.open_beneath(branch, pool_path, pool_path.length, O_PATH | O_NOFOLLOW);
  }

  /** The same with a symlink at the end followed, not one on the way. */
  open_followed(branch: Branch, pool_path: PathBuffer): number {
    const parent = this.open_parent(branch, pool_path);
    if (parent < 0) return parent;
    const fd = openat(parent, pool_path.length === 0 ? DOT : this.name, O_PATH, 0);
    close(parent);
    return fd;
  }

  private open_beneath(branch: Branch, pool_path: PathBuffer, length: number, flags: number): number {
    const fits = this.join(branch, pool_path, length);
    if (fits && this.follow) return openat(AT_FDCWD, this.full, flags, 0);
    if (fits && branch.canonical) {
      const fd = open_no_symlinks(AT_FDCWD, this.full, flags, false);
      if (fd !== -ELOOP) return fd;
    }
    // The way to the branch itself may hold a symlink by now, or the path is long: in two steps.
    const root = this.open_root(branch);
    if (root < 0) return root;
    const fd = this.open_from_root(root, pool_path, length, flags);
    close(root);
    return fd;
  }

  private open_from_root(root: number, pool_path: PathBuffer, length: number, flags: number): number {
    if (length >= PATH_MAX_BYTES) return -ENAMETOOLONG;
    copy_bytes(pool_path.bytes, 0, this.full, 0, length);
    this.full[length] = 0;
    const relative = length === 0 ? DOT : this.full;
    if (this.follow) return openat(root, relative, flags, 0);
    const fd = open_no_symlinks(root, relative, flags, true);
    return fd === -ELOOP ? -ENOENT : fd;
  }

  private open_root(branch: Branch): number {
    copy_bytes(branch.path, 0, this.full, 0, branch.path.length);
    this.full[branch.path.length] = 0;
    return openat(AT_FDCWD, this.full, O_PATH | O_DIRECTORY, 0);
  }

  private open_long_parent(branch: Branch, pool_path: PathBuffer): number {
    const name_at = pool_path.name_at();
    copy_bytes(pool_path.bytes, name_at, this.name, 0, pool_path.length - name_at + 1);
    const root = this.open_root(branch);
    if (root < 0) return root;
    const length = Math.max(0, name_at - 1);
    copy_bytes(pool_path.bytes, 0, this.full, 0, length);
    this.full[length] = 0;
    const parent = length === 0
      ? openat(root, DOT, O_PATH | O_DIRECTORY, 0)
      : openat(root, this.full, O_PATH | O_DIRECTORY, 0);
    close(root);
    return parent;
  }

  // branch + "/" + the first `length` bytes of the path; false when one system call cannot take that.
  private join(branch: Branch, pool_path: PathBuffer, length: number): boolean {
    const prefix = branch.path.length;
    if (prefix + 1 + length >= PATH_MAX_BYTES) return false;
    copy_bytes(branch.path, 0, this.full, 0, prefix);
    this.full[prefix] = SLASH;
    copy_bytes(pool_path.bytes, 0, this.full, prefix + 1, length);
    this.full[prefix + 1 + length] = 0;
    return true;
  }
}
