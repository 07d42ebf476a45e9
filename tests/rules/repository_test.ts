// Holds the repository itself to the rules of source_rules.ts and tree_rules.ts.

import { assert, assertEquals } from "@std/assert";
import { type Finding, parse_source, ROOMS, SOURCE_RULES } from "./source_rules.ts";
import * as tree_rules from "./tree_rules.ts";

const ROOT = new URL("../../", import.meta.url);
const IGNORED: readonly string[] = tree_rules.IGNORED;
const TEXT_SIZE_MAX_BYTES = 4 * 1024 * 1024;

/** The paths of all files below a folder, from the root, without what git ignores. */
function list_files(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].filter(({ name }) => !IGNORED.includes(name)).flatMap((entry) => {
    const path = folder + entry.name;
    return entry.isDirectory ? list_files(`${path}/`) : entry.isFile ? [path] : [];
  }).sort();
}

function read_text(path: string): string {
  const url = new URL(path.split("/").map(encodeURIComponent).join("/"), ROOT);
  return Deno.statSync(url).size > TEXT_SIZE_MAX_BYTES ? "" : Deno.readTextFileSync(url);
}

function assert_none(findings: readonly Finding[]): void {
  assertEquals(findings.length, 0, `\n${findings.join("\n")}\n`);
}

const PATHS = list_files("");
const SOURCES = PATHS.filter((path) => /^(src|tests)\/.*\.ts$/.test(path)).map((path) =>
  parse_source(path, read_text(path))
);
const IMPORT_MAP = (JSON.parse(read_text("deno.json")) as { imports: Record<string, string> }).imports;

for (const [name, rule] of Object.entries(SOURCE_RULES)) {
  Deno.test(`rule: ${name}`, () => assert_none(SOURCES.flatMap(rule)));
}

Deno.test("rule: the top level holds nothing unexpected", () => {
  // What git has, or would take: a home folder or editor files beside it are nobody's business.
  const { stdout } = new Deno.Command("git", { args: ["ls-files"], cwd: ROOT }).outputSync();
  const names = new Set(new TextDecoder().decode(stdout).trim().split("\n").map((path) => path.split("/")[0]!));
  assert(names.size > 0, "git lists no files");
  assert_none(tree_rules.top_level_entries([...names]));
});

Deno.test("rule: file names are snake_case", () => {
  assert_none(tree_rules.file_names(PATHS));
});

Deno.test("rule: tests mirror src", () => {
  assert_none(tree_rules.tests_mirror_src(PATHS, ROOMS));
});

Deno.test("rule: no file names a registry host", () => {
  assert_none(PATHS.flatMap((path) => tree_rules.no_registry_hosts(path, read_text(path))));
});

Deno.test("rule: imports lead somewhere", () => {
  assert_none(tree_rules.imports_exist(SOURCES, PATHS));
});

Deno.test("rule: no dead files", () => {
  assert_none(tree_rules.dead_files(SOURCES, IMPORT_MAP));
});
