// Whether a path leads to the pool's own mountpoint or below it. A worker that looked there would wait for itself, so it is
// told from the text and from symlinks on the way, and nothing of the pool is touched.

/** As the kernel: so many symlinks on the way (path_resolution(7)). */
const SYMLINKS_MAX = 40;

/**
 * Walks an absolute path name by name. `read_link` gives the target of a symlink, undefined for anything else, and is asked
 * for paths outside of `mountpoints` only, which are canonical: all places where the pool is mounted.
 */
export function leads_into(
  path: string,
  mountpoints: readonly string[],
  read_link: (path: string) => string | undefined,
): boolean {
  const names = path.split("/").reverse();
  let links = 0;
  let reached = "";
  while (names.length > 0) {
    const name = names.pop()!;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      reached = reached.slice(0, Math.max(0, reached.lastIndexOf("/")));
      continue;
    }
    const next = `${reached}/${name}`;
    if (mountpoints.includes(next)) return true;
    const target = links < SYMLINKS_MAX ? read_link(next) : undefined;
    if (target === undefined) reached = next;
    else {
      links++;
      if (target.startsWith("/")) reached = "";
      names.push(...target.split("/").reverse());
    }
  }
  return false;
}
