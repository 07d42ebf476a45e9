// Texts of the symlinks that take the place of links and renames between branches: NUL-terminated, in memory that the next
// call overwrites. One that is too long for a symlink is refused by the branch.
import { copy_bytes, DOT, SLASH } from "../../base/bytes.ts";
import { PATH_MAX_BYTES } from "../../base/limits.ts";
import { PathBuffer } from "../../base/path_buffer.ts";

// The deepest directory has a component in every second byte, and "../" for each.
const target = new Uint8Array(PATH_MAX_BYTES * 3);

/** A directory outside the pool, or its mountpoint, and a pool path below it. */
export function absolute_target(directory: Uint8Array, path: PathBuffer): Uint8Array<ArrayBuffer> {
  copy_bytes(directory, 0, target, 0, directory.length);
  target[directory.length] = SLASH;
  copy_bytes(path.bytes, 0, target, directory.length + 1, path.length + 1);
  return target;
}

/** A pool path as it is reached from the directory of the pool path `link`: "../../x/y/f" for x/y/f from a/b/g. */
export function relative_target(link: PathBuffer, path: PathBuffer): Uint8Array<ArrayBuffer> {
  const directory_length = Math.max(0, link.name_at() - 1);
  const shared = shared_length(link.bytes, directory_length, path.bytes);
  let end = 0;
  for (let at = shared; at < directory_length; at++) {
    if (at > shared && link.bytes[at - 1] !== SLASH) continue;
    target[end++] = DOT;
    target[end++] = DOT;
    target[end++] = SLASH;
  }
  copy_bytes(path.bytes, shared, target, end, path.length + 1 - shared);
  return target;
}

// How many bytes of the path lie in directories that it shares with the other one, the slash behind them included.
function shared_length(directory: Uint8Array, directory_length: number, path: Uint8Array): number {
  let shared = 0;
  for (let at = 0; at < directory_length; at++) {
    if (directory[at] !== path[at]) return shared;
    if (directory[at] === SLASH) shared = at + 1;
  }
  return directory_length > 0 && path[directory_length] === SLASH ? directory_length + 1 : shared;
}
