// link-exdev: a hard link that would have to cross branches becomes a symlink (operations §15.3).
import { PathBuffer } from "../base/path_buffer.ts";
import { LINK_EXDEV_ABS_BASE_SYMLINK, LINK_EXDEV_REL_SYMLINK } from "../config/words.ts";
import { entry_reply_with_timeouts, getattr_by_path } from "./common/attributes.ts";
import { first_branch } from "./common/on_branches.ts";
import { absolute_target, relative_target } from "./common/symlink_target.ts";
import { Context } from "./context.ts";
import { make_symlink } from "./symlink.ts";

const old_path = new PathBuffer();

/**
 * Makes the name `c.path2`, in the directory with the slot `parent`, a symlink to `c.path`. The kernel wants to be told of
 * a file of the type that it linked, so it gets the old one's attributes, for no time. Returns the bytes of the reply or
 * -errno.
 */
export function link_by_symlink(c: Context, parent: number): number {
  const target = target_of(c);
  if (typeof target === "number") return target;
  old_path.set(c.path);
  c.path.set(c.path2);
  const made = make_symlink(c, target);
  if (made < 0) return made;
  const found = getattr_by_path(c, old_path);
  if (found < 0) return found;
  const slot = c.nodes.remember(parent, c.request.u8, c.request.name, c.request.name_length, c.stat.mode);
  if (slot < 0) return slot;
  const bytes = entry_reply_with_timeouts(c, slot, old_path, 0, 0);
  // A node does not change its type: the next look-up of the name makes one for the symlink.
  c.nodes.detach(slot);
  return bytes;
}

function target_of(c: Context): Uint8Array<ArrayBuffer> | number {
  const mode = c.settings.link_exdev;
  if (mode === LINK_EXDEV_REL_SYMLINK) return relative_target(c.path2, c.path);
  if (mode !== LINK_EXDEV_ABS_BASE_SYMLINK) return absolute_target(c.settings.canonical_mountpoint, c.path);
  const index = first_branch(c, c.settings.policy_open, c.path);
  return index < 0 ? index : absolute_target(c.branch(index).path, c.path);
}
