// What an operation is: a function over the worker's context. It returns the bytes of the reply's body, which it has
// filled, or -errno.
import { Context } from "./context.ts";

export type Operation = (c: Context) => number;

/** Returned by operations that have no reply. */
export const NO_REPLY = 0x7fff_ffff;
