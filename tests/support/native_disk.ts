// A plain file system beside a pool, to compare with.

import { type DiskKind, make_disk, MIB } from "./branch_disks.ts";
import type { Pool } from "./mount.ts";
import { must } from "./run.ts";

/** Mounts one without set-id programs and devices, as pools are mounted by default. Returns its directory. */
export async function native_disk(pool: Pool, kind: DiskKind = "tmpfs", size_bytes = 64 * MIB): Promise<string> {
  const native = `${pool.directory}/native`;
  await make_disk(kind, native, `${pool.directory}/native_image`, size_bytes);
  await must("mount", ["-o", "remount,nosuid,nodev", native]);
  return native;
}
