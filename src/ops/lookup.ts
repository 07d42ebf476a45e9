// LOOKUP (operations §10.1): a name in a directory becomes a node.
import { DOT } from "../base/bytes.ts";
import { ENOENT, ESTALE } from "../base/errno.ts";
import { ENTRY_OUT_BYTES } from "../fuse/abi.ts";
import { put_entry, put_no_attr } from "../fuse/reply.ts";
import { ROOT_SLOT } from "../state/layout.ts";
import { entry_reply, getattr_by_path } from "./common/attributes.ts";
import { Context } from "./context.ts";

/** LOOKUP: the entry of a name, counted as one look-up; a missing name is a negative entry. */
export function lookup(c: Context): number {
  const request = c.request;
  if (is_dots(c, 1)) return lookup_self(c);
  if (is_dots(c, 2)) return lookup_parent(c);
  const parent = c.locks.lock_path(request.node_low, request.node_high, c.path);
  if (parent < 0) return parent;
  const named = c.path.append(request.u8, request.name, request.name_length);
  if (named < 0) return named;
  const found = getattr_by_path(c, c.path);
  if (found === -ENOENT) return negative_entry(c);
  if (found < 0) return found;
  const slot = c.nodes.remember(parent, request.u8, request.name, request.name_length, c.stat.mode);
  return slot < 0 ? slot : entry_reply(c, slot, c.path);
}

function is_dots(c: Context, count: number): boolean {
  const request = c.request;
  if (request.name_length !== count) return false;
  for (let i = 0; i < count; i++) if (request.u8[request.name + i] !== DOT) return false;
  return true;
}

/** "Not found" as a success with node 0, which the kernel may remember for cache.negative-entry seconds. */
function negative_entry(c: Context): number {
  const at = c.reply.body_word;
  put_entry(c.reply, at, 0, 0, 0, 0, c.settings.cache_negative_entry_s, c.settings.cache_attr_s);
  put_no_attr(c.reply.u32, at + 10);
  return ENTRY_OUT_BYTES;
}

/** "." revives a file handle of an NFS client (operations §7.5): an unknown node is stale. */
function lookup_self(c: Context): number {
  const slot = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  return slot < 0 ? slot : entry_of_known(c, slot);
}

/** ".." of a known directory is its parent; the root has none. */
function lookup_parent(c: Context): number {
  const slot = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  if (slot < 0) return slot;
  if (slot === ROOT_SLOT) return -ENOENT;
  c.path.up();
  return entry_of_known(c, c.nodes.parent_of(slot));
}

function entry_of_known(c: Context, slot: number): number {
  const found = getattr_by_path(c, c.path);
  if (found < 0) return found === -ENOENT ? -ESTALE : found;
  c.nodes.remember_again(slot);
  return entry_reply(c, slot, c.path);
}
