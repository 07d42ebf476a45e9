// From arguments to a mounted pool, in the foreground or in the background.
import { log } from "../base/log.ts";
import { CommandLine, error_lines, mountpoint_errors, parse_command_line } from "../config/command_line.ts";
import { system_environment } from "../config/environment.ts";
import { format_error } from "../config/errors.ts";
import { usage_text, version_text } from "../config/help.ts";
import { run_in_background } from "../daemon/background.ts";
import { run_daemon } from "../daemon/serve.ts";
import { page_bytes } from "../sys/memory.ts";
import { VERSION } from "./version.ts";

/** May end a start before anything is mounted, with an exit code. */
export type BeforeMounting = (line: CommandLine) => number | undefined;

/** Reads the arguments; what is odd about branches goes to the log. */
export function read_arguments(argv: readonly string[]): CommandLine {
  return parse_command_line(argv, system_environment((message) => log("warning", message), page_bytes()));
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
  line.warnings.forEach((warning) => console.error(`${program}: ${warning}`));
  if (tell_problems(program, line)) return 1;
  const ended = before_mounting(line);
  if (ended !== undefined) return ended;
  if (!line.foreground) return await run_in_background(program, argv);
  return await run_daemon(program, VERSION, line, false);
}

/** The same in the process that the start in the background made. It has said on the terminal what there was to say. */
export async function start_as_background_child(program: string, argv: readonly string[]): Promise<number> {
  const line = read_arguments(argv);
  if (tell_problems(program, line)) return 1;
  return await run_daemon(program, VERSION, line, true);
}

function print(text: string): number {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
  return 0;
}

/** Whether there are any that the start cannot go on with. */
function tell_problems(program: string, line: CommandLine): boolean {
  const problems = [...error_lines(line, program), ...mountpoint_problems(program, line)];
  problems.forEach((problem) => console.error(problem));
  return problems.length > 0;
}

function mountpoint_problems(program: string, line: CommandLine): string[] {
  if (line.errors.length > 0) return [];
  return mountpoint_errors(line.configuration, is_same_directory).map((error) => format_error(error, program));
}

function is_same_directory(a: string, b: string): boolean {
  try {
    const first = Deno.statSync(a);
    const second = Deno.statSync(b);
    return first.dev === second.dev && first.ino === second.ino;
  } catch {
    return false; // what is not there is nobody's mountpoint
  }
}
