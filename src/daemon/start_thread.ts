// Starting a thread of the runtime while the daemon serves: the runtime ends the whole process, and the mount with it, when
// it finds no descriptor for one.
import { Arena } from "../state/arena.ts";
import { has_descriptors } from "../sys/file.ts";

/** A thread takes 8; the rest is for requests that run meanwhile. */
const NEEDED_DESCRIPTORS = 32;

/** A worker that runs the module, or the reason why there is none. */
export function start_thread(arena: Arena, module: URL, name: string): Worker | string {
  if (!has_descriptors(arena.address().fd, NEEDED_DESCRIPTORS)) return "no descriptors are left";
  try {
    return new Worker(module, { type: "module", name });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
