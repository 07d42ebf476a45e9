// A directory on a real filesystem for one test, removed afterwards.

import { c_string } from "../../src/base/bytes.ts";

/** Runs `use` with the path of a new, empty directory. */
export function in_scratch_directory(use: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync({ prefix: "scratch_" });
  try {
    use(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** The NUL-terminated bytes of `directory/name`, where the name may be any bytes. */
export function path_bytes(directory: string, name: string | readonly number[]): Uint8Array<ArrayBuffer> {
  const prefix = c_string(`${directory}/`).subarray(0, -1);
  const last = typeof name === "string" ? c_string(name) : Uint8Array.from([...name, 0]);
  const bytes = new Uint8Array(prefix.length + last.length);
  bytes.set(prefix);
  bytes.set(last, prefix.length);
  return bytes;
}
