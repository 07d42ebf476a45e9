// A reply that could not be delivered because the requester gave up: what it gave is taken back (operations §7.7).
import { FUSE_READDIRPLUS, OUT_HEADER_BYTES } from "../fuse/abi.ts";
import { direntplus_record_length } from "../fuse/directory_entries.ts";
import { F_KIND, KIND_DIRECTORY } from "../state/layout.ts";
import { Context } from "./context.ts";
import { release_directory } from "./directory.ts";
import { release_handle } from "./release.ts";

/** Takes back the look-ups and the handle of the reply in `c.reply`. */
export function undo_reply(c: Context): void {
  if (c.request.opcode === FUSE_READDIRPLUS) undo_entries(c);
  if (c.granted_handle !== 0) {
    const handle = c.granted_handle;
    if (c.handles.word(handle, F_KIND) === KIND_DIRECTORY) release_directory(c, handle, c.handles.reuse_of(handle));
    else release_handle(c, handle);
  }
  if (c.granted_node !== 0) c.nodes.forget(c.granted_node, c.nodes.reuse_of(c.granted_node), 1, 0);
}

function undo_entries(c: Context): void {
  const end = c.reply.length - OUT_HEADER_BYTES;
  for (let at = 0; at < end; at += direntplus_record_length(c.body, at)) {
    const word = (c.reply.body + at) >> 2;
    const low = c.reply.u32[word]!;
    if (low !== 0) c.nodes.forget(low, c.reply.u32[word + 1]!, 1, 0);
  }
}
