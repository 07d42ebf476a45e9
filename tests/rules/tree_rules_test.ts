// Proves that each rule of tree_rules.ts finds what it must find, and leaves a good tree alone.

import { assertEquals } from "@std/assert";
import { parse_source, ROOMS, type SourceFile } from "./source_rules.ts";
import * as rules from "./tree_rules.ts";

const IMPORT_MAP = { "@std/assert": "./tests/support/assert.ts", "fast-check": "npm:fast-check@4" };

function tree(texts: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(texts).map(([path, text]) => parse_source(path, text));
}

const GOOD_TREE = {
  "src/main.ts": 'import "./daemon/pool.ts";',
  "src/daemon/pool.ts": 'new Worker(new URL("../worker/entry.ts", import.meta.url));',
  "src/worker/entry.ts": 'import "./loop.ts";',
  "src/worker/loop.ts": "",
  "tests/worker/loop_test.ts": 'import { assert } from "@std/assert"; import "../../src/worker/loop.ts";',
  "tests/support/assert.ts": "",
};

Deno.test("top_level_entries finds strays", () => {
  assertEquals(rules.top_level_entries(["src", "README.md", ".git", ".tools"]), []);
  assertEquals(rules.top_level_entries(["src", "notes.txt", "node_modules"]).length, 2);
});

Deno.test("file_names finds other spellings and index files", () => {
  assertEquals(rules.file_names(["src/base/path_buffer.ts", "docs/Some-Page.md", ".ci/run", ".ci/npm_file.mjs"]), []);
  const bad = ["src/base/pathBuffer.ts", "src/ops/index.ts", "src/ops/mod.ts", "python_tests/Test-a.py"];
  assertEquals(rules.file_names(bad).length, bad.length);
});

Deno.test("tests_mirror_src finds folders that src does not have", () => {
  const good = ["tests/base/a_test.ts", "tests/mount/deep/a_test.ts", "tests/main_test.ts", "tests/base/golden.bin"];
  assertEquals(rules.tests_mirror_src(good, ROOMS), []);
  assertEquals(rules.tests_mirror_src(["tests/misc/a_test.ts", "tests/a_test.ts"], ROOMS).length, 2);
});

Deno.test("no_registry_hosts finds a host", () => {
  assertEquals(rules.no_registry_hosts("README.md", "npm install; jsr:@std/assert"), []);
  assertEquals(rules.no_registry_hosts("README.md", ["https://registry", "npmjs", "org/deno"].join(".")).length, 1);
});

Deno.test("imports_exist finds an import that leads nowhere", () => {
  const paths = Object.keys(GOOD_TREE);
  assertEquals(rules.imports_exist(tree(GOOD_TREE), paths), []);
  assertEquals(rules.imports_exist(tree({ "src/main.ts": 'import "./cli/gone.ts";' }), paths).length, 1);
});

Deno.test("dead_files finds files of src that no program reaches, though a test does", () => {
  assertEquals(rules.dead_files(tree(GOOD_TREE), IMPORT_MAP), []);
  const dead = { ...GOOD_TREE, "src/base/dead.ts": "", "tests/base/dead_test.ts": 'import "../../src/base/dead.ts";' };
  assertEquals(rules.dead_files(tree(dead), IMPORT_MAP), ["src/base/dead.ts: no program reaches this file"]);
});

Deno.test("dead_files finds support files that no test uses", () => {
  const dead = { ...GOOD_TREE, "tests/support/unused.ts": "" };
  assertEquals(rules.dead_files(tree(dead), IMPORT_MAP), ["tests/support/unused.ts: no test uses this file"]);
});
