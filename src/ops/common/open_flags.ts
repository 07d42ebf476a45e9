// Flags of opens: what the branch gets and what the kernel is told (operations §16.1).
import {
  CACHE_FILES_FULL,
  CACHE_FILES_OFF,
  CACHE_FILES_PER_PROCESS,
  FLUSH_NEVER,
  FLUSH_OPENED_FOR_WRITE,
} from "../../config/words.ts";
import { Settings } from "../../config/settings.ts";
import { FOPEN_DIRECT_IO, FOPEN_KEEP_CACHE, FOPEN_NOFLUSH, FOPEN_PARALLEL_DIRECT_WRITES } from "../../fuse/abi.ts";
import { O_ACCMODE, O_APPEND, O_RDONLY, O_RDWR, O_WRONLY } from "../../sys/file.ts";

/** Flags for the branch. With the write-back cache the kernel reads what it writes and does the appending itself. */
export function branch_open_flags(settings: Settings, flags: number): number {
  if (!settings.cache_writeback) return flags;
  const accmode = (flags & O_ACCMODE) === O_WRONLY ? O_RDWR : flags & O_ACCMODE;
  return (flags & ~(O_ACCMODE | O_APPEND)) | accmode;
}

/** FOPEN_* of the reply; `flags` as `branch_open_flags` gave them, `pid` is the requester. */
export function reply_open_flags(settings: Settings, flags: number, pid: number): number {
  let reply = 0;
  if (is_direct(settings, pid)) {
    reply |= FOPEN_DIRECT_IO;
    if (settings.parallel_direct_writes) reply |= FOPEN_PARALLEL_DIRECT_WRITES;
  }
  if (settings.cache_files === CACHE_FILES_FULL) reply |= FOPEN_KEEP_CACHE;
  const flush = settings.flush_on_close;
  const read_only = (flags & O_ACCMODE) === O_RDONLY;
  if (flush === FLUSH_NEVER || (flush === FLUSH_OPENED_FOR_WRITE && read_only)) reply |= FOPEN_NOFLUSH;
  return reply;
}

function is_direct(settings: Settings, pid: number): boolean {
  if (settings.cache_files === CACHE_FILES_OFF) return true;
  if (settings.cache_files !== CACHE_FILES_PER_PROCESS) return false;
  return !settings.cache_files_process_names.has(process_name(pid));
}

// Once per open and only with cache.files=per-process, so ordinary file functions do.
function process_name(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/comm`).replace(/\n$/, "");
  } catch {
    return "";
  }
}
