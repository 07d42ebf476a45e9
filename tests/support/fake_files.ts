// A file system that exists as a list of paths only, for tests of branches and configuration.

import type { BranchFiles } from "../../src/branches/branch_files.ts";
import { glob } from "../../src/branches/glob.ts";
import type { Environment } from "../../src/config/environment.ts";
import { ENOENT } from "../../src/base/errno.ts";

export interface FakeTree {
  readonly directories?: readonly string[];
  /** Path and content. */
  readonly files?: Readonly<Record<string, string>>;
  /** Path and target, absolute. */
  readonly symlinks?: Readonly<Record<string, string>>;
}

function lookup_functions(tree: FakeTree) {
  const directories = new Set(tree.directories ?? []);
  const symlinks = tree.symlinks ?? {};
  const files = tree.files ?? {};
  return {
    is_no_directory: (path: string) => (symlinks[path] ?? path) in files,
    exists: (path: string) => directories.has(path) || path in symlinks || path in files,
    paths: [...directories, ...Object.keys(symlinks), ...Object.keys(files)],
    directories,
    symlinks,
  };
}

/** Branch lookups in the tree. */
export function fake_branch_files(tree: FakeTree): BranchFiles {
  const { is_no_directory, exists, directories, symlinks } = lookup_functions(tree);
  const list_directories = (directory: string) => {
    const prefix = directory.endsWith("/") ? directory : directory + "/";
    return [...directories, ...Object.keys(symlinks)]
      .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes("/") && path !== prefix)
      .map((path) => path.slice(prefix.length));
  };
  return {
    realpath(text) {
      const path = text.length > 1 ? text.replace(/\/+$/, "") : text;
      return exists(path) ? symlinks[path] ?? path : undefined;
    },
    is_no_directory,
    read_link: (path) => symlinks[path],
    glob: (pattern, must_not_touch = () => false) =>
      glob(pattern, {
        exists: (path) => !must_not_touch(path) && exists(path.replace(/(.)\/+$/, "$1")),
        list_directories: (path) => must_not_touch(path) ? [] : list_directories(path),
      }),
  };
}

/** An environment over the tree; what is logged lands in `messages`. */
export function fake_environment(tree: FakeTree, messages: string[] = []): Environment {
  const files = tree.files ?? {};
  return {
    branch_files: fake_branch_files(tree),
    read_file: (path) => path in files ? new TextEncoder().encode(files[path]) : -ENOENT,
    working_directory: () => "/",
    places_of_mount: (mountpoint) => [mountpoint],
    try_append: (path) => path.startsWith("/missing/") ? -ENOENT : 0,
    log: (_level, message) => void messages.push(message),
    page_bytes: 4096,
  };
}
