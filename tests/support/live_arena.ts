// Looks from outside into the state arena of a running daemon, through its open memfd, and checks that it is sound.

import { c_string } from "../../src/base/bytes.ts";
import { Arena } from "../../src/state/arena.ts";
import { ARENA_BYTES } from "../../src/state/layout.ts";
import { close } from "../../src/sys/file.ts";
import { map_shared, unmap } from "../../src/sys/memory.ts";
import { AT_FDCWD, openat } from "../../src/sys/path.ts";
import { broken_invariants } from "./invariants.ts";

const O_RDWR = 2;

/** Every broken rule of the arena, in words. No request may be running. */
export function broken_live_invariants(pid: number): string[] {
  return with_live_arena(pid, broken_invariants);
}

/** Calls `look` with the arena of a running daemon. */
export function with_live_arena<T>(pid: number, look: (arena: Arena) => T): T {
  const fd = openat(AT_FDCWD, c_string(arena_file(pid)), O_RDWR, 0);
  if (fd < 0) throw new Error(`Cannot open the arena of process ${pid}: ${fd}`);
  const mapping = map_shared(fd, ARENA_BYTES);
  if (mapping === undefined) throw new Error("Cannot map the arena");
  try {
    return look(Arena.attach({ fd, address: mapping.address }));
  } finally {
    unmap(mapping);
    close(fd);
  }
}

function arena_file(pid: number): string {
  const folder = `/proc/${pid}/fd`;
  const found = [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`).find((path) => {
    try {
      return Deno.readLinkSync(path).startsWith("/memfd:mergerfs-ts-arena");
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`Process ${pid} has no arena open`);
  return found;
}
