// How many threads the options ask for (config spec §3.4 and §5.4, departures D21).
import { READERS_MAX } from "../base/limits.ts";

/** 0 is an elastic pool: it grows when all workers are stuck and shrinks again. */
export const ELASTIC = 0;

/** Readers of the device and processors of requests. A processor count of 0 means that readers process. */
export interface ThreadCounts {
  readonly readers: number;
  readonly processors: number;
}

function count_for(wished: number, cpus: number): number {
  if (wished === 0) return Math.min(8, cpus);
  return wished > 0 ? wished : Math.max(1, Math.floor(cpus / -wished));
}

/** The numbers of the reference, by the table of config spec §3.4. */
export function thread_counts(read: number, process: number, cpus: number): ThreadCounts {
  if (process === -1) return { readers: count_for(read, cpus), processors: 0 };
  if (read !== 0) return { readers: count_for(read, cpus), processors: count_for(process, cpus) };
  const processors = process === 0 ? Math.min(8, Math.max(2, cpus - 2)) : count_for(process, cpus);
  return { readers: 2, processors };
}

/** The size of our pool: ELASTIC for the defaults, else a fixed number of workers. */
export function worker_count(read: number, process: number, cpus: number): number {
  if (read === 0 && process === -1) return ELASTIC;
  const { readers, processors } = thread_counts(read, process, cpus);
  return readers + processors;
}

/** The readers that func.readdir asks for, from its first number (config spec §5.4). */
export function directory_readers(wished: number, cpus: number): number {
  return Math.min(READERS_MAX, count_for(wished, cpus));
}
