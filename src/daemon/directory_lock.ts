// Starts of the same mount take turns by flock(2) on a directory: nothing is left behind, and no file has to be writable.

/**
 * Waits until this process alone holds the lock of the directory; let go by closing, and at the end of the process.
 * Undefined where the directory cannot be opened or its filesystem has no locks: then nobody waits.
 */
export function lock_directory(path: string): Deno.FsFile | undefined {
  try {
    const directory = Deno.openSync(path);
    directory.lockSync(true);
    return directory;
  } catch {
    return undefined;
  }
}
