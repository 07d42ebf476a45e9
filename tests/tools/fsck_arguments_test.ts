// The arguments of fsck.mergerfs (operations §27.1): every form that is understood, and a remedy for every other.

import { assertEquals, assertMatch } from "@std/assert";
import { type FsckArguments, read_fsck_arguments } from "../../src/tools/fsck_arguments.ts";
import { ToolError } from "../../src/tools/terminal.ts";

const DEFAULTS: FsckArguments = { path: "/pool", fix: "none", check_size: false, copy_file: false, help: false };

function refusal(...argv: string[]): ToolError {
  try {
    read_fsck_arguments(argv);
  } catch (error) {
    if (error instanceof ToolError) return error;
    throw error;
  }
  throw new Error(`${argv.join(" ")} was not refused`);
}

Deno.test("options stand anywhere, with their value behind a blank or an equals sign", () => {
  const cases: [argv: string[], expected: Partial<FsckArguments>][] = [
    [["/pool"], {}],
    [["--fix", "manual", "/pool"], { fix: "manual" }],
    [["/pool", "--fix=newest"], { fix: "newest" }],
    [["--fix=none", "--fix", "largest", "/pool"], { fix: "largest" }],
    [["--check-size", "true", "/pool", "--copy-file=yes"], { check_size: true, copy_file: true }],
    [["--check-size=on", "--check-size=0", "/pool"], { check_size: false }],
    [["--", "--fix"], { path: "--fix" }],
    [["--help"], { path: "", help: true }],
    [["/pool", "-h", "--nonsense"], { help: true }],
  ];
  for (const [argv, expected] of cases) {
    assertEquals(read_fsck_arguments(argv), { ...DEFAULTS, ...expected }, argv.join(" "));
  }
});

Deno.test("options of the mergerfs.fsck of mergerfs-tools are taken where they mean the same", () => {
  assertEquals(read_fsck_arguments(["-v", "-f", "newest", "/pool"]), { ...DEFAULTS, fix: "newest" });
  assertEquals(read_fsck_arguments(["--verbose", "/pool"]), DEFAULTS);
  assertMatch(refusal("-s", "/pool").message, /unknown option "-s" \(.*--check-size=true/);
  assertMatch(
    refusal("--fix", "nonroot", "/pool").message,
    /unknown value "nonroot" of --fix \(use one of none, manual,/,
  );
});

Deno.test("what is wrong is said with a remedy, and ends with the exit code of the reference", () => {
  const cases: [argv: string[], code: number, message: RegExp][] = [
    [[], 106, /^PATH is missing \(.+\)$/],
    [["--fix", "newest"], 106, /^PATH is missing/],
    [["/a", "/b"], 105, /^"\/b" is one PATH too many \("\/a" is named already\)$/],
    [["--fix"], 105, /^"--fix" has no value \(see --help\)$/],
    [["--fix=newset", "/a"], 105, /^unknown value "newset" of --fix \(did you mean "newest"\?\)$/],
    [["--copy-file", "/a"], 105, /^"\/a" is neither true nor false, which "--copy-file" wants \(use true or false\)$/],
    [["--chek-size=true", "/a"], 105, /^unknown option "--chek-size=true" \(did you mean "--check-size"\?\)$/],
    [["-x", "/a"], 105, /^unknown option "-x" \(see --help\)$/],
  ];
  for (const [argv, code, message] of cases) {
    const error = refusal(...argv);
    assertMatch(error.message, message);
    assertEquals(error.code, code, argv.join(" "));
  }
});
