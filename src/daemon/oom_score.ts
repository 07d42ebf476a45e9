// When memory runs out, other processes are to end before the one that many of them wait for (operations §25.1 step 5).
import { c_string, to_bytes } from "../base/bytes.ts";
import { errno_text } from "../base/errno.ts";
import { log } from "../base/log.ts";
import { close, O_WRONLY, write } from "../sys/file.ts";
import { AT_FDCWD, openat } from "../sys/path.ts";

const SCORE = "-990";

/** Lowers the score and tells the former one; that only some may do it is told and no more. See proc_pid_oom_score_adj(5). */
export function lower_oom_score(file = "/proc/self/oom_score_adj"): void {
  const before = Deno.readTextFileSync(file).trim();
  const result = overwrite(file, SCORE);
  if (result >= 0) log("info", `oom_score_adj is ${SCORE}, it was ${before}`);
  else log("info", `oom_score_adj stays ${before}, ${SCORE} is refused: ${errno_text(result)}`);
}

/** A value >= 0 or -errno. */
function overwrite(file: string, text: string): number {
  const fd = openat(AT_FDCWD, c_string(file), O_WRONLY, 0);
  if (fd < 0) return fd;
  const bytes = to_bytes(text);
  const written = write(fd, bytes, bytes.length);
  close(fd);
  return written;
}
