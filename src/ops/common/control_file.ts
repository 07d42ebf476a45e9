// The control file `.mergerfs` in the pool root: always there, never on a branch (config §7.1, operations §10.5).
import {
  S_IFREG,
  STATX_ATIME_WORD,
  STATX_BLKSIZE_WORD,
  STATX_CTIME_WORD,
  STATX_GID_WORD,
  STATX_MTIME_WORD,
  STATX_NLINK_WORD,
  STATX_UID_WORD,
} from "../../base/statx.ts";
import { to_bytes } from "../../base/bytes.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { getgid, getuid } from "../../sys/identity.ts";
import { Context } from "../context.ts";

const CONTROL_FILE = to_bytes(".mergerfs");
const MODE = S_IFREG | 0o664;

/** Whether a pool path is the control file. */
export function is_control_file(path: PathBuffer): boolean {
  return path.is(CONTROL_FILE);
}

/** Fills `c.stat` with its attributes; they belong to no branch. */
export function fill_control_file(c: Context): void {
  const stat = c.stat;
  stat.words.fill(0);
  stat.mode = MODE;
  stat.words[STATX_NLINK_WORD] = 1;
  stat.words[STATX_UID_WORD] = getuid();
  stat.words[STATX_GID_WORD] = getgid();
  stat.words[STATX_BLKSIZE_WORD] = 512;
  const time_s = c.first_control_file_time_s();
  for (const word of [STATX_ATIME_WORD, STATX_MTIME_WORD, STATX_CTIME_WORD]) {
    stat.words[word] = time_s;
    stat.words[word + 1] = Math.floor(time_s / 0x1_0000_0000);
  }
  c.stat_branch = -1;
}
