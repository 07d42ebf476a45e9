// What a mounted pool says of itself: its options and its branches. Asked in a process of its own, because whoever asks a
// pool that hangs cannot be ended before it answers (the kernel waits for every request that the daemon has taken).
import { c_string } from "../base/bytes.ts";
import { path_text } from "../base/path_text.ts";
import { arguments_before, own_command_line } from "../daemon/background.ts";
import { CONTROL_FILE } from "../daemon/live_mount.ts";
import { lgetxattr, llistxattr } from "../sys/xattr.ts";
import { type Output, output_of } from "./limited_command.ts";
import { print } from "./terminal.ts";

/** Tells a child what to ask. No argument, for by arguments the child might mount something. */
const VARIABLE = "MERGERFS_TS_ASK_POOL";
/** Linux hands out neither a longer value nor a longer list (xattr(7)). */
const VALUE_BYTES_MAX = 65_536;
const OPTION_NAME = /^user\.mergerfs(?:-ts)?\./;
/** The paths of all branches, joined with ":"; in no list (config §1.12.2). */
const BRANCH_PATHS = "user.mergerfs.srcmounts";
const NUL = "\0";

export interface PoolReport {
  /** Of branches, as the pool knows them; reversible texts (base/path_text.ts). */
  readonly branch_paths: readonly string[];
  /** One line "key=value" for each option. */
  readonly options: string;
}

/** The mountpoint of the pool that this process was started to ask. */
export function pool_to_ask(): string | undefined {
  return Deno.env.get(VARIABLE);
}

/** In the child: prints what the pool says; nothing when no pool is mounted there. Returns the exit code. */
export function tell_pool(mountpoint: string): number {
  const path = c_string(`${mountpoint}/${CONTROL_FILE}`);
  const buffer = new Uint8Array(VALUE_BYTES_MAX);
  const names = text_of(buffer, llistxattr(path, buffer, buffer.length)).split(NUL).sort();
  const value = (name: string) => text_of(buffer, lgetxattr(path, c_string(name), buffer, buffer.length));
  const options = names.filter((name) => OPTION_NAME.test(name))
    .map((name) => `${name.replace(OPTION_NAME, "")}=${value(name)}\n`);
  if (options.length > 0) print(value(BRANCH_PATHS) + NUL + options.join(""));
  return 0;
}

function text_of(buffer: Uint8Array, length: number): string {
  return path_text(buffer.subarray(0, Math.max(0, length)));
}

/** What the pool on a mountpoint says; undefined when none is there, a line about the failure when it does not answer. */
export async function ask_pool(mountpoint: string): Promise<PoolReport | string | undefined> {
  const prefix = arguments_before(own_command_line(), Deno.args.length);
  const { text, problem }: Output = await output_of(Deno.execPath(), prefix, { [VARIABLE]: mountpoint });
  if (problem !== "") return problem;
  const [branch_paths, options] = text.split(NUL);
  return options === undefined ? undefined : { branch_paths: branch_paths!.split(":"), options };
}
