// Proves that each rule of source_rules.ts finds what it must find, and leaves good code alone.

import { assertEquals } from "@std/assert";
import * as rules from "./source_rules.ts";

type Rule = (file: rules.SourceFile) => rules.Finding[];

function run(rule: Rule, path: string, text: string): rules.Finding[] {
  return rule(rules.parse_source(path, text));
}

/** The good texts give nothing; each bad text gives exactly one finding, at its path. */
function prove(rule: Rule, good: readonly [string, string][], bad: readonly [string, string][]): void {
  for (const [path, text] of good) assertEquals(run(rule, path, text), []);
  for (const [path, text] of bad) {
    const found = run(rule, path, text);
    assertEquals([found.length, found[0]?.startsWith(`${path}:`)], [1, true], `${path}: ${text}\n${found.join("\n")}`);
  }
}

Deno.test("room_order finds imports of lower rooms, of strangers, of the worker, and unknown rooms", () => {
  prove(rules.room_order, [
    [
      "src/ops/open.ts",
      'import { a } from "../sys/file.ts"; import { b } from "./common/c.ts"; import "@logtape/logtape";',
    ],
    ["src/main.ts", 'import { run } from "./cli/run.ts";'],
    ["src/daemon/pool.ts", 'new Worker(new URL("../worker/entry.ts", import.meta.url), { type: "module" });'],
    ["src/base/a.ts", '// import { x } from "../ops/x.ts"\nconst text = "import \'../ops/x.ts\'";'],
    ["tests/base/a_test.ts", 'import { a } from "../../src/ops/a.ts";'],
  ], [
    ["src/base/bytes.ts", 'import { a } from "../sys/file.ts";'],
    ["src/base/bytes.ts", 'import type { A } from "../config/table.ts";'],
    ["src/base/bytes.ts", 'export * from "../state/arena.ts";'],
    ["src/state/arena.ts", 'const a = await import("../ops/open.ts");'],
    ["src/state/arena.ts", 'type A = import("../ops/open.ts").A;'],
    ["src/fuse/abi.ts", 'import { a } from "../sys/file.ts";'],
    ["src/sys/file.ts", 'import { a } from "../fuse/abi.ts";'],
    ["src/daemon/pool.ts", 'import "../worker/entry.ts";'],
    ["src/ops/open.ts", 'import { assert } from "../../tests/support/assert.ts";'],
    ["src/helpers/a.ts", ""],
  ]);
});

Deno.test("ffi_only_in_sys finds every way to reach FFI", () => {
  prove(rules.ffi_only_in_sys, [
    ["src/sys/libc.ts", 'Deno.dlopen("libc.so.6", {}); new Deno.UnsafePointerView(p);'],
    ["src/ops/a.ts", "// Deno.dlopen\nthing.dlopen(); class UnsafeThing {}"],
    ["tests/sys/a_test.ts", 'Deno.dlopen("x", {});'],
  ], [
    ["src/ops/a.ts", 'Deno.dlopen("x", {});'],
    ["src/ops/a.ts", "const view = new Deno.UnsafePointerView(p);"],
    ["src/ops/a.ts", "let view: Deno.UnsafePointerView;"],
    ["src/ops/a.ts", "const { dlopen } = Deno;"],
  ]);
});

Deno.test("atomics_only_in_state finds Atomics elsewhere", () => {
  prove(rules.atomics_only_in_state, [
    ["src/state/lock.ts", "Atomics.add(words, 0, 1);"],
    ["src/worker/transports/rings.ts", "Atomics.load(words, 0);"],
    ["src/ops/a.ts", '// Atomics\nconst a = "Atomics";'],
  ], [["src/ops/a.ts", "Atomics.add(words, 0, 1);"], ["src/worker/loop.ts", "const { load } = Atomics;"]]);
});

Deno.test("function_length counts the lines of functions, methods and arrow functions", () => {
  const body = (lines: number) => "{\n" + "  work();\n".repeat(lines - 2) + "}";
  prove(rules.function_length, [
    ["src/a.ts", `function f() ${body(70)}\nfunction g() ${body(70)}`],
    ["src/a.ts", `// long\n${"//\n".repeat(100)}export function f() {}`],
  ], [
    ["src/a.ts", `export async function f() ${body(71)}`],
    ["src/a.ts", `class A {\n  method() ${body(71)}\n}`],
    ["src/a.ts", `class A {\n  constructor() ${body(71)}\n}`],
    ["tests/a_test.ts", `Deno.test("a", () => ${body(71)});`],
  ]);
});

Deno.test("no_top_level_arrow finds functions that are constants", () => {
  prove(rules.no_top_level_arrow, [
    ["src/a.ts", "const LIMIT = 4; const ROWS = { a: () => 1 }; function f() { const g = () => 1; return g; }"],
  ], [
    ["src/a.ts", "export const f = (a: number) => a;"],
    ["src/a.ts", "const f = function () {};"],
  ]);
});

Deno.test("first_lines_explain and exported_functions_documented want comments", () => {
  prove(rules.first_lines_explain, [["src/a.ts", "// What it is.\n"], [
    "src/a.ts",
    "#!/usr/bin/env deno\n/** What. */",
  ]], [
    ["src/a.ts", "export const A = 1; // late\n"],
  ]);
  prove(rules.exported_functions_documented, [
    ["src/base/a.ts", "/** Does it. */\nexport function f() {}\nfunction g() {}"],
    ["tests/base/a.ts", "export function f() {}"],
    ["src/sys/file.ts", "export function fsync() {}"],
  ], [["src/base/a.ts", "// Does it.\nexport function f() {}"]]);
});

Deno.test("packages_by_import_map finds packages named in place", () => {
  prove(rules.packages_by_import_map, [["src/a.ts", 'import a from "fast-check"; import b from "node:fs";']], [
    ["src/a.ts", 'import a from "npm:fast-check@4";'],
    ["tests/a_test.ts", 'await import("jsr:@std/assert");'],
  ]);
});
