// Acting as the caller: only filesystem ids, per thread, never groups (operations §4, departures D15).
import { EPERM } from "../../base/errno.ts";
import { getfsgid, getfsuid, setfsgid, setfsuid } from "../../sys/identity.ts";

/** "No identity": what requests that create nothing carry on an id-mapped connection. */
const NO_ID = 0xffff_ffff;

/** The ids of one worker's thread. */
export class Credentials {
  private readonly own_uid = getfsuid();
  private readonly own_gid = getfsgid();
  private switched = false;

  /**
   * Group first, then user, as files made from now on shall have them. Returns 0, or -EPERM with everything as before
   * when the system refused: a file with a wrong owner is never made. A daemon that is not root stays who it is.
   */
  become(uid: number, gid: number): number {
    if (this.own_uid !== 0) return 0;
    if (uid === NO_ID || gid === NO_ID || (uid === this.own_uid && gid === this.own_gid)) return 0;
    this.switched = true;
    setfsgid(gid);
    setfsuid(uid);
    if (getfsuid() === uid && getfsgid() === gid) return 0;
    this.restore();
    return -EPERM;
  }

  /** Back to the daemon's own ids: user first, because that is what allows to set the group. */
  restore(): void {
    if (!this.switched) return;
    setfsuid(this.own_uid);
    setfsgid(this.own_gid);
    this.switched = false;
  }
}
