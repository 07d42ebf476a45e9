// Which branches a policy may choose at all: the checks of config spec §6.3, in their order. A filter has two halves,
// because "newest" looks at the modification time between them.

import { ENOENT, ENOSPC, EROFS } from "../base/errno.ts";
import { type Branch, MODE_RO, MODE_RW } from "../branches/branch.ts";
import type { Probe } from "./policy.ts";

/** 0, or the positive errno that this branch contributes. */
export type Check = (branch: Branch, index: number, probe: Probe) => number;

export interface Filter {
  /** Checks 1 and 2: mode, existence. */
  readonly admit: Check;
  /** Checks 3 to 5: space figures known, writable, enough space. */
  readonly space: Check;
}

function writable_mode(branch: Branch): number {
  return branch.mode === MODE_RW ? 0 : EROFS;
}

function writable_mode_and_exists(branch: Branch, index: number, probe: Probe): number {
  if (branch.mode !== MODE_RW) return EROFS;
  return probe.exists(branch, index) ? 0 : ENOENT;
}

function changeable_mode_and_exists(branch: Branch, index: number, probe: Probe): number {
  if (branch.mode === MODE_RO) return EROFS;
  return probe.exists(branch, index) ? 0 : ENOENT;
}

function exists(branch: Branch, index: number, probe: Probe): number {
  return probe.exists(branch, index) ? 0 : ENOENT;
}

function enough_space(branch: Branch, index: number, probe: Probe): number {
  if (!probe.space(branch, index)) return ENOENT;
  if (probe.read_only) return EROFS;
  return probe.available_bytes < branch.minfreespace_bytes ? ENOSPC : 0;
}

function writable(branch: Branch, index: number, probe: Probe): number {
  if (!probe.space(branch, index)) return ENOENT;
  return probe.read_only ? EROFS : 0;
}

function known_space(branch: Branch, index: number, probe: Probe): number {
  return probe.space(branch, index) ? 0 : ENOENT;
}

function no_check(): number {
  return 0;
}

/** Create policies that do not ask whether the parent directory exists. */
export const CREATE: Filter = { admit: writable_mode, space: enough_space };
/** Create policies that keep to branches where the parent directory exists: ep*, one level of msp*, newest. */
export const CREATE_EXISTING: Filter = { admit: writable_mode_and_exists, space: enough_space };
export const ACTION: Filter = { admit: changeable_mode_and_exists, space: writable };
export const SEARCH: Filter = { admit: exists, space: no_check };
/** Search policies that compare space. */
export const SEARCH_SPACE: Filter = { admit: exists, space: known_space };

/** All checks in order: 0, or the reason of the first that fails. */
export function rejection(filter: Filter, branch: Branch, index: number, probe: Probe): number {
  const errno = filter.admit(branch, index, probe);
  return errno !== 0 ? errno : filter.space(branch, index, probe);
}
