// What reading a branch list asks the file system, at configuration time only. The functions can be replaced in tests.

import { glob } from "./glob.ts";

export interface BranchFiles {
  /** Canonical absolute path; undefined when it cannot be resolved. */
  realpath(text: string): string | undefined;
  /** True for a directory, also behind a symlink. */
  is_directory(text: string): boolean;
  /** Paths that match, as glob(3) with braces and directories only; empty when none does. */
  glob(text: string): string[];
}

function attempt<T>(action: () => T, otherwise: T): T {
  try {
    return action();
  } catch {
    return otherwise;
  }
}

function list_directories(path: string): string[] {
  const names: string[] = [];
  for (const entry of Deno.readDirSync(path)) if (entry.isDirectory || entry.isSymlink) names.push(entry.name);
  return names;
}

/** Deno's file functions. They take UTF-8 only: a path with other bytes is taken as written. */
export const SYSTEM_BRANCH_FILES: BranchFiles = {
  realpath(text: string): string | undefined {
    return attempt(() => text.isWellFormed() ? Deno.realPathSync(text) : undefined, undefined);
  },
  is_directory(text: string): boolean {
    return attempt(() => Deno.statSync(text).isDirectory, false);
  },
  glob(text: string): string[] {
    return glob(text, {
      exists: (path) => attempt(() => Deno.lstatSync(path) !== undefined, false),
      list_directories: (path) => attempt(() => list_directories(path), []),
    });
  },
};
