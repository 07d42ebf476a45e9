// rename-exdev: an object that would have to change its branch is put aside on the branch where it is, and its new name
// becomes a symlink to it (operations §14.4). Nothing is ever replaced: where that would be needed, the caller gets the
// EXDEV that it would have got without the option, and may copy.
import { c_string, to_bytes } from "../base/bytes.ts";
import { EEXIST, EINVAL, errno_text, EXDEV } from "../base/errno.ts";
import { PathBuffer } from "../base/path_buffer.ts";
import { path_text } from "../base/path_text.ts";
import { Branch } from "../branches/branch.ts";
import { RENAME_EXDEV_REL_SYMLINK } from "../config/words.ts";
import { close, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from "../sys/file.ts";
import { fchmod, fchown, linkat, mkdirat, openat, RENAME_NOREPLACE, renameat2, unlinkat } from "../sys/path.ts";
import { clone_below } from "./common/clone_path.ts";
import { is_anywhere, select_branches } from "./common/on_branches.ts";
import { absolute_target, relative_target } from "./common/symlink_target.ts";
import { Context } from "./context.ts";
import { make_symlink } from "./symlink.ts";

const ASIDE = to_bytes(".mergerfs_rename_exdev");
const ASIDE_NAME = c_string(".mergerfs_rename_exdev");
const ASIDE_MODE = 0o1777;

const root = new PathBuffer();
const old_path = new PathBuffer();
const aside_path = new PathBuffer();

/** Makes `c.path2` a symlink to what `c.path` is. Returns 0, or -errno with everything as it was. */
export function rename_by_symlink(c: Context): number {
  if (aside_path.set_below(ASIDE, c.path) < 0) return -EXDEV;
  // An object put aside before, on any branch, is what a symlink leads to already.
  if (is_anywhere(c, c.path2) || is_anywhere(c, aside_path)) return -EXDEV;
  const count = select_branches(c, c.settings.policy_rename, c.path);
  if (count < 0) return -EXDEV;
  const holders = Array.from(c.selection.indexes.subarray(0, count), (index) => c.branch(index));
  old_path.set(c.path);
  let moved = 0;
  while (moved < count && put_aside(c, holders[moved]!) === 0) moved++;
  let result = -EXDEV;
  if (moved === count) {
    c.path.set(c.path2);
    result = make_symlink(c, target_of(c));
  }
  if (result < 0) { for (const branch of holders.slice(0, moved)) put_back(c, branch); }
  return result;
}

function target_of(c: Context): Uint8Array<ArrayBuffer> {
  if (c.settings.rename_exdev === RENAME_EXDEV_REL_SYMLINK) return relative_target(c.path2, aside_path);
  return absolute_target(c.settings.canonical_mountpoint, aside_path);
}

function put_aside(c: Context, branch: Branch): number {
  const made = make_directory(c, branch);
  if (made < 0) return made;
  c.parent.set(old_path);
  c.parent.up();
  const cloned = clone_below(c, branch, ASIDE, c.parent);
  return cloned < 0 ? cloned : move(c, branch, old_path, aside_path);
}

// What is moved out of the way of everybody's rename lies in a directory for everybody, as /tmp is one.
function make_directory(c: Context, branch: Branch): number {
  const parent = c.place.open_directory(branch, root);
  if (parent < 0) return parent;
  const made = mkdirat(parent, ASIDE_NAME, ASIDE_MODE);
  const directory = made < 0 ? made : openat(parent, ASIDE_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  if (directory >= 0) {
    fchown(directory, 0, 0);
    fchmod(directory, ASIDE_MODE);
    close(directory);
  }
  close(parent);
  return made === -EEXIST ? 0 : made;
}

function put_back(c: Context, branch: Branch): void {
  const result = move(c, branch, aside_path, old_path);
  if (result >= 0) return;
  const [aside, old] = [aside_path, old_path].map((path) => path_text(path.bytes.subarray(0, path.length)));
  c.events.log(
    "error",
    `After a rename that failed, "${aside}" of branch "${branch.text}" cannot be moved back to "${old}": ` +
      `${errno_text(result)}. Nothing of it is lost; move it by hand`,
  );
}

function move(c: Context, branch: Branch, from: PathBuffer, to: PathBuffer): number {
  const from_directory = c.place.open_parent(branch, from);
  if (from_directory < 0) return from_directory;
  const to_directory = c.place2.open_parent(branch, to);
  const result = to_directory < 0 ? to_directory : move_name(c, from_directory, to_directory);
  if (to_directory >= 0) close(to_directory);
  close(from_directory);
  return result;
}

// Some filesystems know no RENAME_NOREPLACE; link(2) replaces nothing either, but does not do for directories.
function move_name(c: Context, from: number, to: number): number {
  const { name } = c.place;
  const { name: new_name } = c.place2;
  const renamed = renameat2(from, name, to, new_name, RENAME_NOREPLACE);
  if (renamed !== -EINVAL) return renamed;
  const linked = linkat(from, name, to, new_name, 0);
  const removed = linked < 0 ? linked : unlinkat(from, name, 0);
  if (linked === 0 && removed < 0) unlinkat(to, new_name, 0);
  return removed;
}
