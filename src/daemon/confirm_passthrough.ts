// The kernel agrees to passthrough in INIT whoever asks, and then registers files only for CAP_SYS_ADMIN of the machine,
// which a container or a user does not have (fs/fuse/backing.c). So one file is tried before the first request.
import { errno_text } from "../base/errno.ts";
import { log } from "../base/log.ts";
import { INIT2_PASSTHROUGH } from "../fuse/abi.ts";
import { InitOutcome, to_words, without_passthrough } from "../fuse/init.ts";
import { Arena } from "../state/arena.ts";
import { BackingFiles } from "../sys/device.ts";

/** The outcome of INIT as it is in force: without passthrough where the kernel registers no file of ours. */
export function confirm_passthrough(device: number, arena: Arena, outcome: InitOutcome): InitOutcome {
  if ((outcome.flags2 & INIT2_PASSTHROUGH) === 0) return outcome;
  const files = new BackingFiles(device);
  const id = files.open(arena.fd);
  if (id > 0) {
    files.close(id);
    return outcome;
  }
  log("info", `Reads and writes go through the daemon: the kernel registers no files (${errno_text(id)})`);
  const in_force = without_passthrough(outcome);
  arena.init_outcome.set(to_words(in_force));
  return in_force;
}
