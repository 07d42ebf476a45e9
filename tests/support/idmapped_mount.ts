// A mount of the pool, or of a native file system, whose users and groups are mapped (mount_setattr(2)).

import { must } from "./run.ts";

const SCRIPT = new URL("./idmapped_mount.py", import.meta.url).pathname;

/** Lines of user_namespaces(7), "STORED SHOWN COUNT". Each of two users and of two groups of tests/posix shows as the other. */
export const SWAPPED = {
  users: "0 0 1001,1001 1002 1,1002 1001 1,1003 1003 4294966292",
  groups: "0 0 2001,2001 3000 1,2002 2002 998,3000 2001 1,3001 3001 4294964294",
};

/** Shows `source` at the new directory `target` as well, mapped. Returns "", or the name of the errno of a refusal. */
export async function idmapped_mount(source: string, target: string, map = SWAPPED): Promise<string> {
  await Deno.mkdir(target);
  return await must("/usr/bin/python3", [SCRIPT, source, target, map.users, map.groups]);
}
