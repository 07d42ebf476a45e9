// STATFS (operations §20, config §8): the sum over the devices behind the branches.
import { ESTALE, is_shortage } from "../base/errno.ts";
import { STATX_DEV_MAJOR_WORD, STATX_DEV_MINOR_WORD, StatxBuffer } from "../base/statx.ts";
import { PathBuffer } from "../base/path_buffer.ts";
import { Branch, MODE_NC, MODE_RO } from "../branches/branch.ts";
import { STATFS_BASE, STATFS_IGNORE_NC, STATFS_IGNORE_RO } from "../config/words.ts";
import { put_statfs } from "../fuse/reply.ts";
import { close, O_NOFOLLOW, O_PATH } from "../sys/file.ts";
import { fstat, openat } from "../sys/path.ts";
import { fstatvfs, StatvfsBuffer } from "../sys/space.ts";
import { nameless_descriptor } from "./common/object_of_request.ts";
import { DeviceShare, sum_of_shares } from "./common/space_sum.ts";
import { Context } from "./context.ts";

const ROOT = new PathBuffer();
const stat = new StatxBuffer();
const space = new StatvfsBuffer();

/** Smallest values over all branches, zeros left out. */
class Smallest {
  value = 0;

  see(value: number): void {
    if (value !== 0 && (this.value === 0 || value < this.value)) this.value = value;
  }
}

/** STATFS: blocks and files summed over devices, in the smallest fragment size. */
export function statfs(c: Context): number {
  const slot = c.locks.lock_path(c.request.node_low, c.request.node_high, c.path);
  if (slot < 0 && (slot !== -ESTALE || nameless_descriptor(c) < 0)) return slot;
  const path = slot < 0 || c.settings.statfs === STATFS_BASE ? ROOT : c.path;
  const shares = new Map<string, DeviceShare>();
  const bsize = new Smallest();
  const frsize = new Smallest();
  const namemax = new Smallest();
  for (const branch of c.branches) {
    const asked = ask_branch(c, branch, path);
    if (is_shortage(asked)) return asked;
    if (asked < 0) continue;
    bsize.see(space.bsize);
    frsize.see(space.frsize);
    namemax.see(space.namemax);
    const device = `${stat.words[STATX_DEV_MAJOR_WORD]}:${stat.words[STATX_DEV_MINOR_WORD]}`;
    if (!shares.has(device)) shares.set(device, share_of(c, branch));
  }
  const sum = sum_of_shares([...shares.values()], BigInt(frsize.value));
  return put_statfs(c.reply, c.reply.body_word, sum, bsize.value, namemax.value, frsize.value);
}

// Fills `stat` and `space`. Returns 0 or -errno.
function ask_branch(c: Context, branch: Branch, path: PathBuffer): number {
  const reached = c.place.at(branch, path);
  const fd = reached < 0 ? reached : openat(c.place.dirfd, c.place.path, O_PATH | O_NOFOLLOW, 0);
  c.place.done();
  if (fd < 0) return fd;
  const found = fstat(fd, stat);
  const result = found < 0 ? found : fstatvfs(fd, space);
  close(fd);
  return result;
}

function share_of(c: Context, branch: Branch): DeviceShare {
  const counts = space.counts();
  return { ...counts, bavail: is_ignored(c, branch) ? 0n : counts.bavail, frsize: BigInt(space.frsize) };
}

/** Whether a branch's free space is left out (config §8.2). */
function is_ignored(c: Context, branch: Branch): boolean {
  const ignore = c.settings.statfs_ignore;
  const keeps_out_new = branch.mode === MODE_RO || branch.mode === MODE_NC;
  return ((ignore === STATFS_IGNORE_RO || space.is_read_only) && keeps_out_new) ||
    (ignore === STATFS_IGNORE_NC && branch.mode === MODE_NC);
}
