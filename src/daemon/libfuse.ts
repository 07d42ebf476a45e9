// Finds libfuse3: the copy inside the program, else the system's. A library can be loaded from memory through
// /proc/self/fd (shared design, §2), so no file is ever unpacked.
import { c_string } from "../base/bytes.ts";
import { Libfuse, open_libfuse } from "../sys/device.ts";
import { close, pwrite } from "../sys/file.ts";
import { memfd_create } from "../sys/memory.ts";
import { StartError } from "./start_error.ts";

const BUNDLED = new URL("../../.tools/libfuse3.so.3", import.meta.url);
const SYSTEM_NAME = "libfuse3.so.3";

/** Loads libfuse3, or throws a StartError that says what to install. */
export function load_libfuse(): Libfuse {
  const bundled = read_bundled();
  if (bundled !== undefined) {
    const library = from_memory(bundled);
    if (library !== undefined) return library;
  }
  try {
    return open_libfuse(SYSTEM_NAME);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`Cannot load "${SYSTEM_NAME}" (${reason}); install the package libfuse3-3 (Debian) or fuse3`);
  }
}

function read_bundled(): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Deno.readFileSync(BUNDLED);
  } catch {
    return undefined; // not in this program, as when it runs from its sources
  }
}

function from_memory(library: Uint8Array<ArrayBuffer>): Libfuse | undefined {
  const fd = memfd_create(c_string(SYSTEM_NAME));
  if (fd < 0) return undefined;
  try {
    if (pwrite(fd, library, library.length, 0) !== library.length) return undefined;
    return open_libfuse(`/proc/self/fd/${fd}`);
  } catch {
    return undefined; // made for another C library; the system's own copy is tried next
  } finally {
    close(fd);
  }
}
