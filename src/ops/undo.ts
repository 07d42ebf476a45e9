// A reply that could not be delivered because the requester gave up (operations §7.7), or that a bug cut short: what it
// gave is taken back.
import { direntplus_record_length } from "../fuse/directory_entries.ts";
import { F_KIND, KIND_DIRECTORY } from "../state/layout.ts";
import { Context } from "./context.ts";
import { release_directory } from "./directory.ts";
import { release_handle } from "./release.ts";

/** Takes back the look-ups and the handle that the present reply gave, as far as it got; nothing the second time. */
export function undo_reply(c: Context): void {
  const { granted_handle: handle, granted_node: node, granted_entries_bytes: entries_bytes } = c;

  c.forget_grants();
  undo_entries(c, entries_bytes);
  if (handle !== 0) {
    if (c.handles.word(handle, F_KIND) === KIND_DIRECTORY) release_directory(c, handle, c.handles.reuse_of(handle));
    else release_handle(c, handle);
  }
  if (node !== 0) c.nodes.forget(node, c.nodes.reuse_of(node), 1, 0);
}

function undo_entries(c: Context, end: number): void {
  for (let at = 0; at < end; at += direntplus_record_length(c.body, at)) {
    const word = (c.reply.body + at) >> 2;
    const low = c.reply.u32[word]!;
    if (low !== 0) c.nodes.forget(low, c.reply.u32[word + 1]!, 1, 0);
  }
}
