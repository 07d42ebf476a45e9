// FORGET and BATCH_FORGET: the kernel drops look-ups it was given (operations §7.2). Neither has a reply.
import { FORGET_ONE_BYTES } from "../fuse/abi.ts";
import { Context } from "./context.ts";
import { NO_REPLY } from "./operation.ts";

/** FORGET: takes look-ups of one node away. */
export function forget(c: Context): number {
  c.nodes.forget(c.request.node_low, c.request.node_high, c.request.arg(0), c.request.arg(1));
  return NO_REPLY;
}

/** BATCH_FORGET: the same for many nodes. */
export function batch_forget(c: Context): number {
  const request = c.request;
  const count = request.arg(0);
  const words_each = FORGET_ONE_BYTES / 4;
  for (let i = 0, at = request.data >> 2; i < count; i++, at += words_each) {
    const words = request.u32;
    c.nodes.forget(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
  }
  return NO_REPLY;
}
