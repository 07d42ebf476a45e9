// What a helper program says and is told: bytes to the standard streams, lines from standard input. Paths are reversible
// texts (base/path_text.ts), so that names that are not UTF-8 come out as the bytes they are.
import { EINTR, errno_text } from "../base/errno.ts";
import { path_text, path_text_bytes } from "../base/path_text.ts";
import { read, write } from "../sys/file.ts";

const STANDARD_INPUT = 0;
const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;
const NEWLINE = 0x0a;

/** Ends a helper program with one sentence for the person at the terminal, and an exit code. */
export class ToolError extends Error {
  constructor(message: string, readonly code = 1) {
    super(message);
  }
}

/** To standard output. Throws a ToolError when nobody can read it any more: then nothing may be changed either. */
export function print(text: string): void {
  const result = write_all(STANDARD_OUTPUT, text);
  if (result < 0) throw new ToolError(`cannot write to standard output: ${errno_text(result)}`);
}

/** One line for standard error. */
export function complain(program: string, message: string): void {
  write_all(STANDARD_ERROR, `${program}: ${message}\n`);
}

/** A line of standard input without its end; undefined when there is none any more. */
export function read_line(): string | undefined {
  const byte = new Uint8Array(1);
  const bytes: number[] = [];
  // Byte by byte, so that what is behind the line is left to whoever reads next.
  for (let result: number; (result = read(STANDARD_INPUT, byte, 1)) !== 0;) {
    if (result === -EINTR) continue;
    if (result < 0) break;
    if (byte[0] === NEWLINE) return path_text(Uint8Array.from(bytes));
    bytes.push(byte[0]!);
  }
  return bytes.length === 0 ? undefined : path_text(Uint8Array.from(bytes));
}

/** What the program does; its exit code, also of a ToolError, which is told. */
export async function reporting_errors(program: string, body: () => Promise<number> | number): Promise<number> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    complain(program, error.message);
    return error.code;
  }
}

/** 0 or -errno. */
function write_all(fd: number, text: string): number {
  const bytes = path_text_bytes(text);
  for (let at = 0; at < bytes.length;) {
    const rest = bytes.subarray(at);
    const result = write(fd, rest, rest.length);
    if (result < 0 && result !== -EINTR) return result;
    if (result > 0) at += result;
  }
  return 0;
}
