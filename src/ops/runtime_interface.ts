// The control file's extended attributes: reading, listing and changing options while the pool is mounted (config §7).
import { copy_bytes, to_bytes } from "../base/bytes.ts";
import { EEXIST, EINVAL, ENODATA, ERANGE, EROFS, errno_text } from "../base/errno.ts";
import type { Log } from "../base/log.ts";
import { path_text, path_text_bytes } from "../base/path_text.ts";
import { nearest_word } from "../base/suggest.ts";
import { Configuration } from "../config/configuration.ts";
import { LOG_FILE_FLAGS, system_environment } from "../config/environment.ts";
import { type ConfigError, error_text } from "../config/errors.ts";
import { find_option, LISTED_OPTIONS, normal_key, OWN_OPTIONS } from "../config/options.ts";
import { ConfigCell } from "../state/config_cell.ts";
import { TraceCell } from "../state/trace_cell.ts";
import { AT_FDCWD, openat } from "../sys/path.ts";
import { Context } from "./context.ts";

const PREFIX = "user.mergerfs.";
const OWN_PREFIX = "user.mergerfs-ts.";
const COMMAND_PREFIX = "user.mergerfs.cmd.";
const COMMANDS = ["gc", "gc1", "invalidate-all-nodes"];
const XATTR_CREATE = 1;

/** What may be meant by a name that is mistyped, with and without its prefix. */
const SETTABLE_NAMES: ReadonlyMap<string, string> = new Map([
  ...LISTED_OPTIONS.map(({ name }) => [name, PREFIX + name] as const),
  ...OWN_OPTIONS.map(({ name }) => [name, OWN_PREFIX + name] as const),
  ...COMMANDS.map((name) => [`cmd.${name}`, COMMAND_PREFIX + name] as const),
]);

function requested_name(c: Context): string {
  const request = c.request;
  return path_text(request.u8.subarray(request.name, request.name + request.name_length));
}

/** The value of the requested key at the start of the reply's body; returns its length, or -errno (config §7.2). */
export function get_control_value(c: Context): number {
  const key = known_key(requested_name(c), true);
  const value = key === undefined ? undefined : c.settings_cell.configuration.get(key);
  if (value === undefined) return -ENODATA;
  const bytes = path_text_bytes(value);
  if (bytes.length > c.reply.body_capacity) return -ERANGE;
  copy_bytes(bytes, 0, c.body, 0, bytes.length);
  return bytes.length;
}

/** The option behind an attribute's name, if there is one; our own options have a prefix of their own (D20). */
function known_key(name: string, underscores: boolean): string | undefined {
  const is_own = name.startsWith(OWN_PREFIX);
  if (!is_own && !name.startsWith(PREFIX)) return undefined;
  const written = name.slice((is_own ? OWN_PREFIX : PREFIX).length);
  const key = underscores ? normal_key(written) : written;
  const option = find_option(key);
  return option !== undefined && (option.is_own ?? false) === is_own ? key : undefined;
}

let key_list: Uint8Array | undefined;

/** All listed keys as the xattr list, at the start of the reply's body; returns its length. */
export function list_control_keys(c: Context): number {
  key_list ??= to_bytes([
    ...LISTED_OPTIONS.map((option) => `${PREFIX}${option.name}\0`),
    ...OWN_OPTIONS.map((option) => `${OWN_PREFIX}${option.name}\0`),
  ].join(""));
  copy_bytes(key_list, 0, c.body, 0, key_list.length);
  return key_list.length;
}

/** Changes an option, in the order of checks of config §7.3. The change holds for every request that starts later. */
export function set_control_value(c: Context): number {
  const name = requested_name(c);
  if (name.startsWith(COMMAND_PREFIX)) return run_command(c, name);
  const key = known_key(name, false);
  if (key === undefined) return refuse_unknown(c, name);
  if ((c.request.arg(1) & XATTR_CREATE) !== 0) return -EEXIST;
  const request = c.request;
  const value = path_text(request.u8.slice(request.name2, request.name2 + request.name2_length));
  const { result, errors } = set_option(c, key, value);
  for (const error of errors) c.events.log("error", error_text(error));
  if (key === "log.file" || key === "config") redirect_trace(c.trace, c.settings_cell.cell, c.events.log);
  return result;
}

/** Names of others (security labels, what tools try) are refused without a word. */
function refuse_unknown(c: Context, name: string): number {
  const prefix = [PREFIX, OWN_PREFIX].find((each) => name.startsWith(each));
  if (prefix !== undefined) {
    const meant = nearest_word(normal_key(name.slice(prefix.length)), SETTABLE_NAMES.keys());
    const remedy = meant === undefined ? "" : `did you mean "${SETTABLE_NAMES.get(meant)}"?`;
    c.events.log("error", error_text({ errno: ENODATA, text: name, remedy }));
  }
  return -ENODATA;
}

function set_option(c: Context, key: string, value: string): { result: number; errors: readonly ConfigError[] } {
  let result = -EROFS;
  let errors: readonly ConfigError[] = [];
  c.settings_cell.cell.edit(function change(text) {
    const changed = Configuration.parse(text, system_environment(c.events.log));
    result = changed.set(key, value, "runtime");
    // Who sets the attribute gets a number only; what is wrong and what to do stands in the log.
    const refusal = { errno: -result, text: `${key}=${value}`, remedy: changed.last_remedy };
    errors = result === 0 || changed.file_errors.length > 0 ? changed.file_errors : [refusal];
    // A config file may have applied some of its lines before one failed (config §7.3).
    return result === 0 || key === "config" ? changed.serialize() : undefined;
  });
  return { result, errors };
}

/**
 * The trace goes to the file of "log.file", or to standard error when that is empty. A file is opened anew; one that cannot
 * be opened any more leaves the trace where it was.
 */
export function redirect_trace(trace: TraceCell, cell: ConfigCell, log: Log): void {
  trace.redirect(function open() {
    const configuration = Configuration.parse(cell.read().text, system_environment(log));
    const path = configuration.log_path;
    if (path === "") return undefined;
    // A symlink on the way may be another one now.
    const is_inside = configuration.leads_into_pool(path);
    const fd = is_inside ? -EINVAL : openat(AT_FDCWD, path_text_bytes(`${path}\0`), LOG_FILE_FLAGS, 0o644);
    if (fd < 0) log("error", `Cannot append to "${path}", the trace stays where it was: ${errno_text(fd)}`);
    return fd;
  });
}

function run_command(c: Context, name: string): number {
  const command = name.slice(COMMAND_PREFIX.length);
  if (!COMMANDS.includes(command)) return refuse_unknown(c, name);
  if (command === "invalidate-all-nodes") c.notices.all_names = true;
  const effect = command === "invalidate-all-nodes" ? "the kernel asks for all names again" : "there is never garbage";
  c.events.log("info", `Command "cmd.${command}" of process ${c.request.pid}: ${effect}`);
  return 0;
}
