// Files that are open through the pool and lose their name behind its back: another program, or another pool over the same
// branches, removed or renamed them, or put another file in their place. What is open stays what it was; the name goes to
// a new node, so that nobody who opens it by now reads, or writes to, a file that is gone.
import { ENOENT, ENOTDIR } from "../../base/errno.ts";
import { StatxBuffer } from "../../base/statx.ts";
import { F_BRANCH, F_FD } from "../../state/layout.ts";
import { fstat, stat } from "../../sys/path.ts";
import { Context } from "../context.ts";

const there = new StatxBuffer();
const open_file = new StatxBuffer();

/**
 * Whether the file of the open node `slot` is no longer to be found at `c.path`, which is the node's and locked, on the
 * branch where it was opened. The node has no name then.
 */
export function lost_name(c: Context, slot: number): boolean {
  const canonical = c.handles.canonical_of(slot);
  if (canonical === 0 || !is_elsewhere(c, canonical)) return false;
  c.nodes.supersede(slot);
  return true;
}

/** The same for a path that was looked up just now: mostly `c.stat` is that very file. */
export function lost_name_to_found(c: Context, slot: number): boolean {
  const canonical = c.handles.canonical_of(slot);
  if (canonical === 0) return false;
  const known = fstat(c.handles.word(canonical, F_FD), open_file);
  return known === 0 && !open_file.is_same_object(c.stat) && lost_name(c, slot);
}

// A file stays where it is on a branch that left the list, or that cannot be asked.
function is_elsewhere(c: Context, canonical: number): boolean {
  const id = c.handles.word(canonical, F_BRANCH);
  const branch = c.branches.find((_branch, index) => c.branch_ids.id_of(index) === id);
  if (branch === undefined) return false;
  const reached = c.place.at(branch, c.path);
  const found = reached < 0 ? reached : stat(c.place.dirfd, c.place.path, there);
  c.place.done();
  if (found < 0) return found === -ENOENT || found === -ENOTDIR;
  return fstat(c.handles.word(canonical, F_FD), open_file) === 0 && !open_file.is_same_object(there);
}
