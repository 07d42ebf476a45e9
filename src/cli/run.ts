// From the process as it was started to an exit code: daemon, background child, or helper of mount(8).
import { background_program, own_command_line } from "../daemon/background.ts";
import { log_to_standard_error, log_to_syslog } from "../daemon/log_sinks.ts";
import { run_mount_helper } from "./mount_helper.ts";
import { start, start_as_background_child } from "./start.ts";
import { start_name } from "./start_name.ts";

/** Does what name and arguments say; resolves with the exit code of the process. */
export async function run(argv: readonly string[]): Promise<number> {
  const child = background_program();
  if (child !== undefined) {
    log_to_syslog(child);
    return await start_as_background_child(child, argv);
  }
  const name = start_name(own_command_line(), argv.length);
  log_to_standard_error(name.program);
  return name.is_mount_helper ? await run_mount_helper(name, argv) : await start(name.program, argv);
}
