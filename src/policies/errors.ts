// Which error wins when branches were rejected for different reasons (config spec §6.3):
// EROFS before ENOSPC before ENOENT, whatever the order.

import { ENOENT, ENOSPC, EROFS } from "../base/errno.ts";

/** The stronger of two reasons; errno numbers are positive. */
export function worse_error(current: number, next: number): number {
  if (current === EROFS || next === EROFS) return EROFS;
  if (current === ENOSPC || next === ENOSPC) return ENOSPC;
  return ENOENT;
}
