// The assertions that tests import as "@std/assert". The package registry of the Deno standard library is not reachable
// from every machine that builds this project, so this file gives the same names over node:assert/strict. Switching to the
// original is one line in deno.json: "@std/assert": "jsr:@std/assert@1".

import { AssertionError } from "node:assert";
import strict from "node:assert/strict";

/** The class of an error that a test expects; abstract classes are accepted too. */
// deno-lint-ignore no-explicit-any
export type ErrorClass<E extends Error = Error> = abstract new (...args: any[]) => E;

export { AssertionError };

/** Fails unless `condition` is truthy, and narrows its type. */
export function assert(condition: unknown, message = "The condition does not hold"): asserts condition {
  if (!condition) throw new AssertionError({ message, actual: condition, expected: true, operator: "assert" });
}

/** Fails unless both values are deeply equal (typed arrays, maps and sets included; types must agree). */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  strict.deepStrictEqual(actual, expected, message);
}

/** Fails when both values are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  strict.notDeepStrictEqual(actual, expected, message);
}

/** Fails unless both values are the same one (Object.is). */
export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T {
  strict.strictEqual(actual, expected, message);
}

/** Fails when `actual` is null or undefined, and narrows its type. */
export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) fail(message ?? `A value was expected, found ${String(actual)}`);
}

/** Fails always. */
export function fail(message = "This line must not be reached"): never {
  throw new AssertionError({ message });
}

/** Fails unless `text` matches `pattern`. */
export function assertMatch(text: string, pattern: RegExp, message?: string): void {
  strict.match(text, pattern, message);
}

/** Fails unless `text` contains `part`. */
export function assertStringIncludes(text: string, part: string, message?: string): void {
  if (!text.includes(part)) fail(message ?? `${JSON.stringify(text)} does not contain ${JSON.stringify(part)}`);
}

/** Fails unless the call throws an error of the class, with the text in its message. Returns that error. */
export function assertThrows<E extends Error = Error>(
  call: () => unknown,
  error_class?: ErrorClass<E>,
  message_part = "",
): E {
  try {
    call();
  } catch (error) {
    return check_error(error, error_class, message_part);
  }
  fail("The call was expected to throw, and returned");
}

/** Fails unless the promise is rejected with an error of the class, with the text in its message. Returns that error. */
export async function assertRejects<E extends Error = Error>(
  call: () => PromiseLike<unknown>,
  error_class?: ErrorClass<E>,
  message_part = "",
): Promise<E> {
  try {
    await call();
  } catch (error) {
    return check_error(error, error_class, message_part);
  }
  fail("The promise was expected to be rejected, and was fulfilled");
}

function check_error<E extends Error>(error: unknown, error_class: ErrorClass<E> | undefined, message_part: string): E {
  if (!(error instanceof Error)) fail(`An Error was expected, thrown was ${String(error)}`);
  if (error_class !== undefined && !(error instanceof error_class)) {
    fail(`${error_class.name} was expected, thrown was ${error.name}: ${error.message}`);
  }
  assertStringIncludes(error.message, message_part);
  return error as E;
}
