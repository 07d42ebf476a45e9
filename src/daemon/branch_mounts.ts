// Waits until the disks of all branches are mounted (options branches-mount-timeout and branches-mount-timeout-fail, config
// §4.8), on the terminal and before anything of the pool is there: a signal simply ends the wait.
import { log } from "../base/log.ts";
import { Configuration } from "../config/configuration.ts";
import { device_of, exists, has_xattr } from "../sys/aside.ts";
import { resolve_mountpoint } from "./mount.ts";
import { StartError } from "./start_error.ts";

const POLL_MS = 333;
const MARK = "mergerfs.branch";
const EMPTY_MARK = "mergerfs.branch_mounts_here";

/** Returns when all branches are mounted, or the time is over; throws a StartError when the latter is to end the start. */
export async function wait_for_branches(configuration: Configuration): Promise<void> {
  const timeout_s = Number(configuration.get("branches-mount-timeout"));
  if (timeout_s === 0) return;
  const device = await device_of(resolve_mountpoint(configuration.get("mountpoint")!));
  const paths = configuration.branches.map(({ text }) => text);
  const missing = await unmounted_branches(paths, timeout_s * 1000, {
    is_mounted: (path) => is_mounted(path, device),
    mount: run_mount,
  });
  if (missing.length === 0) return;
  const problem = `Not mounted within ${timeout_s} s: ${quoted(missing)}`;
  if (configuration.get("branches-mount-timeout-fail") === "true") {
    throw new StartError(`${problem} (mount it, or give "branches-mount-timeout" more seconds)`);
  }
  log("warning", `${problem}; the pool starts all the same`);
}

/** What the wait asks and does; functions that can be replaced in tests. */
export interface BranchMounts {
  is_mounted(path: string): Promise<boolean>;
  /** Resolves when the attempt is over, whatever came of it. */
  mount(path: string): Promise<void>;
}

/**
 * Looks at all branches until each was seen mounted, and tries once to mount those that are not. Returns the branches that
 * are still not mounted when the time is over; a disk that does not answer is one of them. The last one to come has an
 * interval to settle.
 */
export async function unmounted_branches(
  paths: readonly string[],
  timeout_ms: number,
  mounts: BranchMounts,
): Promise<string[]> {
  const end_ms = performance.now() + timeout_ms;
  const waits = paths.map((path) => new BranchWait(path, mounts));
  for (const wait of waits) wait.above = waits.filter(({ path }) => wait.path.startsWith(`${path}/`));
  for (let round = 0;; round++) {
    waits.forEach((wait) => wait.look());
    await sleep(Math.min(POLL_MS, Math.max(0, end_ms - performance.now())));
    const missing = waits.filter(({ mounted }) => !mounted).map(({ path }) => path);
    if (missing.length === 0 || performance.now() >= end_ms) return missing;
    if (round === 0) log("notice", `Waiting for ${quoted(missing)} to be mounted`);
  }
}

/** One branch, until it was seen mounted. */
class BranchWait {
  mounted = false;
  /** Branches above this one: a mount here before theirs would be hidden by it. */
  above: readonly BranchWait[] = [];
  private is_asked = false;
  private is_tried = false;
  /** Resolves when it was seen mounted, or the attempt to mount it is over. */
  private readonly settled = Promise.withResolvers<void>();

  constructor(readonly path: string, private readonly mounts: BranchMounts) {}

  /** Asks once more, unless an answer is still to come. */
  async look(): Promise<void> {
    if (this.mounted || this.is_asked) return;
    this.is_asked = true;
    this.mounted = await this.mounts.is_mounted(this.path);
    this.is_asked = false;
    if (this.mounted) this.settled.resolve();
    else if (!this.is_tried) await this.try_to_mount();
  }

  private async try_to_mount(): Promise<void> {
    this.is_tried = true;
    await Promise.all(this.above.map(({ settled }) => settled.promise));
    await this.mounts.mount(this.path);
    this.settled.resolve();
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function quoted(paths: readonly string[]): string {
  return paths.map((path) => `"${path}"`).join(", ");
}

/**
 * The first rule that applies decides (config §4.8): marks that are on the disk, marks on the empty directory, and else
 * whether the branch lies on another device than the mountpoint (`mountpoint_device`).
 */
export async function is_mounted(branch: string, mountpoint_device: string | undefined): Promise<boolean> {
  if (await has_xattr(branch, `user.${MARK}`)) return true;
  if (await exists(`${branch}/.${MARK}`)) return true;
  if (await has_xattr(branch, `user.${EMPTY_MARK}`)) return false;
  if (await exists(`${branch}/.${EMPTY_MARK}`)) return false;
  const device = await device_of(branch);
  return device !== undefined && device !== mountpoint_device;
}

async function run_mount(path: string): Promise<void> {
  try {
    const io = { stdin: "null", stdout: "null", stderr: "inherit" } as const;
    await new Deno.Command("mount", { args: [path], ...io }).spawn().status;
  } catch (error) {
    log("warning", `Cannot run "mount": ${error instanceof Error ? error.message : error}`);
  }
}
