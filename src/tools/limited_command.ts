// Runs other programs for a report. None of them may keep the report from being written: each has a time limit and a limit
// for its output. One that waits for a dead disk cannot even be killed, and is left to itself.
import { path_text } from "../base/path_text.ts";

const ALLOWED_MS = 10_000;
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

export interface Output {
  /** What it wrote to both standard streams, be it incomplete; a reversible text (base/path_text.ts). */
  readonly text: string;
  /** What went wrong, in one line; empty if nothing did. */
  readonly problem: string;
}

/** Runs a program to its end, or to the end of what it is allowed. */
export async function output_of(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  allowed_ms = ALLOWED_MS,
): Promise<Output> {
  let child: Deno.ChildProcess;
  try {
    const streams = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    child = new Deno.Command(command, { args: [...args], env: { LC_ALL: "C", ...env }, ...streams }).spawn();
  } catch (error) {
    return { text: "", problem: error instanceof Deno.errors.NotFound ? "not installed" : `cannot be run (${error})` };
  }
  const gathered = new Gathered();
  const ended = Promise.all([child.status, gathered.take(child.stdout), gathered.take(child.stderr)]);
  const status = await within_time(ended.then(([status]) => status), allowed_ms);
  if (status === undefined) end(child);
  return { text: gathered.text(), problem: gathered.is_full ? "too much output" : problem_of(status, allowed_ms) };
}

function problem_of(status: Deno.CommandStatus | undefined, allowed_ms: number): string {
  if (status === undefined) return `no end within ${allowed_ms / 1000} s`;
  return status.success ? "" : status.signal === null ? `exit code ${status.code}` : `ended by ${status.signal}`;
}

class Gathered {
  is_full = false;
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  async take(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const part of stream) {
      this.#length += part.length;
      if (this.#length > OUTPUT_BYTES_MAX) {
        this.is_full = true;
        return; // closes the stream, which ends most programs
      }
      this.#parts.push(part);
    }
  }

  text(): string {
    const bytes = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return path_text(bytes);
  }
}

async function within_time<T>(work: Promise<T>, allowed_ms: number): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, allowed_ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}
