// What passes between the main thread and a thread that it starts: one message down, at the start; events up.
import type { LogLevel } from "../base/log.ts";
import { ArenaAddress } from "../state/arena.ts";

/** Everything a worker cannot read from the arena. */
export interface WorkerStart {
  readonly arena: ArenaAddress;
  readonly index: number;
  readonly session_fd: number;
  readonly page_bytes: number;
  /** Waits until it is called instead of serving at once. */
  readonly is_spare: boolean;
  /** The CPUs it may run on; empty: all. */
  readonly cpus: readonly number[];
}

/** Why a worker's loop ended. */
export type LoopEnd = "unmounted" | "retired" | "failed";

export type WorkerEvent =
  | { readonly kind: "ready"; readonly index: number }
  | { readonly kind: "serving"; readonly index: number }
  | { readonly kind: "stall"; readonly index: number }
  | { readonly kind: "readers_wanted" }
  | { readonly kind: "log"; readonly level: LogLevel; readonly message: string }
  | { readonly kind: "ended"; readonly index: number; readonly end: LoopEnd; readonly errno: number };

/** What the thread that reads the config file again has to know. */
export interface ReloadStart {
  readonly arena: ArenaAddress;
}

export type ReloadEvent =
  | { readonly kind: "log"; readonly level: LogLevel; readonly message: string }
  | { readonly kind: "done" };

/** Everything a reader of directories cannot read from the arena. */
export interface ReaderStart {
  readonly arena: ArenaAddress;
  readonly index: number;
}

export type ReaderEvent =
  | { readonly kind: "reading"; readonly index: number }
  | { readonly kind: "log"; readonly level: LogLevel; readonly message: string }
  | { readonly kind: "ended"; readonly index: number };
