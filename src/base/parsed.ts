// The result of reading a text that a person wrote: a value, or what is wrong with the text.

/** `problem` names the bad text, `hint` says what to do (empty when there is nothing to add); both start in lower case. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errno: number; readonly problem: string; readonly hint: string };

/** A text that was read well. */
export function good<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** A text that was refused; `errno` is positive. */
export function bad<T>(errno: number, problem: string, hint = ""): Parsed<T> {
  return { ok: false, errno, problem, hint };
}

/** Problem and hint as one clause, for the parentheses behind an error line (departures D19). */
export function remedy_text(problem: string, hint: string): string {
  return hint === "" ? problem : `${problem}; ${hint}`;
}
