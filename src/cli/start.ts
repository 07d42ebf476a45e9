// From arguments to a mounted pool, in the foreground or in the background.
import { c_string } from "../base/bytes.ts";
import { type Log, log } from "../base/log.ts";
import { StatxBuffer } from "../base/statx.ts";
import { CommandLine, mountpoint_errors, parse_command_line } from "../config/command_line.ts";
import { system_environment } from "../config/environment.ts";
import { error_text, format_error } from "../config/errors.ts";
import { usage_text, version_text } from "../config/help.ts";
import { run_in_background } from "../daemon/background.ts";
import { wait_for_branches } from "../daemon/branch_mounts.ts";
import { write_to_syslog } from "../daemon/log_sinks.ts";
import { reporting_start_errors, run_daemon } from "../daemon/serve.ts";
import { start_lines } from "../daemon/start_lines.ts";
import { page_bytes } from "../sys/memory.ts";
import { AT_FDCWD, stat } from "../sys/path.ts";
import { VERSION } from "./version.ts";

/** May end a start before anything is mounted, with an exit code. */
export type BeforeMounting = (line: CommandLine) => number | undefined;

/** Reads the arguments; what is odd about branches goes to `tell`. */
export function read_arguments(argv: readonly string[], tell: Log = log): CommandLine {
  return parse_command_line(argv, system_environment(tell, page_bytes()));
}

/** Does what the arguments say; resolves with the exit code of the process. */
export async function start(
  program: string,
  argv: readonly string[],
  before_mounting: BeforeMounting = () => undefined,
): Promise<number> {
  const line = read_arguments(argv);
  if (line.help) return print(usage_text());
  if (line.version) return print(version_text(VERSION));
  for (const warning of line.warnings) {
    console.error(`${program}: ${warning}`);
    write_to_syslog(program, "warning", warning);
  }
  if (tell_problems(program, line)) return 1;
  const ended = before_mounting(line);
  if (ended !== undefined) return ended;
  // On the terminal, where a signal ends it; a child is started when it is over.
  const waited = await reporting_start_errors(program, () => wait_for_branches(line.configuration));
  if (waited !== 0) return waited;
  if (!line.foreground) return await reporting_start_errors(program, () => run_in_background(program, argv));
  return await run_daemon(program, VERSION, line, false);
}

/** The same in the process that the start in the background made, which has said already what is odd. */
export async function start_as_background_child(program: string, argv: readonly string[]): Promise<number> {
  const line = read_arguments(argv, () => {});
  if (tell_problems(program, line)) return 1;
  return await run_daemon(program, VERSION, line, true);
}

function print(text: string): number {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
  return 0;
}

/** Whether there are any that the start cannot go on with. */
function tell_problems(program: string, line: CommandLine): boolean {
  const problems = line.errors.length > 0 ? line.errors : mountpoint_errors(line.configuration, is_same_directory);
  if (problems.length === 0) return false;
  for (const text of start_lines(program, VERSION)) write_to_syslog(program, "info", text);
  for (const problem of problems) {
    console.error(format_error(problem, program));
    write_to_syslog(program, "error", error_text(problem));
  }
  return true;
}

function is_same_directory(a: string, b: string): boolean {
  const first = new StatxBuffer();
  const second = new StatxBuffer();
  // What is not there is nobody's mountpoint.
  if (stat(AT_FDCWD, c_string(a), first) < 0 || stat(AT_FDCWD, c_string(b), second) < 0) return false;
  return first.is_same_object(second);
}
