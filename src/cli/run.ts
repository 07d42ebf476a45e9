// From the process as it was started to an exit code: daemon, background child, helper of mount(8), or helper program.
import { background_program, own_command_line } from "../daemon/background.ts";
import { log_to_both, log_to_syslog, write_to_syslog } from "../daemon/log_sinks.ts";
import { pool_to_ask, tell_pool } from "../tools/ask_pool.ts";
import { run_mount_helper } from "./mount_helper.ts";
import { start, start_as_background_child } from "./start.ts";
import { start_name, type Tool, tool_asked_for } from "./start_name.ts";
import { VERSION } from "./version.ts";

const PROGRAM = "mergerfs-ts";

/** Does what name and arguments say; resolves with the exit code of the process. Of what nobody has foreseen it says so. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    return await run_as_named(argv);
  } catch (error) {
    return report_bug(error, argv.includes("-d"));
  }
}

async function run_as_named(argv: readonly string[]): Promise<number> {
  const child = background_program();
  if (child !== undefined) {
    log_to_syslog(child);
    return await start_as_background_child(child, argv);
  }
  const pool = pool_to_ask();
  if (pool !== undefined) return tell_pool(pool);
  const name = start_name(own_command_line(), argv.length);
  log_to_both(name.program);
  if (name.role === "mount") return await run_mount_helper(name, argv);
  if (name.role !== "daemon") return await run_tool(name.role, name.program, argv);
  const tool = tool_asked_for(name, argv);
  return tool === undefined
    ? await start(name.program, argv)
    : await run_tool(tool, `${name.program} ${tool}`, argv.slice(1));
}

/** Loaded only when wanted: a mount has no use for them. */
async function run_tool(tool: Tool, program: string, argv: readonly string[]): Promise<number> {
  if (tool === "fsck") return await (await import("../tools/fsck.ts")).run_fsck(program, argv);
  return await (await import("../tools/collect_info.ts")).run_collect_info(program, argv, VERSION);
}

/** On both ways, because a daemon in the background has no terminal any more. Returns the exit code. */
export function report_bug(error: unknown, with_stack: boolean): number {
  const reason = error instanceof Error ? error.message : String(error);
  const remedy = "this is a bug, please report it; -d shows where it happened";
  const message = `internal error: ${reason.replaceAll("\n", " ")} (${remedy})`;
  console.error(`${PROGRAM}: ${message}`);
  write_to_syslog(PROGRAM, "error", message);
  if (with_stack && error instanceof Error) console.error(error.stack);
  return 1;
}
