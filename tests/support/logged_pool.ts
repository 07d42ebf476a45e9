// A pool in a mount namespace of its own, where /dev/log is the socket of a test's log daemon.

import { assertEquals } from "@std/assert";
import { type Pool, PROGRAM } from "./mount.ts";
import { run, type RunResult } from "./run.ts";
import { DEV_WITH_LOG, must_inside } from "./system_log.ts";
import { processes_of } from "./temp_dir.ts";
import { DEADLINE_MS } from "./wait_until.ts";

/** Records that may wait for a log daemon of which none is to be lost. */
export const QUEUE_RECORDS = 4096;

/** Shell code that makes `$1`/pool a mountpoint, with /dev/log, and runs the rest of the arguments. */
export const START = `set -eu; mkdir -p "$1/pool"; ${DEV_WITH_LOG} shift; exec "$@"`;

/** Runs the program in the background, in a namespace; returns when it has detached, or failed. */
export async function start(pool: Pool, args: readonly string[], program = PROGRAM, before = ""): Promise<RunResult> {
  const script = START.replace("shift;", `${before} shift;`).replace('exec "$@"', 'exec "$@" > "$0" 2>&1');
  const output = `${pool.directory}/output`;
  const result = await run("unshare", ["--mount", "bash", "-c", script, output, pool.directory, program, ...args], {
    deadline_ms: DEADLINE_MS,
  });
  return { ...result, stderr: result.stderr + await Deno.readTextFile(output) };
}

/** The same with the branches and the mountpoint of the pool; must be mounted. Returns the process. */
export async function start_pool(pool: Pool, options: string, branches = pool.branches): Promise<number> {
  const result = await start(pool, ["-o", `minfreespace=0${options}`, branches.join(":"), pool.mountpoint]);
  assertEquals(result.code, 0, result.stderr);
  return processes_of(pool.mountpoint)[0]!;
}

/** A path of the pool as this process sees it. */
export function inside(pid: number, path: string): string {
  return `/proc/${pid}/root${path}`;
}

export function command(pool: Pool, pid: number, name: string): Promise<string> {
  return must_inside(pid, "setfattr", ["-n", `user.mergerfs.${name}`, "-v", "x", pool.path(".mergerfs")]);
}

export async function unmount(pool: Pool, pid: number): Promise<void> {
  await must_inside(pid, "umount", [pool.mountpoint]);
  await pool.assert_gone();
}
