// fio writes at random places and reads back with a checksum for every block: 200 MiB in all, small and large blocks.

import { assertEquals } from "@std/assert";
import { MIB } from "../support/branch_disks.ts";
import { with_pool } from "../support/mount.ts";
import { must } from "../support/run.ts";

interface FioReport {
  readonly jobs: readonly { readonly error: number; readonly write: { readonly io_bytes: number } }[];
}

const ARGUMENTS = [
  "--output-format=json",
  "--size=50m",
  "--numjobs=4",
  "--rw=randwrite",
  "--bsrange=4k-256k",
  "--blockalign=4k",
  "--verify=crc32c",
  "--verify_fatal=1",
  "--do_verify=1",
  "--randseed=1",
  "--fallocate=none",
  "--verify_state_save=0", // it would lie in the current directory
];

async function fio(directory: string, more: readonly string[]): Promise<void> {
  const text = await must("fio", ["--name=verified", `--directory=${directory}`, ...ARGUMENTS, ...more]);
  const report = JSON.parse(text.slice(text.indexOf("{"))) as FioReport;
  assertEquals(report.jobs.map(({ error }) => error), [0, 0, 0, 0]);
  assertEquals(report.jobs.reduce((sum, { write }) => sum + write.io_bytes, 0), 200 * MIB);
}

const BRANCHES = [256, 256, 256].map((size) => ({ size_bytes: size * MIB }));

Deno.test("fio random writes of 200 MiB read back verified", async () => {
  await with_pool({ branches: BRANCHES }, (pool) => fio(pool.mountpoint, ["--ioengine=psync"]));
});

Deno.test("fio random writes through shared mappings read back verified", async () => {
  await with_pool({ branches: BRANCHES }, (pool) => fio(pool.mountpoint, ["--ioengine=mmap"]));
});
