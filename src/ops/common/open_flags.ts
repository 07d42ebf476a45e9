// Flags of opens: what the branch gets and what the kernel is told (operations §16.1).
import {
  CACHE_FILES_FULL,
  CACHE_FILES_OFF,
  CACHE_FILES_PER_PROCESS,
  FLUSH_NEVER,
  FLUSH_OPENED_FOR_WRITE,
} from "../../config/words.ts";
import { Settings } from "../../config/settings.ts";
import {
  FOPEN_DIRECT_IO,
  FOPEN_KEEP_CACHE,
  FOPEN_NOFLUSH,
  FOPEN_PARALLEL_DIRECT_WRITES,
  FOPEN_PASSTHROUGH,
} from "../../fuse/abi.ts";
import { O_ACCMODE, O_APPEND, O_RDONLY, O_RDWR, O_WRONLY } from "../../sys/file.ts";

/** Flags for the branch. With the write-back cache the kernel reads what it writes and does the appending itself. */
export function branch_open_flags(settings: Settings, flags: number): number {
  if (!settings.cache_writeback) return flags;
  const accmode = (flags & O_ACCMODE) === O_WRONLY ? O_RDWR : flags & O_ACCMODE;
  return (flags & ~(O_ACCMODE | O_APPEND)) | accmode;
}

// Who reads and writes for an open.
/** The daemon, and before it the kernel's page cache of the pool as `cache.files` says. */
export const IO_BY_DAEMON = 0;
/** The kernel, straight on the branch's file. */
export const IO_PASSED_THROUGH = 1;
/** The daemon, for a node that others have open passed through: the kernel refuses it without the backing id. */
export const IO_BY_DAEMON_BESIDE = 2;

/** FOPEN_* of the reply; `flags` as `branch_open_flags` gave them, `pid` is the requester, `io` one of IO_*. */
export function reply_open_flags(settings: Settings, flags: number, pid: number, io: number): number {
  return cache_flags(settings, pid, io) | flush_flag(settings, flags);
}

// Beside PASSTHROUGH the kernel allows no KEEP_CACHE, and DIRECT_IO wins over it (fs/fuse/iomode.c).
function cache_flags(settings: Settings, pid: number, io: number): number {
  if (io === IO_PASSED_THROUGH) return FOPEN_PASSTHROUGH;
  let reply = io === IO_BY_DAEMON_BESIDE ? FOPEN_PASSTHROUGH : 0;
  if (io === IO_BY_DAEMON_BESIDE || is_direct(settings, pid)) {
    reply |= FOPEN_DIRECT_IO;
    if (settings.parallel_direct_writes) reply |= FOPEN_PARALLEL_DIRECT_WRITES;
  } else if (settings.cache_files === CACHE_FILES_FULL) reply |= FOPEN_KEEP_CACHE;
  return reply;
}

function flush_flag(settings: Settings, flags: number): number {
  const flush = settings.flush_on_close;
  const read_only = (flags & O_ACCMODE) === O_RDONLY;
  return flush === FLUSH_NEVER || (flush === FLUSH_OPENED_FOR_WRITE && read_only) ? FOPEN_NOFLUSH : 0;
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
