// The source that the mount table shows when the user names none (config spec §1.8).

/** The branch paths without their longest common beginning (character by character), joined with ":". */
export function compute_fsname(paths: readonly string[]): string {
  const length = common_length(paths);
  return paths.map((path) => path.slice(length)).join(":");
}

/** The first index of the first path where another one ends or differs; 0 when that is never found. */
function common_length(paths: readonly string[]): number {
  const first = paths[0] ?? "";
  for (let at = 0; at < first.length; at++) {
    // Never between the halves of one character.
    if (paths.some((path) => path[at] !== first[at])) return /[\uD800-\uDBFF]/.test(first[at - 1] ?? "") ? at - 1 : at;
  }
  return 0;
}
