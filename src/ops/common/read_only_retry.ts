// When creating ended in EROFS, a branch may have become read-only underneath: such branches are marked RO, and the
// operation is done once more (operations §3.5, config §4.7).
import { EEXIST, EROFS } from "../../base/errno.ts";
import { c_string } from "../../base/bytes.ts";
import { PathBuffer } from "../../base/path_buffer.ts";
import { Branch, MODE_RW } from "../../branches/branch.ts";
import { Configuration } from "../../config/configuration.ts";
import { ConfigCell } from "../../state/config_cell.ts";
import { close, O_CREAT, O_EXCL, O_WRONLY } from "../../sys/file.ts";
import { openat, unlinkat } from "../../sys/path.ts";
import { Context } from "../context.ts";
import { Place } from "./place.ts";
import { random_name } from "./random_name.ts";

const ATTEMPTS = 3;
const NAME_LENGTH = 6;
const ROOT = new PathBuffer();
const place = new Place();

/** Runs a creating operation, and once more after read-only branches were marked. */
export function with_read_only_retry(c: Context, operation: (c: Context) => number): number {
  const result = operation(c);
  if (result !== -EROFS) return result;
  mark_read_only_branches(c);
  c.refresh_settings();
  return operation(c);
}

function mark_read_only_branches(c: Context): void {
  // Kept figures may be from before a disk became read-only; then the second try does without it.
  c.space.forget();
  for (const [index, branch] of c.branches.entries()) {
    if (branch.mode !== MODE_RW || (c.space.of(branch, index)?.read_only ?? true) || !refuses_files(branch)) continue;
    if (!make_read_only(c.settings_cell.cell, branch)) continue;
    c.events.log("warning", `Branch "${branch.text}" refuses new files as read-only: its mode is RO from now on`);
  }
}

// False when another thread was faster.
function make_read_only(cell: ConfigCell, branch: Branch): boolean {
  let changed = false;
  cell.edit(function mark(text) {
    const configuration = Configuration.parse(text);
    changed = configuration.make_read_only(branch.text);
    return changed ? configuration.serialize() : undefined;
  });
  return changed;
}

function refuses_files(branch: Branch): boolean {
  const root = place.open_directory(branch, ROOT);
  if (root < 0) return false;
  let result = -EEXIST;
  for (let attempt = 0; attempt < ATTEMPTS && result === -EEXIST; attempt++) {
    const name = c_string(`._${random_name(NAME_LENGTH)}`);
    result = openat(root, name, O_WRONLY | O_CREAT | O_EXCL, 0o600);
    if (result < 0) continue;
    close(result);
    unlinkat(root, name, 0);
  }
  close(root);
  return result === -EROFS;
}
