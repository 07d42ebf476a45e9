// The program as the helper of mount(8): it mounts what an fstab line says, once (config §1.11, departures D18).
import type { CommandLine } from "../config/command_line.ts";
import { remove_dead_mount } from "../daemon/former_mount.ts";
import { lock_directory } from "../daemon/directory_lock.ts";
import { former_pool } from "../daemon/live_mount.ts";
import { reporting_start_errors } from "../daemon/serve.ts";
import { become_user } from "../daemon/user.ts";
import { type HelperArguments, read_helper_arguments } from "./helper_arguments.ts";
import { remount } from "./remount.ts";
import { start } from "./start.ts";
import type { StartName } from "./start_name.ts";

/** mount(8) hands on neither. PATH is where fusermount3 is looked for. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  HOME: "/root",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

/** Does what mount(8) asks for; resolves with the exit code, which mount(8) makes its own. */
export async function run_mount_helper(name: StartName, argv: readonly string[]): Promise<number> {
  const given = read_helper_arguments(name, argv);
  if (typeof given === "string") {
    console.error(given);
    return 1;
  }
  return await reporting_start_errors(given.program, () => mount_as_told(given));
}

async function mount_as_told(given: HelperArguments): Promise<number> {
  for (const [name, text] of Object.entries(ENVIRONMENT)) {
    if (Deno.env.get(name) === undefined) Deno.env.set(name, text);
  }
  if (given.user !== undefined) become_user(given.user);
  if (given.is_remount) return remount(given);
  return await start(given.program, given.argv, (line) => given.is_fake ? 0 : mounted_already(given.program, line));
}

/** An exit code when there is nothing to mount: fstab is worked through again, or by several at once. */
function mounted_already(program: string, line: CommandLine): number | undefined {
  const { configuration } = line;
  const mountpoint = configuration.get("mountpoint")!;
  remove_dead_mount(mountpoint);
  lock_directory(mountpoint); // until this process ends, which it does when the pool answers
  if (configuration.get("lazy-umount-mountpoint") === "true") return undefined; // the new one takes the place of the former
  const former = former_pool(configuration);
  if (former === "same") {
    console.log(`${program}: This pool is mounted on "${mountpoint}" already`);
    return 0;
  }
  if (former === "other") {
    const remedy = `to replace it: umount "${mountpoint}" first, as often as it is mounted`;
    console.error(`${program}: Another pool is mounted on "${mountpoint}", this one goes on top of it (${remedy})`);
  }
  return undefined;
}
