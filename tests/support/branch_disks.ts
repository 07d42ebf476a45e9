// Branches for a test: plain directories, or small file systems of their own.

import { must } from "./run.ts";

/** "dir": a directory of the test's own file system. Else a small file system, on a loop device where it needs one. */
export type DiskKind = "dir" | "tmpfs" | "ext4" | "xfs" | "btrfs";

/** xfs takes 300 MiB at least, btrfs 64. */
const MAKERS = {
  ext4: ["mkfs.ext4", "-q", "-F", "-m", "0", "-I", "256", "-O", "^has_journal"],
  xfs: ["mkfs.xfs", "-q", "-f"],
  btrfs: ["mkfs.btrfs", "-q", "-f", "--mixed"],
} as const;

export const MIB = 1024 * 1024;

/** Makes an empty branch at `directory` (mode 0755, root's). `spare` is a free path beside it, for the image of a disk. */
export async function make_disk(kind: DiskKind, directory: string, spare: string, size_bytes: number): Promise<void> {
  await Deno.mkdir(directory, { mode: 0o755 });
  if (kind === "tmpfs") {
    await must("mount", ["-t", "tmpfs", "-o", `size=${size_bytes},mode=755`, "tmpfs", directory]);
  } else if (kind !== "dir") {
    await must("truncate", ["-s", String(size_bytes), spare]);
    const [program, ...options] = MAKERS[kind];
    await must(program!, [...options, spare]);
    await must("mount", ["-o", "loop", spare, directory]);
    if (kind === "ext4") await Deno.remove(`${directory}/lost+found`);
  }
}

/** Lets everything on an empty btrfs together take 3 MiB: what needs more gets EDQUOT. */
export async function set_quota(disk: string): Promise<void> {
  await must("btrfs", ["quota", "enable", disk]);
  await must("btrfs", ["qgroup", "limit", "3M", "0/5", disk]);
}
