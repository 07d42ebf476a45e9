// The life of a mount, from a parsed command line to the exit code (operations §25).
import { errno_text } from "../base/errno.ts";
import { log } from "../base/log.ts";
import { adjust_after_parsing } from "../config/adjust.ts";
import { CommandLine } from "../config/command_line.ts";
import { Configuration } from "../config/configuration.ts";
import { LISTED_OPTIONS, OWN_OPTIONS } from "../config/options.ts";
import { Settings } from "../config/settings.ts";
import { worker_count } from "../config/thread_counts.ts";
import { redirect_trace } from "../ops/runtime_interface.ts";
import { Arena } from "../state/arena.ts";
import { ConfigCell } from "../state/config_cell.ts";
import { TraceCell } from "../state/trace_cell.ts";
import { Session } from "../sys/device.ts";
import { geteuid, keep_capabilities, raise_limits, umask } from "../sys/identity.ts";
import { set_nice } from "../sys/scheduling.ts";
import { detach } from "./background.ts";
import { confirm_passthrough } from "./confirm_passthrough.ts";
import { unmount_former } from "./former_mount.ts";
import { answer_init, show_refused } from "./init.ts";
import { log_to_both, log_to_syslog, write_to_syslog } from "./log_sinks.ts";
import { report_memory } from "./memory_report.ts";
import { allowed_message_pages } from "./message_size.ts";
import { mount_pool, refuse_log_inside, resolve_mountpoint } from "./mount.ts";
import { lower_oom_score } from "./oom_score.ts";
import { worker_cpus } from "./pin_threads.ts";
import { set_read_ahead } from "./read_ahead.ts";
import { Reloader } from "./reload.ts";
import { catch_signals } from "./signals.ts";
import { StartError } from "./start_error.ts";
import { start_lines } from "./start_lines.ts";
import { pool_size, type PoolSize, WorkerPool } from "./worker_pool.ts";

const ANSWER_TIMEOUT_MS = 30_000;

/** Mounts and serves until the end. Returns the exit code. */
export async function run_daemon(
  program: string,
  version: string,
  line: CommandLine,
  in_background: boolean,
): Promise<number> {
  if (in_background) log_to_syslog(program);
  else log_to_both(program);
  return await reporting_start_errors(program, () => mount_and_serve(program, version, line, in_background));
}

/** The exit code of a part of the start (0 when it has none); one that cannot go on says why and gives 1. */
export async function reporting_start_errors(program: string, part: () => Promise<number | void>): Promise<number> {
  try {
    return await part() ?? 0;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(`${program}: ${error.message}`);
    write_to_syslog(program, "error", error.message);
    return 1;
  }
}

async function mount_and_serve(
  program: string,
  version: string,
  line: CommandLine,
  in_background: boolean,
): Promise<number> {
  const { configuration } = line;
  for (const text of start_lines(program, version)) log("info", text);
  for (const warning of adjust_after_parsing(configuration)) {
    log("warning", warning);
    if (in_background) console.error(`${program}: ${warning}`);
  }
  if (configuration.get("lazy-umount-mountpoint") === "true") unmount_former(configuration.get("mountpoint")!);
  const mountpoint = resolve_mountpoint(configuration.get("mountpoint")!);
  refuse_log_inside(configuration, mountpoint);
  configuration.canonical_mountpoint = mountpoint;
  if (geteuid() !== 0) warn_of_user(program);
  const settings = new Settings(configuration);
  prepare_process(settings);
  configuration.force("fuse-msg-size", String(allowed_message_pages(settings.fuse_msg_size_pages)));
  configuration.force("pid", String(Deno.pid));
  configuration.force("version", version);
  const arena = Arena.create();
  const reloader = new Reloader(arena);
  // Before there is a mount that a signal would leave behind.
  const ending = new Promise<string>((resolve) => catch_signals(resolve, () => reloader.request()));
  const session = mount_pool(program, configuration, line.mount_words, mountpoint);
  try {
    return await serve({ configuration, arena, session, mountpoint, in_background, ending });
  } finally {
    session.unmount();
    log("info", `Unmounted "${mountpoint}"`);
  }
}

/** A pool that is mounted and not yet served. */
interface MountedPool {
  readonly configuration: Configuration;
  readonly arena: Arena;
  readonly session: Session;
  readonly mountpoint: string;
  readonly in_background: boolean;
  /** Settles with the name of a signal that ends the daemon. */
  readonly ending: Promise<string>;
}

async function serve(mounted: MountedPool): Promise<number> {
  const { configuration, arena, session, mountpoint, in_background, ending } = mounted;
  const settings = new Settings(configuration);
  const size = pool_size(
    worker_count(settings.read_thread_count, settings.process_thread_count, navigator.hardwareConcurrency),
    navigator.hardwareConcurrency,
  );
  const cell = new ConfigCell(arena);
  cell.edit(() => configuration.serialize());
  redirect_trace(new TraceCell(arena), cell, log);
  const agreed = answer_init(session.fd(), arena, settings, size.limit);
  show_refused(configuration, confirm_passthrough(session.fd(), arena, agreed));
  cell.edit(() => configuration.serialize());
  const pool = new WorkerPool({ arena, session_fd: session.fd(), size, cpus: worker_cpus(settings.pin_threads) });
  const problem = await pool.start();
  if (problem) throw new StartError(problem);
  if (in_background) {
    await Promise.race([wait_for_answer(mountpoint), pool.end.then(failed_start)]);
    detach();
  }
  log_start(configuration, mountpoint, size);
  set_read_ahead(configuration, mountpoint);
  report_memory(arena);
  const reason = await Promise.race([pool.end, ending.then((name) => `${name} received`)]);
  log("info", `The end: ${reason === "" ? "the pool was unmounted" : reason}`);
  return 0;
}

/** The environment every worker inherits (operations §25.1 steps 5 and 7). What is refused is not needed. */
function prepare_process(settings: Settings): void {
  umask(0);
  raise_limits();
  // Threads of the runtime are there already; those that come inherit it from whichever of these makes them.
  for (const { name } of Deno.readDirSync("/proc/self/task")) set_nice(Number(name), settings.scheduling_priority);
  lower_oom_score();
  const kept = keep_capabilities();
  if (kept < 0 && geteuid() === 0) {
    log("warning", `Cannot keep capabilities: ${errno_text(kept)}; files of users may be refused`);
  }
}

function warn_of_user(program: string): void {
  const text = `${program} is not running as root and may not work correctly`;
  console.error(`* WARNING: ${text}`);
  write_to_syslog(program, "warning", text);
}

/**
 * The kernel asks for the root of the pool and gets an answer: only then is the mount there for others. Not done in the
 * foreground, where nobody waits for it: while it is under way the mount is busy.
 */
async function wait_for_answer(mountpoint: string): Promise<void> {
  let timer: number | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new StartError(`The mount on "${mountpoint}" does not answer within ${ANSWER_TIMEOUT_MS / 1000} s`);
    timer = setTimeout(() => reject(error), ANSWER_TIMEOUT_MS);
  });
  try {
    await Promise.race([Deno.lstat(mountpoint), late]);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `The mount on "${mountpoint}" does not answer: ${error instanceof Error ? error.message : error}`,
    );
  } finally {
    clearTimeout(timer);
  }
}

function failed_start(reason: string): never {
  throw new StartError(reason === "" ? "The pool was unmounted while it started" : reason);
}

function log_start(configuration: Configuration, mountpoint: string, { initial, limit }: PoolSize): void {
  for (const option of [...LISTED_OPTIONS, ...OWN_OPTIONS]) {
    log("info", `${option.name}=${configuration.get(option.name)}`);
  }
  const more = limit > initial ? `, up to ${limit} while all of them wait` : "";
  log("info", `Mounted on "${mountpoint}", ${initial} workers${more}`);
}
