// Operations whose system calls fail one after the other: what each answers, and that nothing is lost or left open. Without a
// mount, in this thread.

import { assertEquals } from "@std/assert";
import { EIO } from "../../src/base/errno.ts";
import { changes_of } from "./call_record.ts";
import { type Pool, type PoolSpec, root_test, with_pool } from "./handler.ts";
import { type CallName, fails_with, with_stand_ins } from "./system_calls.ts";

/** One request on a pool. */
export interface Operation {
  readonly name: string;
  readonly spec: PoolSpec;
  /** After the branches are filled, before the operation. */
  readonly prepare?: (pool: Pool) => void;
  /** The request, its nodes looked up. */
  readonly request: (pool: Pool) => Uint8Array;
  /** Contents of files that have to be there afterwards, whatever failed. */
  readonly keeps: readonly string[];
  /**
   * The calls, and behind a colon the answer when that one fails with EIO: "…" when it goes on then with the calls that
   * follow otherwise, "; " and the calls when it goes on with other ones.
   */
  readonly lines: readonly string[];
}

/** Prepares a pool for the operation, and calls `use` with the sending of its request. */
function with_operation(operation: Operation, use: (pool: Pool, send: () => string) => void): void {
  with_pool(operation.spec, (pool) => {
    operation.prepare?.(pool);
    const message = operation.request(pool);
    use(pool, () => pool.send(message).result);
  });
}

function is_identity(line: string): boolean {
  return line.startsWith("setfs");
}

/** The line of one call and what happens when it fails. */
function line_of_failure(operation: Operation, plain: readonly string[], at: number): string {
  let text = "";
  with_operation(operation, (pool, send) => {
    let result = "";
    const fails_once = (real: () => number, number: number) => number === at ? fails_with(EIO) : real();
    const all = changes_of(pool.directory, () => result = send(), fails_once);
    const lines = all.filter((line) => !is_identity(line));
    const rest = lines.slice(at + 1);
    const is_usual = rest.join() === plain.slice(at + 1).join();
    text = `${lines[at]}: ${result}${rest.length === 0 ? "" : is_usual ? " …" : `; ${rest.join(", ")}`}`;
    assert_kept(pool, operation, text);
  });
  return text;
}

function assert_kept(pool: Pool, { keeps }: Operation, context: string): void {
  const files = pool.tree().filter((entry) => !entry.endsWith("/")).map((entry) => `${pool.directory}/b${entry}`);
  const texts = files.filter((path) => Deno.lstatSync(path).isFile).map((path) => Deno.readTextFileSync(path));
  assertEquals(keeps.filter((text) => !texts.includes(text)), [], context);
}

/** Calls that look at a branch, beside those that change it. */
const LOOKING: readonly CallName[] = [
  "fgetxattr",
  "flistxattr",
  "fstatvfs",
  "ioctl",
  "lgetxattr",
  "openat",
  "statvfs",
  "statx",
  "syscall_openat2",
];

/** Runs `use` while the call with that number among those that look fails (-1: none); returns how many there were. */
function with_failing_look(failing: number, use: () => void): number {
  let at = 0;
  const stand_in = (real: () => number) => at++ === failing ? fails_with(EIO) : real();
  with_stand_ins(Object.fromEntries(LOOKING.map((name) => [name, stand_in])), use);
  return at;
}

/** Registers the tests of each operation. */
export function test_operations(operations: readonly Operation[]): void {
  for (const operation of operations) {
    root_test(`${operation.name}: the order of its calls, and what it answers when one fails`, () => {
      let plain: string[] = [];
      with_operation(operation, (pool, send) => {
        let result = "";
        plain = changes_of(pool.directory, () => result = send());
        assertEquals(result, "ok");
      });
      const changing = plain.filter((line) => !is_identity(line));
      let at = 0;
      const found = plain.map((line) => is_identity(line) ? line : line_of_failure(operation, changing, at++));
      assertEquals(found, operation.lines);
    });

    // What is left open, held or switched, with_pool finds.
    root_test(`${operation.name}: whichever look at a branch fails, nothing is lost or left open`, () => {
      let looks = 0;
      for (let failing = -1; failing < looks; failing++) {
        with_operation(operation, (pool, send) => {
          looks = Math.max(looks, with_failing_look(failing, send));
          assert_kept(pool, operation, `look ${failing}`);
        });
      }
    });
  }
}
