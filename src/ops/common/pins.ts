// Descriptors that stand for a node (operations §7.8) must stay open while a request without a handle works on them: the
// last RELEASE may come meanwhile, through another worker, and the number would then mean another file.
import { EBADF } from "../../base/errno.ts";
import { close } from "../../sys/file.ts";
import { Context } from "../context.ts";

/** Closes the descriptors and the backing id that the handle table has let go. */
export function close_released(c: Context): void {
  if (c.handles.closing_backing !== 0) c.backing.close(c.handles.closing_backing);
  c.handles.closing_backing = 0;
  for (let i = 0; i < c.handles.closing_count; i++) close(c.handles.closing[i]!);
  c.handles.closing_count = 0;
}

/** The canonical handle of a node, kept until the request ends; -EBADF when nobody has the node open. */
export function pin_canonical(c: Context, node: number): number {
  if (node === 0 || c.handles.pin(node) < 0) return -EBADF;
  c.pinned[c.pinned_count++] = node;
  return c.handles.canonical_of(node);
}

/** The request ends: lets go of what it pinned. */
export function release_pins(c: Context): void {
  while (c.pinned_count > 0) {
    c.handles.unpin(c.pinned[--c.pinned_count]!);
    close_released(c);
  }
}
