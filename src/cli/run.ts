// From the command line to an exit code.
import { c_string } from "../base/bytes.ts";
import { log } from "../base/log.ts";
import { StatxBuffer } from "../base/statx.ts";
import { CommandLine, error_lines, mountpoint_errors, parse_command_line } from "../config/command_line.ts";
import { system_environment } from "../config/environment.ts";
import { format_error } from "../config/errors.ts";
import { usage_text, version_text } from "../config/help.ts";
import { is_background_child, run_in_background } from "../daemon/background.ts";
import { wait_for_branches } from "../daemon/branch_mounts.ts";
import { log_to_standard_error, log_to_syslog } from "../daemon/log_sinks.ts";
import { reporting_start_errors, run_daemon } from "../daemon/serve.ts";
import { page_bytes } from "../sys/memory.ts";
import { AT_FDCWD, stat } from "../sys/path.ts";
import { VERSION } from "./version.ts";

const PROGRAM = "mergerfs-ts";

/** Does what the arguments say; resolves with the exit code of the process. */
export async function run(argv: readonly string[]): Promise<number> {
  const is_child = is_background_child();
  // The parent has said on the terminal what there is to say about the arguments.
  if (is_child) log_to_syslog(PROGRAM);
  else log_to_standard_error(PROGRAM);
  const line = parse_command_line(argv, system_environment((message) => log("warning", message), page_bytes()));
  if (line.help) return print(usage_text());
  if (line.version) return print(version_text(VERSION));
  const problems = [...error_lines(line, PROGRAM), ...mountpoint_problems(line)];
  if (!is_child) line.warnings.forEach((warning) => console.error(`${PROGRAM}: ${warning}`));
  if (problems.length > 0) {
    problems.forEach((problem) => console.error(problem));
    return 1;
  }
  if (!is_child) {
    // On the terminal, where a signal ends it; a child is started when it is over.
    const code = await reporting_start_errors(PROGRAM, () => wait_for_branches(line.configuration));
    if (code !== 0) return code;
    if (!line.foreground) return await run_in_background(argv);
  }
  return await run_daemon(PROGRAM, VERSION, line, is_child);
}

function print(text: string): number {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
  return 0;
}

function mountpoint_problems(line: CommandLine): string[] {
  if (line.errors.length > 0) return [];
  return mountpoint_errors(line.configuration, is_same_directory).map((error) => format_error(error, PROGRAM));
}

function is_same_directory(a: string, b: string): boolean {
  const first = new StatxBuffer();
  const second = new StatxBuffer();
  // What is not there is nobody's mountpoint.
  if (stat(AT_FDCWD, c_string(a), first) < 0 || stat(AT_FDCWD, c_string(b), second) < 0) return false;
  return first.is_same_object(second);
}
