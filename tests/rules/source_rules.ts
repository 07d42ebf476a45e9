// Rules about the inside of one source file, as pure functions from its path and text to findings. The TypeScript compiler
// reads the text, so that comments and strings cannot fool a rule. source_rules_test.ts proves that each rule can fail.

import ts from "typescript";

/** One broken rule at one place; ready for people. */
export type Finding = string;

/** The rooms of src in the order of design section 6: a room imports only rooms before it, and itself. */
export const ROOMS = [
  "base",
  "sys",
  "fuse",
  "branches",
  "policies",
  "config",
  "state",
  "ops",
  "worker",
  "daemon",
  "tools",
  "cli",
  "main.ts",
] as const;

/** Rooms that do not know each other although one stands before the other. */
const STRANGERS: readonly (readonly [string, string])[] = [["sys", "fuse"]];

/** The most lines that one function may have. */
export const FUNCTION_LINES_MAX = 70;

const WORKER_ENTRIES = ["src/worker/entry.ts", "src/worker/reader_entry.ts", "src/worker/reload_entry.ts"];

/** A file that the rules look at: its path from the root of the repository, its text, and its syntax tree. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

/** What a file refers to: `specifier` as written, and whether it is an import or a URL beside the file. */
export interface Reference {
  readonly specifier: string;
  readonly kind: "import" | "url";
  readonly line: number;
}

/** Parses one file. */
export function parse_source(path: string, text: string): SourceFile {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS) };
}

/** Calls `visit` for every node of the tree, parents first. */
function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

function line_of(file: SourceFile, position: number): number {
  return file.tree.getLineAndCharacterOfPosition(position).line + 1;
}

function at(file: SourceFile, node: ts.Node, text: string): Finding {
  return `${file.path}:${line_of(file, node.getStart(file.tree))}: ${text}`;
}

/** All imports, re-exports and dynamic imports of a file, and its `new URL("…", import.meta.url)`. */
export function references(file: SourceFile): Reference[] {
  const found: Reference[] = [];
  walk(file.tree, (node) => {
    const target = import_target(node) ?? url_target(node);
    if (target === undefined) return;
    const kind = ts.isNewExpression(node) ? "url" : "import";
    found.push({ specifier: target.text, kind, line: line_of(file, node.getStart(file.tree)) });
  });
  return found;
}

function import_target(node: ts.Node): ts.StringLiteral | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return string_literal(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return string_literal(node.argument.literal);
  const is_dynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return is_dynamic ? string_literal(node.arguments[0]) : undefined;
}

function url_target(node: ts.Node): ts.StringLiteral | undefined {
  if (!ts.isNewExpression(node) || node.expression.getText() !== "URL") return undefined;
  return node.arguments?.[1]?.getText() === "import.meta.url" ? string_literal(node.arguments[0]) : undefined;
}

function string_literal(node: ts.Node | undefined): ts.StringLiteral | undefined {
  return node !== undefined && ts.isStringLiteral(node) ? node : undefined;
}

/** The path from the root that a relative specifier of a file names; undefined for a package. */
export function resolve_reference(from_path: string, specifier: string): string | undefined {
  if (!specifier.startsWith("./") && !specifier.startsWith("../")) return undefined;
  return decodeURIComponent(new URL(specifier, `file:///${from_path}`).pathname).slice(1);
}

function room_of(path: string): string | undefined {
  const parts = path.split("/");
  return parts[0] === "src" ? parts[1] : undefined;
}

/** Design section 6: rooms import only rooms above them; sys and fuse are strangers; the worker is started by its URL. */
export function room_order(file: SourceFile): Finding[] {
  const room = room_of(file.path);
  if (room === undefined) return [];
  const rank = ROOMS.indexOf(room as typeof ROOMS[number]);
  if (rank < 0) return [`${file.path}:1: "${room}" is no room of src; the rooms are ${ROOMS.join(", ")}`];
  return references(file).flatMap((reference) => {
    const target = resolve_reference(file.path, reference.specifier);
    if (reference.kind === "url" || target === undefined) return [];
    const problem = import_problem(room, rank, target);
    return problem === undefined ? [] : [`${file.path}:${reference.line}: ${problem}`];
  });
}

function import_problem(room: string, rank: number, target: string): string | undefined {
  if (WORKER_ENTRIES.includes(target)) {
    return `"${target}" is a program of its own; start it by URL instead of importing it`;
  }
  const target_room = room_of(target);
  if (target_room === undefined) return `src imports "${target}", which lies outside of src`;
  const target_rank = ROOMS.indexOf(target_room as typeof ROOMS[number]);
  const strangers = STRANGERS.some((pair) => pair.includes(room) && pair.includes(target_room) && room !== target_room);
  if (strangers) return `the rooms "${room}" and "${target_room}" must not import each other`;
  return target_rank > rank ? `room "${room}" imports "${target_room}", which stands below it` : undefined;
}

/** `Deno.dlopen` and `Deno.Unsafe*` only in src/sys. */
export function ffi_only_in_sys(file: SourceFile): Finding[] {
  if (room_of(file.path) === undefined || room_of(file.path) === "sys") return [];
  return identifiers(file).filter((node) => node.text === "dlopen" || /^Unsafe[A-Z]/.test(node.text))
    .filter((node) => is_member_of_deno(node))
    .map((node) => at(file, node, `"${node.text}" is FFI, which belongs to src/sys`));
}

/** `Atomics` only in src/state, and in the transports of a worker, whose rings are shared with the kernel. */
export function atomics_only_in_state(file: SourceFile): Finding[] {
  const allowed = file.path.startsWith("src/state/") || file.path.startsWith("src/worker/transport");
  if (allowed || room_of(file.path) === undefined) return [];
  return identifiers(file).filter((node) => node.text === "Atomics")
    .map((node) => at(file, node, `"Atomics" belongs to src/state`));
}

function identifiers(file: SourceFile): ts.Identifier[] {
  const found: ts.Identifier[] = [];
  walk(file.tree, (node) => {
    if (ts.isIdentifier(node)) found.push(node);
  });
  return found;
}

/** True for `Deno.NAME`, the type `Deno.NAME`, and a name taken out of Deno by destructuring. */
function is_member_of_deno(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node && parent.expression.getText() === "Deno";
  if (ts.isQualifiedName(parent)) return parent.right === node && parent.left.getText() === "Deno";
  if (!ts.isBindingElement(parent)) return false;
  const declaration = parent.parent.parent;
  return ts.isVariableDeclaration(declaration) && declaration.initializer?.getText() === "Deno";
}

/** No function longer than FUNCTION_LINES_MAX lines, from its first word to its closing brace. */
export function function_length(file: SourceFile): Finding[] {
  const found: Finding[] = [];
  walk(file.tree, (node) => {
    if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined) return;
    const lines = line_of(file, node.getEnd()) - line_of(file, node.getStart(file.tree)) + 1;
    if (lines <= FUNCTION_LINES_MAX) return;
    const name = node.name?.getText(file.tree) ?? "a function without a name";
    found.push(at(file, node, `"${name}" has ${lines} lines; at most ${FUNCTION_LINES_MAX} are allowed`));
  });
  return found;
}

/** A function of a file is declared with `function`, not as a constant that holds an arrow function. */
export function no_top_level_arrow(file: SourceFile): Finding[] {
  return file.tree.statements.filter((statement) => ts.isVariableStatement(statement))
    .flatMap((statement) => [...statement.declarationList.declarations])
    .filter(({ initializer }) =>
      initializer !== undefined && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer))
    )
    .map((declaration) => at(file, declaration, `declare "${declaration.name.getText(file.tree)}" with "function"`));
}

/** The first lines of a file say what it is. */
export function first_lines_explain(file: SourceFile): Finding[] {
  if (/^(#!.*\n)?\s*(\/\/|\/\*)/.test(file.text)) return [];
  return [`${file.path}:1: the file begins without a comment that says what it is and why`];
}

/** An exported function of src has a docstring. Those of src/sys are named after the system call that documents them. */
export function exported_functions_documented(file: SourceFile): Finding[] {
  if (room_of(file.path) === undefined || room_of(file.path) === "sys") return [];
  return file.tree.statements.filter((statement) => ts.isFunctionDeclaration(statement))
    .filter((statement) => statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false)
    .filter((statement) => ts.getJSDocCommentsAndTags(statement).length === 0)
    .map((statement) => at(file, statement, `the exported function "${statement.name?.text}" has no docstring`));
}

/** Packages are named once, in the import map of deno.json. */
export function packages_by_import_map(file: SourceFile): Finding[] {
  return references(file).filter(({ specifier }) => /^(npm|jsr|https?|data):/.test(specifier))
    .map(({ specifier, line }) => `${file.path}:${line}: name "${specifier}" in the import map of deno.json instead`);
}

/** Every rule of this file, by name. */
export const SOURCE_RULES: Readonly<Record<string, (file: SourceFile) => Finding[]>> = {
  "a room imports only rooms above it": room_order,
  "FFI only in src/sys": ffi_only_in_sys,
  "Atomics only in src/state": atomics_only_in_state,
  "functions end": function_length,
  "no top-level arrow functions": no_top_level_arrow,
  "the first lines of a file explain it": first_lines_explain,
  "exported functions have docstrings": exported_functions_documented,
  "packages are named in the import map": packages_by_import_map,
};
