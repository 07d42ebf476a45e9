// What reading a branch list asks the file system, at configuration time only. The functions can be replaced in tests.

import { c_string } from "../base/bytes.ts";
import { PATH_MAX_BYTES } from "../base/limits.ts";
import { path_text } from "../base/path_text.ts";
import { StatxBuffer } from "../base/statx.ts";
import { DT_DIR, DT_LNK, DT_UNKNOWN, list_directory } from "../sys/dir.ts";
import { AT_FDCWD, lstat, readlinkat, realpath, stat } from "../sys/path.ts";
import { glob } from "./glob.ts";

/** Paths are reversible texts (base/path_text.ts), because a branch need not be called in UTF-8. */
export interface BranchFiles {
  /** Canonical absolute path; undefined when it cannot be resolved. */
  realpath(text: string): string | undefined;
  /** True when something else than a directory is there; not when nobody can tell, as on a disk that does not answer. */
  is_no_directory(text: string): boolean;
  /**
   * Paths that match, as glob(3) with braces and directories only; empty when none does. What is behind a path that must
   * not be touched is not found; it itself may be.
   */
  glob(text: string, must_not_touch?: (path: string) => boolean): string[];
  /** The target of a symlink; undefined for anything else. */
  read_link(text: string): string | undefined;
}

/** The machine's files. */
export const SYSTEM_BRANCH_FILES: BranchFiles = {
  realpath(text: string): string | undefined {
    const out = new Uint8Array(PATH_MAX_BYTES);
    const length = realpath(c_string(text), out);
    return length < 0 ? undefined : path_text(out.subarray(0, length));
  },
  is_no_directory(text: string): boolean {
    const found = new StatxBuffer();
    return stat(AT_FDCWD, c_string(text), found) === 0 && !found.is_directory;
  },
  glob(text: string, must_not_touch: (path: string) => boolean = () => false): string[] {
    return glob(text, {
      exists: (path) => !must_not_touch(path) && exists(path),
      list_directories: (path) => must_not_touch(path) ? [] : list_directories(path, must_not_touch),
    });
  },
  read_link(text: string): string | undefined {
    const out = new Uint8Array(PATH_MAX_BYTES);
    const length = readlinkat(AT_FDCWD, c_string(text), out, out.length);
    return length < 0 ? undefined : path_text(out.subarray(0, length));
  },
};

function exists(text: string): boolean {
  return lstat(AT_FDCWD, c_string(text), new StatxBuffer()) === 0;
}

/** Also symlinks that lead to one, and on a file system that does not tell types what stat(2) says is one. */
function list_directories(text: string, must_not_touch: (path: string) => boolean): string[] {
  const prefix = `${text}/`;
  return list_directory(c_string(text)).map(({ name, type }) => ({ name: path_text(name), type }))
    .filter(({ name, type }) =>
      type === DT_DIR || (may_lead_to_one(type) && (must_not_touch(prefix + name) || is_directory(prefix + name)))
    )
    .map(({ name }) => name);
}

function may_lead_to_one(type: number): boolean {
  return type === DT_LNK || type === DT_UNKNOWN;
}

function is_directory(text: string): boolean {
  const found = new StatxBuffer();
  return stat(AT_FDCWD, c_string(text), found) === 0 && found.is_directory;
}
