// Rules about the repository as a whole: names of files, top level, dead files, words that no file may hold. Pure functions
// from lists to findings; tree_rules_test.ts proves that each rule can fail.

import { type Finding, references, resolve_reference, type SourceFile } from "./source_rules.ts";

/** Everything that may stand at the top level, with what git ignores there. */
export const TOP_LEVEL = [
  ".ci",
  ".github",
  ".gitignore",
  "LICENSE",
  "Makefile",
  "README.md",
  "deno.json",
  "deno.lock",
  "docs",
  "python_tests",
  "src",
  "tests",
] as const;

/** What git ignores or owns; never looked into. */
export const IGNORED = [".git", ".tools", "dist", "__pycache__", ".pytest_cache", ".hypothesis"] as const;

/** Where the programs begin. Everything else in src must be reachable from here. */
const PROGRAMS = [
  "src/main.ts",
  "src/worker/entry.ts",
  "src/worker/reader_entry.ts",
  "src/worker/reload_entry.ts",
] as const;

/** Files below tests/ that a runner starts. */
const STARTED_BY_RUNNER = /^tests\/.*_(test|bench)\.ts$/;

/** Where packages come from is the business of the machine, not of the project. In pieces, so that this file is clean. */
const REGISTRY_HOSTS = [
  ["registry", "npmjs", "org"],
  ["registry", "yarnpkg", "com"],
  ["npm", "jsr", "io"],
  ["jsr", "io/"],
  ["deb", "debian", "org"],
  ["security", "debian", "org"],
  ["files", "pythonhosted", "org"],
  ["proxy", "golang", "org"],
  ["static", "crates", "io"],
].map((parts) => parts.join("."));

/** The top level holds nothing unexpected. */
export function top_level_entries(names: readonly string[]): Finding[] {
  const allowed: readonly string[] = [...TOP_LEVEL, ...IGNORED];
  return names.filter((name) => !allowed.includes(name))
    .map((name) => `"${name}" does not belong at the top level; allowed are ${TOP_LEVEL.join(", ")}`);
}

/** Source files have snake_case names, and no folder has an index. */
export function file_names(paths: readonly string[]): Finding[] {
  return paths.filter((path) => /\.(ts|mts|js|mjs|py|sh)$/.test(path)).flatMap((path) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (/^(index|mod)\./.test(name)) return [`${path}: name a file after what it does, not "${name}"`];
    return /^[a-z0-9_]+\.[a-z]+$/.test(name) ? [] : [`${path}: file names are snake_case`];
  });
}

/** Folders of tests/ are rooms of src or one of the kinds of tests. */
export function tests_mirror_src(paths: readonly string[], rooms: readonly string[]): Finding[] {
  const allowed = [
    ...rooms.filter((room) => !room.endsWith(".ts")),
    "wire",
    "mount",
    "rules",
    "bench",
    "posix",
    "support",
  ];
  return paths.filter((path) => path.startsWith("tests/") && path.endsWith(".ts")).filter((path) => {
    const folder = path.split("/")[1] ?? "";
    return !allowed.includes(folder) && path !== "tests/main_test.ts";
  }).map((path) => `${path}: tests/ mirrors src/; the folders are ${allowed.join(", ")}`);
}

/** No file names the host of a package registry. */
export function no_registry_hosts(path: string, text: string): Finding[] {
  return REGISTRY_HOSTS.filter((host) => text.includes(host)).map((host) =>
    `${path}: names the registry host "${host}"`
  );
}

/** No import leads to a file that is not there. */
export function imports_exist(files: readonly SourceFile[], all_paths: readonly string[]): Finding[] {
  const known = new Set(all_paths);
  return files.flatMap((file) =>
    targets_of(file, {}, "import").filter((target) => !known.has(target))
      .map((target) => `${file.path}: imports "${target}", which does not exist`)
  );
}

/** Every file of src serves a program, and every file of tests serves a test. `import_map` is that of deno.json. */
export function dead_files(files: readonly SourceFile[], import_map: Readonly<Record<string, string>>): Finding[] {
  const by_path = new Map(files.map((file) => [file.path, file]));
  const roots = [...PROGRAMS, ...[...by_path.keys()].filter((path) => STARTED_BY_RUNNER.test(path))];
  const product = reachable([...PROGRAMS], by_path, import_map);
  const everything = reachable(roots, by_path, import_map);
  return [...by_path.keys()].flatMap((path) => {
    if (path.startsWith("src/") && !product.has(path)) return [`${path}: no program reaches this file`];
    if (path.startsWith("tests/") && !everything.has(path)) return [`${path}: no test uses this file`];
    return [];
  });
}

function reachable(
  roots: readonly string[],
  by_path: ReadonlyMap<string, SourceFile>,
  import_map: Readonly<Record<string, string>>,
): Set<string> {
  const seen = new Set<string>();
  const open = [...roots];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const file = by_path.get(path);
    if (file === undefined || seen.has(path)) continue;
    seen.add(path);
    open.push(...targets_of(file, import_map));
  }
  return seen;
}

/** The paths from the root that a file refers to, through the import map where it applies. */
function targets_of(
  file: SourceFile,
  import_map: Readonly<Record<string, string>>,
  kind?: "import" | "url",
): string[] {
  return references(file).filter((reference) => kind === undefined || reference.kind === kind)
    .map(({ specifier }) => {
      const mapped = import_map[specifier];
      return mapped === undefined ? resolve_reference(file.path, specifier) : resolve_reference("deno.json", mapped);
    })
    .filter((target) => target !== undefined);
}
