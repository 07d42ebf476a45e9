// `setuid=NAME` in an fstab line: the pool belongs to a user, as if that one had logged in and started it (config §1.11).
import { errno_text } from "../base/errno.ts";
import { geteuid } from "../sys/identity.ts";
import { find_user, switch_to_user, type User } from "../sys/user.ts";
import { StartError } from "./start_error.ts";

/** From here on the process is this user's; throws a StartError when that is not possible. */
export function become_user(name: string): void {
  const user = find_user(name);
  if (user === undefined) throw new StartError(`unknown user "${name}" in "setuid=${name}" (name one that "id" knows)`);
  if (geteuid() !== user.uid) {
    const result = switch_to_user(user);
    if (result < 0) throw new StartError(`cannot become user "${name}": ${errno_text(result)} (only root may)`);
  }
  enter_home(user);
}

/** What a login sets. */
function enter_home(user: User): void {
  const variables = { HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell };
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    Deno.chdir(user.home);
  } catch {
    Deno.chdir("/"); // users of services have no home
  }
}
