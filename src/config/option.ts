// One row of the option table. A row is the only place where an option is declared; the command line, config files,
// the runtime interface, --help and docs/options.md all come from the rows.

import type { Category } from "../policies/registry.ts";
import type { Kind } from "./kinds.ts";

/**
 * When an option may be set: "live" also at runtime, "start" on the command line and in config files only (EROFS later),
 * "never" not at all (EROFS always).
 */
export type Change = "live" | "start" | "never";

export interface Option {
  readonly name: string;
  readonly kind: Kind;
  /** As it reads back when nobody sets it. */
  readonly default_text: string;
  readonly change: Change;
  /** What it does, one line. */
  readonly help: string;
  /** Known, but never listed. */
  readonly is_hidden?: true;
  /** Not of the reference: its xattr is user.mergerfs-ts.NAME (departures D20). */
  readonly is_own?: true;
  /** Live, because mergerfs takes it at runtime; but it has its effect when the pool is mounted. */
  readonly acts_at_start?: true;
  /** Another name for this option: value and kind are that one's. */
  readonly alias_of?: string;
  /** A function, and the category that sets it too. */
  readonly category?: Category;
}

/** Rows about one subject, as a section of help and documentation. */
export interface OptionSection {
  readonly title: string;
  readonly rows: readonly Option[];
}
