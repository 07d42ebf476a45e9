// A directory of its own for each test, gone afterwards with everything that was mounted or still runs in it.

import { mounts_below } from "./mount_table.ts";
import { run } from "./run.ts";
import { wait_until } from "./wait_until.ts";

/** Calls `body` with a new directory and removes that afterwards, whatever happened. */
export async function with_temp_dir<T>(body: (directory: string) => Promise<T>): Promise<T> {
  const directory = await make_temp_dir();
  try {
    return await body(directory);
  } finally {
    await remove_temp_dir(directory);
  }
}

/** Other users must be able to pass: the tests of credentials work below it. */
async function make_temp_dir(): Promise<string> {
  const base = Deno.env.get("TMPDIR");
  // Only the runner's own directory is opened; nobody else's.
  if (base !== undefined && /\/mergerfs-ts-test\.[^/]+$/.test(base)) await Deno.chmod(base, 0o711);
  const directory = await Deno.makeTempDir({ prefix: "mergerfs-ts-mount-" });
  await Deno.chmod(directory, 0o755);
  return await Deno.realPath(directory);
}

async function remove_temp_dir(directory: string): Promise<void> {
  for (const pid of processes_of(directory)) kill(pid, "SIGKILL");
  await wait_until("the killed processes are gone", () => processes_of(directory).length === 0);
  for (let rounds = 0; rounds < 10 && mounts_below(directory).length > 0; rounds++) {
    for (const { mountpoint } of mounts_below(directory)) await run("umount", ["-l", mountpoint]);
  }
  if (mounts_below(directory).length > 0) throw new Error(`Cannot unmount what lies below "${directory}"`);
  // By rm, because names need not be UTF-8.
  const removed = await run("rm", ["-rf", "--one-file-system", directory]);
  if (removed.code !== 0) throw new Error(removed.stderr);
}

/** The processes whose command line names the directory. Nobody else's can: its name is random. */
export function processes_of(directory: string): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name))
    .filter((pid) => pid > 0 && pid !== Deno.pid && command_line(pid).includes(directory));
}

/** Sends a signal to a process that may have ended. */
export function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Arguments joined by blanks; empty for a process that is gone or a zombie. */
function command_line(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
  } catch {
    return "";
  }
}
