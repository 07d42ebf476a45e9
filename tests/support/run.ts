// Runs the programs that a test uses: each with a deadline, and with its whole output in the message when it fails.

import { within } from "./wait_until.ts";

const PYTHON = "/usr/bin/python3";
const SUPPORT = new URL("./", import.meta.url).pathname;
const COMMAND_DEADLINE_MS = 120_000;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly deadline_ms?: number;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. A signal that ended it counts as code 128 + signal. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = new Deno.Command(command, {
    args: [...args],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { LC_ALL: "C.UTF-8", PYTHONDONTWRITEBYTECODE: "1", PYTHONPATH: SUPPORT, ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const what = `${command} ${args.join(" ")}`.slice(0, 400);
  try {
    const output = await within(what, options.deadline_ms ?? COMMAND_DEADLINE_MS, child.output());
    const text = new TextDecoder();
    return { code: output.code, stdout: text.decode(output.stdout), stderr: text.decode(output.stderr) };
  } catch (error) {
    // It has ended when only a process that it left behind keeps its output open.
    try {
      child.kill("SIGKILL");
    } catch {
      // The first error counts.
    }
    throw error;
  }
}

/** Runs a program that has to succeed; returns its standard output. */
export async function must(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(command, args, options);
  if (result.code === 0) return result.stdout;
  const shown = `${result.stdout}\n${result.stderr}`.trim().slice(-4000);
  throw new Error(`${command} ${args.join(" ").slice(0, 1000)} ended with ${result.code}:\n${shown}`);
}

/** Runs a shell script that has to succeed, with `-eu`; `$1`… are the arguments. Returns its standard output. */
export function shell(script: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
  return must("/bin/bash", ["-euo", "pipefail", "-c", script, "test", ...args], options);
}

/**
 * Runs Python code that has to succeed and returns what it handed to `show`.
 *
 * Python, because names are bytes there and every system call is at hand. All names of calls.py are in scope; `args` are
 * `sys.argv[1:]`.
 */
export async function python<T>(code: string, args: readonly string[] = [], options: RunOptions = {}): Promise<T> {
  const stdout = await must(PYTHON, ["-c", `from calls import *\n${dedent(code)}`, ...args], options);
  return (stdout === "" ? undefined : JSON.parse(stdout)) as T;
}

/** Takes away the indentation that all lines share, so that code can stand indented inside a test. */
function dedent(code: string): string {
  const lines = code.split("\n");
  const filled = lines.filter((line) => line.trim() !== "");
  const shared = Math.min(...filled.map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(shared)).join("\n");
}
