// Every path below a directory once, parents first, without following symlinks and without a limit for the depth.

import { assertEquals } from "@std/assert";
import { ENAMETOOLONG } from "../../src/base/errno.ts";
import { DIRENT_RECORD_LENGTH, DIRENT_TYPE, DT_UNKNOWN } from "../../src/sys/dir.ts";
import { close, O_CREAT } from "../../src/sys/file.ts";
import { AT_FDCWD, openat } from "../../src/sys/path.ts";
import { pool_walk } from "../../src/tools/pool_walk.ts";
import { must_run } from "../support/handler.ts";
import { in_scratch_directory, path_bytes } from "../support/scratch.ts";
import { with_stand_ins } from "../support/system_calls.ts";

function walk(root: string): { paths: string[]; errors: [string, number][] } {
  const errors: [string, number][] = [];
  return { paths: [...pool_walk(root, (path, error) => errors.push([path, error]))], errors };
}

Deno.test("each path comes once, a directory before what is in it, symlinks as themselves, names as their bytes", () => {
  in_scratch_directory((directory) => {
    for (const path of ["a", "a/b", "empty"]) Deno.mkdirSync(`${directory}/${path}`);
    for (const path of ["a/file", "a/b/file"]) Deno.writeTextFileSync(`${directory}/${path}`, "");
    Deno.symlinkSync("..", `${directory}/a/up`);
    close(openat(AT_FDCWD, path_bytes(directory, [0xff, 0x0a]), O_CREAT, 0o600));
    const { paths, errors } = walk(directory);
    assertEquals(errors, []);
    assertEquals(paths[0], directory);
    const below = ["a", "a/b", "a/b/file", "a/file", "a/up", "empty", "\udcff\n"].map((path) => `${directory}/${path}`);
    assertEquals(paths.slice(1).sort(), below);
    for (const path of below) {
      const parent = path.replace(/\/[^/]*$/, "");
      assertEquals(paths.indexOf(parent) < paths.indexOf(path), true, path);
    }
    assertEquals(walk(`${directory}//`).paths.slice(1).sort(), below);
  });
});

Deno.test("directories are found where the file system does not tell types, and symlinks are not followed there", () => {
  in_scratch_directory((directory) => {
    Deno.mkdirSync(`${directory}/a`);
    Deno.writeTextFileSync(`${directory}/a/file`, "");
    Deno.symlinkSync("a", `${directory}/link`);
    with_stand_ins({ getdents64: without_types }, () => {
      const below = ["a", "a/file", "link"].map((path) => `${directory}/${path}`);
      assertEquals(walk(directory).paths.slice(1).sort(), below);
    });
  });
});

/** getdents64 as it answers on some file systems. */
function without_types(real: () => number, values: readonly unknown[]): number {
  const length = real();
  const records = values[1] as Uint8Array;
  for (let at = 0; at < length; at += records[at + DIRENT_RECORD_LENGTH]!) records[at + DIRENT_TYPE] = DT_UNKNOWN;
  return length;
}

Deno.test("a tree deeper than a path may be long is walked as far as paths go, and that is told", () => {
  in_scratch_directory((directory) => {
    const name = "d".repeat(200);
    must_run(
      "bash",
      "-euc",
      `cd "$1"; for ((i = 0; i < 25; i++)); do mkdir ${name}; cd ${name}; done`,
      "test",
      directory,
    );
    const { paths, errors } = walk(directory);
    assertEquals(errors.map(([_, error]) => error), [-ENAMETOOLONG]);
    assertEquals(paths.at(-1), errors[0]![0]);
    assertEquals(paths.length > 15, true);
  });
});

Deno.test("what is no directory, or is gone, is passed over in silence", () => {
  in_scratch_directory((directory) => {
    Deno.writeTextFileSync(`${directory}/file`, "");
    assertEquals(walk(`${directory}/file`), { paths: [`${directory}/file`], errors: [] });
    assertEquals(walk(`${directory}/none`), { paths: [`${directory}/none`], errors: [] });
  });
});
