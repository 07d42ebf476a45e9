// Branches for a test: plain directories, or small file systems of their own.

import { must } from "./run.ts";

/** "dir": a directory of the test's own file system. "tmpfs", "ext4": a small file system, ext4 on a loop device. */
export type DiskKind = "dir" | "tmpfs" | "ext4";

export const MIB = 1024 * 1024;

/** Makes an empty branch at `directory` (mode 0755, root's). `spare` is a free path beside it, for the image of a disk. */
export async function make_disk(kind: DiskKind, directory: string, spare: string, size_bytes: number): Promise<void> {
  await Deno.mkdir(directory, { mode: 0o755 });
  if (kind === "tmpfs") {
    await must("mount", ["-t", "tmpfs", "-o", `size=${size_bytes},mode=755`, "tmpfs", directory]);
  } else if (kind === "ext4") {
    await make_ext4(directory, spare, size_bytes);
  }
}

async function make_ext4(directory: string, image: string, size_bytes: number): Promise<void> {
  await must("truncate", ["-s", String(size_bytes), image]);
  await must("mkfs.ext4", ["-q", "-F", "-m", "0", "-I", "256", "-O", "^has_journal", image]);
  await must("mount", ["-o", "loop", image, directory]);
  await Deno.remove(`${directory}/lost+found`);
}
