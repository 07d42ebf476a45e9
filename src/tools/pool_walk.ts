// Every path at and below a directory of a pool: first a directory, then what is in it. No call within a call for each
// level, so the depth has no limit but that of paths. Symlinks are not followed.
import { c_string } from "../base/bytes.ts";
import { EACCES, ELOOP, ENOENT, ENOTDIR, EPERM } from "../base/errno.ts";
import { path_text } from "../base/path_text.ts";
import { type DirectoryName, DT_DIR, DT_UNKNOWN, read_names } from "../sys/dir.ts";
import { close, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from "../sys/file.ts";
import { AT_FDCWD, openat } from "../sys/path.ts";

/** What one may not read, and what has gone meanwhile: both are passed over in silence. */
const PASSED_OVER = [-EACCES, -EPERM, -ENOENT, -ENOTDIR, -ELOOP];

interface Level {
  readonly prefix: string;
  readonly names: readonly DirectoryName[];
  at: number;
}

/** Paths are reversible texts (base/path_text.ts). `on_error` gets what cannot be read, with -errno; the walk goes on. */
export function* pool_walk(root: string, on_error: (path: string, error: number) => void): Generator<string> {
  yield root;
  const levels: Level[] = [];
  enter(levels, root, 0, on_error);
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const entry = level.names[level.at++];
    if (entry === undefined) {
      levels.pop();
      continue;
    }
    const path = level.prefix + path_text(entry.name);
    yield path;
    if (entry.type === DT_DIR || entry.type === DT_UNKNOWN) enter(levels, path, O_NOFOLLOW, on_error);
  }
}

function enter(levels: Level[], path: string, flags: number, on_error: (path: string, error: number) => void): void {
  const names: DirectoryName[] = [];
  const fd = openat(AT_FDCWD, c_string(path), O_RDONLY | O_DIRECTORY | O_NONBLOCK | flags, 0);
  const result = fd < 0 ? fd : read_names(fd, names);
  if (fd >= 0) close(fd);
  if (result < 0 && !PASSED_OVER.includes(result)) on_error(path, result);
  levels.push({ prefix: `${path.replace(/\/+$/, "")}/`, names, at: 0 });
}
