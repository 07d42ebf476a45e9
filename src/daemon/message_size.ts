// How large a message between kernel and daemon may be (option fuse-msg-size, operations §23).
import { log } from "../base/log.ts";

/** The system-wide limit that newer kernels have, in pages. */
const LIMIT_FILE = "/proc/sys/fs/fuse/max_pages_limit";
/** Most pages a kernel with that file takes, and most of one without. */
const PAGES_MAX = 65535;
const PAGES_MAX_WITHOUT_LIMIT_FILE = 256;

/**
 * `fuse-msg-size` as this kernel allows it; its limit is raised where there is one, for the whole system, and stays so.
 * Before mounting: a mount keeps the limit that it found.
 */
export function allowed_message_pages(wanted: number, limit_file = LIMIT_FILE): number {
  const at_least_one = Math.max(1, wanted);
  let limit: number;
  try {
    limit = Number(Deno.readTextFileSync(limit_file));
  } catch {
    return Math.min(at_least_one, PAGES_MAX_WITHOUT_LIMIT_FILE);
  }
  const pages = Math.min(at_least_one, PAGES_MAX);
  if (pages <= limit) return pages;
  try {
    Deno.writeTextFileSync(limit_file, String(pages));
    log("info", `The largest FUSE message of this system is ${pages} pages now, it was ${limit} ("${limit_file}")`);
    return pages;
  } catch {
    log("info", `FUSE messages have ${limit} pages, not ${pages}: only root may raise "${limit_file}"`);
    return limit;
  }
}
