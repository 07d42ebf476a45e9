// What is done before the daemon runs out of descriptors, and what is said when it has. Every open file and directory of a
// client holds one for as long as it is open; nearly all other requests need one or a few for a moment. So clients may not
// open as many as the process may have: what is kept back lets everything else go on, removing and closing among it.
import { EMFILE, ENFILE } from "../../base/errno.ts";
import { HANDLES_MAX, WORKERS_MAX } from "../../state/layout.ts";
import { descriptor_limit } from "../../sys/identity.ts";
import { Context } from "../context.ts";

/** For all workers at once: their device queues and runtimes, directories on their way, the branches of a listing. */
const KEPT_BACK = 1024;
/** Of a low limit not more than this part. */
const KEPT_BACK_SHARE = 1 / 4;

/** Whether a client may open one more file: 0, -EMFILE, or -ENFILE when the table of handles is full. */
export function may_open_file(c: Context): number {
  return may_open(c, 1);
}

/** The same for a directory. Some are kept for those, so that what is there can be listed and removed. */
export function may_open_directory(c: Context): number {
  return may_open(c, 1 / 2);
}

function may_open(c: Context, part_kept_back: number): number {
  const { count } = c.handles;
  if (count >= HANDLES_MAX - WORKERS_MAX) return -ENFILE;
  const limit = descriptor_limit();
  return count < limit - part_kept_back * Math.min(KEPT_BACK, limit * KEPT_BACK_SHARE) ? 0 : -EMFILE;
}

/** To be called with every failed request: tells the log, now and then, when descriptors are what was missing. */
export function tell_shortage(c: Context, result: number): void {
  if ((result !== -EMFILE && result !== -ENFILE) || !c.shortage_notice.is_due(Math.floor(Date.now() / 1000))) return;
  const open = `${c.handles.count} files and directories are open through the pool`;
  c.events.log(
    "warning",
    result === -EMFILE
      ? `No descriptor is left for a request (EMFILE): ${open}, the limit of the process is ${descriptor_limit()}; ` +
        `close files, or raise it (LimitNOFILE= of systemd, "ulimit -Hn" before the start)`
      : `No descriptor is left on this machine (ENFILE): ${open}; close files, or raise fs.file-max (sysctl)`,
  );
}
