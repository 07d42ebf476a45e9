// link-cow (config §3.2, operations §16.8): a file with several names gets one of its own before it is opened for writing:
// a copy takes the place of this name, on the same branch. What goes wrong is ignored, and the shared file is opened.
import { PathBuffer } from "../../base/path_buffer.ts";
import { StatxBuffer } from "../../base/statx.ts";
import { Branch } from "../../branches/branch.ts";
import { close, O_NOFOLLOW, O_PATH, O_RDONLY } from "../../sys/file.ts";
import { AT_FDCWD, fstat, lstat, openat } from "../../sys/path.ts";
import { Context } from "../context.ts";
import { FileCopy } from "./copy_file.ts";
import { look_for_mappings } from "./passthrough.ts";
import { Place } from "./place.ts";
import { proc_path } from "./proc_path.ts";

const place = new Place();
const copy = new FileCopy();
const path_now = new PathBuffer();
const stat = new StatxBuffer();
const other_stat = new StatxBuffer();

/**
 * Separates the node's file on that branch from its other names. The path in `c.path` is locked and nobody has the node
 * open; both may have changed afterwards, for the lock is let go while the file is copied. Returns the slot as it is locked
 * again, or -errno when the node has no path any more.
 */
export function separate_from_links(c: Context, node: number, branch: Branch): number {
  const directory = place.open_parent(branch, c.path);
  if (directory < 0) return node;
  const file = openat(directory, place.name, O_PATH | O_NOFOLLOW, 0);
  let slot = node;
  if (file >= 0 && fstat(file, stat) === 0 && stat.is_regular && stat.nlink > 1) {
    c.locks.release();
    if (copy.make(file, directory, place.name) === 0) replace(c, node, branch, file, directory);
    copy.discard(directory);
    c.locks.release();
    slot = c.locks.lock_path(node, c.nodes.reuse_of(node), c.path);
  }
  if (file >= 0) close(file);
  close(directory);
  return slot;
}

// What a program writes through a mapping would go on to the other names (departures D1).
function is_mapped(c: Context, node: number, file: number): boolean {
  if (!c.handles.has_backing(node)) return false;
  const fd = openat(AT_FDCWD, proc_path(file), O_RDONLY, 0);
  if (fd < 0) return true;
  look_for_mappings(c, node, fd);
  close(fd);
  return c.handles.has_backing(node);
}

// Nobody may open the node while its file is exchanged. Whoever has opened it since keeps the shared file.
function replace(c: Context, node: number, branch: Branch, file: number, directory: number): void {
  if (c.locks.lock_alone(node, c.nodes.reuse_of(node), path_now) < 0 || c.handles.canonical_of(node) !== 0) return;
  if (is_mapped(c, node, file)) return;
  const target = place.open_parent(branch, path_now);
  if (target < 0) return;
  const is_still_so = fstat(file, stat) === 0 && lstat(target, place.name, other_stat) === 0 &&
    stat.is_same_object(other_stat) && copy.is_true_to(file);
  if (is_still_so && copy.put(directory, target, place.name, 0) >= 0) {
    // One link less under the other names; under this one all is new.
    c.notices.changed(node);
    c.nodes.forget_hard_link(node);
    c.notices.add(node, c.nodes.reuse_of(node));
  }
  close(target);
}
