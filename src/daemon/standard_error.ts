// libfuse and fusermount3 say on standard error why a mount fails. To give that reason in one sentence of our own, what
// they write is caught.
import { c_string, to_text } from "../base/bytes.ts";
import { close, dup, dup_onto, pread } from "../sys/file.ts";
import { memfd_create } from "../sys/memory.ts";

const STANDARD_ERROR = 2;
const TEXT_BYTES_MAX = 4096;

/** Runs `action`; returns its result, and what was written to standard error meanwhile. */
export function catching_standard_error<T>(action: () => T): { result: T; text: string } {
  const kept = dup(STANDARD_ERROR);
  const memory = memfd_create(c_string("standard-error"));
  if (kept < 0 || memory < 0) return { result: action(), text: "" };
  dup_onto_inheritable(memory);
  try {
    const result = action();
    const bytes = new Uint8Array(TEXT_BYTES_MAX);
    const length = pread(memory, bytes, bytes.length, 0);
    return { result, text: to_text(bytes.subarray(0, Math.max(0, length))) };
  } finally {
    dup_onto_inheritable(kept);
    close(kept);
    close(memory);
  }
}

// Programs that are started (fusermount3) must have it too, so without close-on-exec.
function dup_onto_inheritable(fd: number): void {
  dup_onto(fd, STANDARD_ERROR, true);
}
