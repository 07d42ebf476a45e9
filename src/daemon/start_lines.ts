// What the log tells first of a start: who starts, where help is, and how it was called (operations §25.1 step 1).
import { own_command_line } from "./background.ts";

const HELP = "--help lists the options; the folder docs of the project tells more";

/** One message each. */
export function start_lines(program: string, version: string): string[] {
  const argv = own_command_line().split("\0").slice(0, -1);
  return [`${program} v${version} starts`, `Help: ${HELP}`, ...argv.map((text, at) => `argv[${at}]="${text}"`)];
}
