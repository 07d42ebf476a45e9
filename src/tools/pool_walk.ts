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
const LIST_BYTES = 32 * 1024;
const records = new Uint8Array(LIST_BYTES);

/** Gets what cannot be read, with -errno; the walk goes on. */
export type OnError = (path: string, error: number) => void;

/** Paths are reversible texts (base/path_text.ts). */
export function* pool_walk(root: string, on_error: OnError): Generator<string> {
  yield root;
  const levels = [new Level(root, 0, on_error)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const entry = level.next();
    if (entry === undefined) {
      levels.pop();
      continue;
    }
    const path = level.prefix + path_text(entry.name);
    yield path;
    if (entry.type === DT_DIR || entry.type === DT_UNKNOWN) levels.push(new Level(path, O_NOFOLLOW, on_error));
  }
}

/**
 * One open directory. It is read a piece at a time, so that a huge one takes no memory, and so that what the kernel learns
 * of its entries along with their names is still of use when they are looked at.
 */
class Level {
  readonly prefix: string;
  readonly #fd: number;
  #names: DirectoryName[] = [];
  #at = 0;

  constructor(private readonly path: string, flags: number, private readonly on_error: OnError) {
    this.prefix = `${path.replace(/\/+$/, "")}/`;
    this.#fd = openat(AT_FDCWD, c_string(path), O_RDONLY | O_DIRECTORY | O_NONBLOCK | flags, 0);
    if (this.#fd < 0) this.#tell(this.#fd);
  }

  /** Undefined at the end, when the directory is closed. */
  next(): DirectoryName | undefined {
    while (this.#fd >= 0 && this.#at === this.#names.length) {
      this.#names = [];
      this.#at = 0;
      const result = read_names(this.#fd, records, this.#names);
      if (result > 0) continue;
      this.#tell(result);
      close(this.#fd);
      return undefined;
    }
    return this.#names[this.#at++];
  }

  #tell(error: number): void {
    if (error < 0 && !PASSED_OVER.includes(error)) this.on_error(this.path, error);
  }
}
