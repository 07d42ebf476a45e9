// Which form a request on a node takes (operations §7.8): by the handle it carries, by its path, or, when the name is
// gone, by the canonical handle of the node.
import { EBADF, ESTALE } from "../../base/errno.ts";
import { F_FD, KIND_FILE } from "../../state/layout.ts";
import { F_GETFL, fcntl, O_TMPFILE } from "../../sys/file.ts";
import { Context } from "../context.ts";
import { pin_canonical } from "./pins.ts";

/** No handle: the path in `c.path` is to be used. */
export const BY_PATH = 0;

/**
 * The handle to work on, or BY_PATH with `c.path` filled and locked, or -errno. `has_handle` says whether the request
 * carries one; a handle number of 0 is none. -EBADF for a node that has neither a name nor a handle; -ESTALE when its name
 * stands for another object now: the kernel then looks the name up and asks again.
 */
export function handle_or_path(c: Context, has_handle: boolean, handle_low: number, handle_high: number): number {
  if (has_handle && (handle_low !== 0 || handle_high !== 0)) {
    return c.handles.find(handle_low, handle_high, KIND_FILE) || -EBADF;
  }
  const slot = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  if (slot !== -ESTALE) return slot < 0 ? slot : BY_PATH;
  const node = c.nodes.slot_of(c.request.node_low, c.request.node_high);
  const canonical = pin_canonical(c, node);
  return canonical === -EBADF && c.nodes.is_superseded(node) ? -ESTALE : canonical;
}

/** The canonical handle of the request's node, or -EBADF when nobody has it open. */
function canonical_handle(c: Context, node_low: number, node_high: number): number {
  return pin_canonical(c, c.nodes.slot_of(node_low, node_high));
}

/** The handle of a request that names an open file, handle 0 standing for the canonical one; or -EBADF. */
export function file_handle(c: Context, handle_low: number, handle_high: number): number {
  return handle_of_node(c, c.request.node_low, c.request.node_high, handle_low, handle_high);
}

/** The handle of another node that the request names beside its own (COPY_FILE_RANGE), or -EBADF. */
export function handle_of_node(c: Context, node_low: number, node_high: number, low: number, high: number): number {
  if (low === 0 && high === 0) return canonical_handle(c, node_low, node_high);
  return c.handles.find(low, high, KIND_FILE) || -EBADF;
}

/** The descriptor of such a request, or -EBADF. */
export function descriptor_of(c: Context, handle_low: number, handle_high: number): number {
  const handle = file_handle(c, handle_low, handle_high);
  return handle < 0 ? handle : c.handles.word(handle, F_FD);
}

/**
 * The descriptor of the request's node, a file of O_TMPFILE that has no name yet: for what is done by path otherwise. -ESTALE
 * for every other node without a path: what was removed is not to be asked for its attributes (operations §30.7).
 */
export function nameless_descriptor(c: Context): number {
  const fd = descriptor_of(c, 0, 0);
  return fd >= 0 && (fcntl(fd, F_GETFL, 0) & O_TMPFILE) === O_TMPFILE ? fd : -ESTALE;
}
