// How full the arena is, and what the workers have done: figures for people, read without a lock.
import { Arena } from "./arena.ts";
import * as at from "./layout.ts";
import { Pool } from "./pool.ts";

/** Figures by name; sizes are in bytes. */
export function usage(arena: Arena): Readonly<Record<string, number>> {
  const { header } = arena;
  const pool = new Pool(arena);
  return {
    nodes: header[at.H_NODE_COUNT]!,
    nodes_with_name: header[at.H_NAMED_COUNT]!,
    node_table_bytes: header[at.H_NODE_TOP]! * at.NODE_WORDS * 4,
    name_buckets: header[at.H_BUCKET_COUNT]!,
    names_bytes: header[at.H_NAME_TOP]! * at.NAME_UNIT_BYTES,
    handles: header[at.H_HANDLE_COUNT]!,
    handle_table_bytes: header[at.H_HANDLE_TOP]! * at.HANDLE_WORDS * 4,
    workers_serving: pool.serving,
    workers_busy: pool.busy,
    requests: pool.requests(),
    bugs: pool.bugs(),
  };
}
