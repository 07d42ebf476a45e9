// One table of results for both ways to open without following symlinks: openat2, and component by component as on Linux
// before 5.6 (departures D3).

import { assertEquals } from "@std/assert";
import { c_string } from "../../src/base/bytes.ts";
import { ELOOP, ENOENT, ENOTDIR, errno_name, EXDEV } from "../../src/base/errno.ts";
import { StatxBuffer } from "../../src/base/statx.ts";
import { close, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY } from "../../src/sys/file.ts";
import { AT_FDCWD, fstat, lstat, open_no_symlinks, openat, pretend_openat2_missing } from "../../src/sys/path.ts";
import { in_scratch_directory } from "../support/scratch.ts";

const DIRECTORY = O_PATH | O_DIRECTORY;
const OBJECT = O_PATH | O_NOFOLLOW;

/** Path below the root of the test; flags; the errno, or the path of the object that is expected. */
const BOTH: readonly (readonly [string, number, number | string])[] = [
  ["a", DIRECTORY, "a"],
  ["a/b", DIRECTORY, "a/b"],
  ["a//b/", DIRECTORY, "a/b"],
  ["./a/./b", DIRECTORY, "a/b"],
  [".", DIRECTORY, "."],
  ["a/b/file", O_RDONLY, "a/b/file"],
  ["a/b/file", OBJECT, "a/b/file"],
  ["a/b/..", DIRECTORY, "a"],
  ["a/../a/b/file", OBJECT, "a/b/file"],
  ["", DIRECTORY, -ENOENT],
  ["a/none", OBJECT, -ENOENT],
  ["none/b", OBJECT, -ENOENT],
  ["a/b/file/x", OBJECT, -ENOTDIR],
  ["a/b/file/", OBJECT, -ENOTDIR],
  ["a/b/file", DIRECTORY, -ENOTDIR],
  // A symlink on the way.
  ["to_a/b", DIRECTORY, -ELOOP],
  ["to_a/b/file", OBJECT, -ELOOP],
  ["a/to_b/file", O_RDONLY, -ELOOP],
  ["dangling/x", OBJECT, -ELOOP],
  // A symlink at the end.
  ["to_a", OBJECT, "to_a"],
  ["dangling", OBJECT, "dangling"],
  ["to_a", O_PATH, -ELOOP],
  ["to_a", DIRECTORY, -ELOOP],
  ["to_a", O_RDONLY, -ELOOP],
  ["to_a/", OBJECT, -ELOOP],
  ["to_a", O_RDONLY | O_NOFOLLOW, -ELOOP],
  ["to_a", DIRECTORY | O_NOFOLLOW, -ENOTDIR],
  ["a/b/to_file", O_RDONLY, -ELOOP],
  ["a/b/to_file", OBJECT, "a/b/to_file"],
];

const BENEATH: typeof BOTH = [
  ["..", DIRECTORY, -EXDEV],
  ["a/../..", DIRECTORY, -EXDEV],
  ["a/b/../../../root/a", DIRECTORY, -EXDEV],
  ["/", DIRECTORY, -EXDEV],
];

const ANYWHERE: typeof BOTH = [
  ["../root/a", DIRECTORY, "a"],
  ["a/../../root/a/b/file", OBJECT, "a/b/file"],
  ["/", DIRECTORY, "/"],
];

function in_tree(use: (root: string, dirfd: number) => void): void {
  in_scratch_directory((directory) => {
    const root = `${Deno.realPathSync(directory)}/root`;
    Deno.mkdirSync(`${root}/a/b`, { recursive: true });
    Deno.writeTextFileSync(`${root}/a/b/file`, "");
    Deno.symlinkSync("a", `${root}/to_a`);
    Deno.symlinkSync("b", `${root}/a/to_b`);
    Deno.symlinkSync("file", `${root}/a/b/to_file`);
    Deno.symlinkSync("nowhere", `${root}/dangling`);
    const dirfd = openat(AT_FDCWD, c_string(root), DIRECTORY, 0);
    try {
      use(root, dirfd);
    } finally {
      close(dirfd);
    }
  });
}

function check(root: string, dirfd: number, path: string, flags: number, beneath: boolean, expected: number | string) {
  const what = `"${path}" with flags ${flags.toString(8)}, beneath ${beneath}`;
  const fd = open_no_symlinks(dirfd, c_string(path), flags, beneath);
  if (typeof expected === "number") {
    if (fd >= 0) close(fd);
    assertEquals(fd >= 0 ? "opened" : errno_name(fd), errno_name(expected), what);
    return;
  }
  assertEquals(fd < 0 ? errno_name(fd) : "opened", "opened", what);
  const [opened, named] = [new StatxBuffer(), new StatxBuffer()];
  assertEquals([fstat(fd, opened), lstat(AT_FDCWD, c_string(expected === "/" ? "/" : `${root}/${expected}`), named)], [
    0,
    0,
  ]);
  close(fd);
  assertEquals(opened.is_same_object(named), true, what);
}

for (const missing of [false, true]) {
  const way = missing ? "component by component" : "with openat2";
  Deno.test(`open_no_symlinks ${way}`, () => {
    pretend_openat2_missing(missing);
    try {
      in_tree((root, dirfd) => {
        for (const [path, flags, expected] of BOTH) {
          check(root, dirfd, path, flags, true, expected);
          check(root, dirfd, path, flags, false, expected);
          if (path !== "") check(root, AT_FDCWD, `${root}/${path}`, flags, false, expected);
        }
        for (const [path, flags, expected] of BENEATH) check(root, dirfd, path, flags, true, expected);
        for (const [path, flags, expected] of ANYWHERE) check(root, dirfd, path, flags, false, expected);
      });
    } finally {
      pretend_openat2_missing(false);
    }
  });
}

// Only those that lead into the directory: other tests of the process open and close descriptors meanwhile.
function descriptors_below(directory: string): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(directory);
    } catch {
      return false;
    }
  }).length;
}

Deno.test("open_no_symlinks leaves no descriptor behind, whatever it answers", () => {
  pretend_openat2_missing(true);
  try {
    in_tree((root, dirfd) => {
      assertEquals(descriptors_below(root), 1);
      for (const [path, flags] of [...BOTH, ...BENEATH]) {
        const fd = open_no_symlinks(dirfd, c_string(path), flags, true);
        assertEquals(descriptors_below(root), fd >= 0 ? 2 : 1, path);
        if (fd >= 0) close(fd);
      }
    });
  } finally {
    pretend_openat2_missing(false);
  }
});
