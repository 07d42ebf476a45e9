// What an operation is: a function over the worker's context. It returns the bytes of the reply's body, which it has
// filled, or -errno.
import { Context } from "./context.ts";

export type Operation = (c: Context) => number;

/** Returned by operations that have no reply. */
export const NO_REPLY = 0x7fff_ffff;

/**
 * Returned by a request that did not get a data lock (DataLocks.gives_back): it is made once more, from its start, when the
 * file has been moved. Negative, so that it goes the way of an error.
 */
export const GIVEN_BACK = -0x7fff_ffff;
