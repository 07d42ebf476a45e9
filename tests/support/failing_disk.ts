// A disk that fails while it is in use: ext4 then takes no changes any more, with EROFS, and from Linux 6.15 on statvfs does
// not say so. The kernel has a switch to play that, in sysfs.

import { c_string } from "../../src/base/bytes.ts";
import { statvfs, StatvfsBuffer } from "../../src/sys/space.ts";
import { must_run } from "./handler.ts";
import { find_mount } from "./mount_table.ts";

/** Makes a small ext4 on a directory; the image lies beside it. */
export function mount_ext4(directory: string): void {
  const image = `${directory}.image`;
  must_run("truncate", "-s", "4M", image);
  must_run("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", image);
  must_run("mount", "-o", "loop", image, directory);
  Deno.removeSync(`${directory}/lost+found`);
}

/** Lets the ext4 on a directory fail. False where that made it a read-only mount like any other, before Linux 6.15. */
export function fail_ext4(directory: string): boolean {
  must_run("mount", "-o", "remount,errors=remount-ro", directory);
  const device = find_mount(directory)!.source.replace("/dev/", "");
  Deno.writeTextFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, "1");
  const space = new StatvfsBuffer();
  statvfs(c_string(directory), space);
  return !space.is_read_only;
}
