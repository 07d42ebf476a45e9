// Actions that go to every branch an action policy chose, and metadata changes among them (operations §3.3, §3.4).
import { ENOENT } from "../../base/errno.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { StatxBuffer } from "../../base/statx.ts";
import { Branch } from "../../branches/branch.ts";
import { Policy } from "../../policies/policy.ts";
import { close } from "../../sys/file.ts";
import { lstat } from "../../sys/path.ts";
import { Context } from "../context.ts";

/** Clones elsewhere in the pool are counted too; they must not keep a change going. */
const ROUNDS_MAX = 4;

/** One branch's part of an operation; 0 or more, or -errno. */
export type BranchAction = (c: Context, branch: Branch, path: PathBuffer) => number;
/** The same with an O_PATH descriptor of the object on that branch. */
export type ObjectAction = (c: Context, object: number, index: number) => number;

/** Runs the policy for `path` into `c.selection`. Returns how many branches it chose (1 or more), or -errno. */
export function select_branches(c: Context, policy: Policy, path: PathBuffer): number {
  c.probe.start(path);
  const count = policy(c.branches, c.probe, c.selection);
  return count === 0 ? -ENOENT : count;
}

/** The first branch that a search policy chooses for `path`, or -errno; `c.selection` stays as it is. */
export function first_branch(c: Context, policy: Policy, path: PathBuffer): number {
  c.probe.start(path);
  const count = policy(c.branches, c.probe, c.companion);
  return count > 0 ? c.companion.indexes[0]! : count || -ENOENT;
}

/** Whether the path is on that branch, a symlink at its end not followed; its attributes are in `out` then. */
export function is_there(c: Context, branch: Branch, path: PathBuffer, out: StatxBuffer): boolean {
  const reached = c.place.at(branch, path);
  const found = reached === 0 && lstat(c.place.dirfd, c.place.path, out) === 0;
  c.place.done();
  return found;
}

/** Whether it is on any branch, whatever a policy would say; `c.stat` is overwritten. */
export function is_anywhere(c: Context, path: PathBuffer): boolean {
  for (const branch of c.branches) if (is_there(c, branch, path, c.stat)) return true;
  return false;
}

/**
 * Acts on every branch the policy chose, one after another; results in `c.results`. A branch where the path turns out not
 * to be, behind a symlink (departures D3) or gone since, was not acted on. Returns 0 or the policy's error.
 */
export function act_on_each(c: Context, policy: Policy, path: PathBuffer, action: BranchAction): number {
  const count = select_branches(c, policy, path);
  if (count < 0) return count;
  c.results.clear();
  for (let i = 0; i < count; i++) {
    const index = c.selection.indexes[i]!;
    const result = action(c, c.branch(index), path);
    if (result !== -ENOENT) c.results.add(index, result);
  }
  return 0;
}

/**
 * A metadata change by path on every chosen branch (rule R1): with a mixed outcome the branch that `companion` finds
 * decides. `follows_last` acts on what a symlink at the end of the path leads to. Returns 0 or -errno.
 */
export function change_objects(
  c: Context,
  policy: Policy,
  companion: Policy,
  path: PathBuffer,
  action: ObjectAction,
  follows_last = false,
): number {
  c.results.clear();
  let clones: number;
  let rounds = 0;
  do {
    clones = c.clones.value();
    const count = select_branches(c, policy, path);
    if (count < 0 && c.results.is_empty) return count;
    for (let i = 0; i < count; i++) {
      const index = c.selection.indexes[i]!;
      if (c.results.has(index)) continue;
      const result = change_object(c, index, path, action, follows_last);
      if (result !== -ENOENT) c.results.add(index, result);
    }
  } while (c.clones.value() !== clones && ++rounds < ROUNDS_MAX); // the directory may be on one more branch by now
  const result = c.results.all_or_nothing();
  if (result <= 0) return result;
  const decider = first_branch(c, companion, path);
  return decider < 0 ? decider : c.results.of_branch(decider);
}

function change_object(
  c: Context,
  index: number,
  path: PathBuffer,
  action: ObjectAction,
  follows_last: boolean,
): number {
  const branch = c.branch(index);
  const object = follows_last ? c.place.open_followed(branch, path) : c.place.open_object(branch, path);
  if (object < 0) return object;
  const result = action(c, object, index);
  close(object);
  return result;
}
