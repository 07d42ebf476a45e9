// Background mode. A runtime with threads must not fork, so the program starts itself again as a child, and waits until
// the child says that the mount answers, or ends (shared design, §4).
import { dup_onto, O_RDWR, write } from "../sys/file.ts";
import { setsid } from "../sys/identity.ts";
import { AT_FDCWD, openat } from "../sys/path.ts";
import { c_string, to_bytes } from "../base/bytes.ts";
import { StartError } from "./start_error.ts";

/** Tells a child that it is one, and the name it has in messages. */
const CHILD_VARIABLE = "MERGERFS_TS_BACKGROUND";
/** A line on the child's standard error that no message can be. */
const READY_LINE = "\x06ready";

/**
 * The name for messages when this process was started by another one of us to serve in the background. Asked once: what
 * the child itself starts (fusermount3, mount) must not take itself for a child.
 */
export function background_program(): string | undefined {
  const program = Deno.env.get(CHILD_VARIABLE);
  Deno.env.delete(CHILD_VARIABLE);
  return program;
}

/** All arguments of this process, each with a NUL behind it (proc_pid_cmdline(5)). */
export function own_command_line(): string {
  return Deno.readTextFileSync("/proc/self/cmdline");
}

/**
 * Starts the child with these arguments and waits for its word. Returns the exit code for the caller: 0 only when the mount
 * answers. What the child says until then is passed on. It gets a pipe of its own and not our standard error, because every
 * thread of the runtime keeps copies of these descriptors: a caller that waits for their end would wait as long as the pool
 * is mounted.
 */
export async function run_in_background(program: string, argv: readonly string[]): Promise<number> {
  const child = spawn_child(program, argv);
  let unfinished = "";
  for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
    const lines = (unfinished + part).split("\n");
    unfinished = lines.pop()!;
    for (const line of lines) {
      if (line === READY_LINE) return 0;
      console.error(line);
    }
  }
  if (unfinished !== "") console.error(unfinished);
  const { code } = await child.status;
  return code === 0 ? 1 : code;
}

function spawn_child(program: string, argv: readonly string[]): Deno.ChildProcess {
  const executable = Deno.execPath();
  try {
    return new Deno.Command(executable, {
      args: [...arguments_before(own_command_line(), Deno.args.length), ...argv],
      env: { [CHILD_VARIABLE]: program },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    const reason = error instanceof Deno.errors.PermissionDenied
      ? "Permission denied"
      : error instanceof Error
      ? error.message
      : error;
    const remedy = "whoever the pool runs as has to be able to run the program: see its mode and the directories above";
    throw new StartError(`cannot start "${executable}" in the background: ${reason} (${remedy})`);
  }
}

/**
 * What stands between the executable and the program's own `count` arguments: nothing, or those of a runtime or loader.
 * `command_line` as in /proc/PID/cmdline.
 */
export function arguments_before(command_line: string, count: number): string[] {
  const all = command_line.split("\0").slice(0, -1);
  return all.slice(1, all.length - count);
}

/** In the child, once the mount answers: tells the parent, and leaves terminal and directory behind. */
export function detach(): void {
  Deno.chdir("/");
  setsid();
  const ready = to_bytes(`${READY_LINE}\n`);
  write(2, ready, ready.length);
  const null_device = openat(AT_FDCWD, c_string("/dev/null"), O_RDWR, 0);
  if (null_device < 0) return;
  for (const fd of [0, 1, 2]) dup_onto(null_device, fd, true);
}
