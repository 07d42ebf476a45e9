// The option readahead: how much the kernel reads ahead, for the pool and for the disks below it (operations §23).
import { log } from "../base/log.ts";
import { Configuration } from "../config/configuration.ts";
import { device_of } from "../sys/aside.ts";

/**
 * Sets it for the devices of the mountpoint and of every branch. Only when the mount is served, and never waited for: it
 * asks disks that may sleep. What fails is logged and changes nothing else.
 */
export async function set_read_ahead(configuration: Configuration, mountpoint: string): Promise<void> {
  const kibibytes = configuration.get("readahead")!;
  if (kibibytes === "0") return;
  const paths = [mountpoint, ...configuration.branches.map(({ text }) => text)];
  await Promise.all(paths.map((path) => set_for(path, kibibytes)));
}

async function set_for(path: string, kibibytes: string): Promise<void> {
  const device = await device_of(path);
  if (device === undefined) return log("error", `Read-ahead: cannot find the device of "${path}"`);
  try {
    await Deno.writeTextFile(`/sys/class/bdi/${device}/read_ahead_kb`, kibibytes, { create: false });
    log("info", `Read-ahead of "${path}" (device ${device}) is ${kibibytes} KiB`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return; // not every filesystem reads ahead
    log("error", `Read-ahead of "${path}" cannot be set: ${error instanceof Error ? error.message : error}`);
  }
}
