// The command line (config spec §1.2 to §1.7, departures D16, D19, D20): what goes where, in which order, and what is said.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { type CommandLine, mountpoint_errors, parse_command_line } from "../../src/config/command_line.ts";
import { format_error } from "../../src/config/errors.ts";
import { fake_environment, type FakeTree } from "../support/fake_files.ts";

const DIRECTORIES = ["/", "/b1", "/b2", "/b3", "/a,b", "/mnt"];

function parse(argv: readonly string[], files: FakeTree["files"] = {}): CommandLine {
  return parse_command_line(argv, fake_environment({ directories: DIRECTORIES, files }));
}

function error_lines({ errors }: Pick<CommandLine, "errors">, program = "mergerfs"): string[] {
  return errors.map((error) => format_error(error, program));
}

/** Branches, mountpoint, mount words and error lines of a line of words. */
function outcome(line: string, files: FakeTree["files"] = {}): [string, string, string, string[]] {
  const made = parse(line.split(" ").filter((word) => word !== ""), files);
  const { configuration } = made;
  const lines = error_lines(made).map((each) => each.replace(/ \(.*\)$/, ""));
  return [configuration.get("srcmounts")!, configuration.get("mountpoint")!, made.mount_words.join(","), lines];
}

Deno.test("positionals, branches and the mountpoint", () => {
  const cases: [line: string, branches: string, mountpoint: string][] = [
    ["/b1:/b2 /mnt", "/b1:/b2", "/mnt"],
    ["/b1 /b2 /b3 /mnt", "/b1:/b2:/b3", "/mnt"],
    ["-o mountpoint=/mnt /b1 /b2", "/b1:/b2", "/mnt"],
    ["/b1 /b2 -o mountpoint=/mnt", "/b1:/b2", "/mnt"],
    ["-o mount=/mnt /b1", "/b1", "/mnt"],
    ["-o branches=/b1 /mnt", "/b1", "/mnt"],
    ["-o branches=/b1,mountpoint=/mnt", "/b1", "/mnt"],
    ["/b3 -o branches=/b1 /mnt", "/b1:/b3", "/mnt"],
    ["/b3 /b2 -o branches=/b1 /mnt", "/b1:/b2", "/mnt"],
    ["-o branches=/b1,branches=/b2 /mnt", "/b2", "/mnt"],
    ["-o branches=/b1,branches=+/b2 /mnt", "/b1:/b2", "/mnt"],
    ["-obranches=/b1 /mnt", "/b1", "/mnt"],
    ["-o config=/c", "/b1", "/mnt"],
    ["-o config=/c /b2", "/b1:/b2", "/mnt"],
    ["-o config=/c,branches=+</b3", "/b3:/b1", "/mnt"],
    ["-f -o ro -d /b1 -n /mnt", "/b1", "/mnt"],
    ["-- /b1 /mnt", "/b1", "/mnt"],
    ["/b1=RO,1G /mnt", "/b1", "/mnt"],
    ["-o branches=/b1=RO\\,1G /mnt", "/b1", "/mnt"],
    ["-o branches=/a\\054b /mnt", "/a,b", "/mnt"],
  ];
  for (const [line, branches, mountpoint] of cases) {
    const made = outcome(line, { "/c": "branches=/b1\nmountpoint = /mnt\n" });
    assertEquals([made[0], made[1], made[3]], [branches, mountpoint, []], line);
  }
});

Deno.test("an empty positional leaves its place to the next", () => {
  const made = parse(["", "/b1", "", "/mnt"]);
  // The second empty text pushes /b1 into the branches, and is then replaced itself.
  assertEquals([made.configuration.get("srcmounts"), made.configuration.get("mountpoint")], ["/b1", "/mnt"]);
});

Deno.test("everything behind -- is a positional", () => {
  const made = parse(["--", "-/b1", "/mnt"]);
  assertEquals(made.configuration.get("mountpoint"), "/mnt");
  assertEquals(made.configuration.get("srcmounts"), "-/b1");
});

Deno.test("later items win", () => {
  const made = parse(["-o", "func.rmdir=rand,category.action=ff", "-o", "cache.attr=1,cache.attr=2", "/b1", "/mnt"]);
  assertEquals(made.configuration.get("func.rmdir"), "ff");
  assertEquals(made.configuration.get("cache.attr"), "2");
  const mixed = parse(["-o", "cache.attr=1,config=/c", "/b1", "/mnt"], { "/c": "cache.attr=3" });
  assertEquals(mixed.configuration.get("cache.attr"), "3");
  const after = parse(["-o", "config=/c,cache.attr=1", "/b1", "/mnt"], { "/c": "cache.attr=3" });
  assertEquals(after.configuration.get("cache.attr"), "1");
});

Deno.test("errors are collected, in order, in the words of the reference", () => {
  const E = "mergerfs: ERROR - ";
  const cases: [line: string, lines: string[]][] = [
    ["", [`${E}no value set - branches not set`, `${E}no value set - mountpoint not set`]],
    ["/mnt", [`${E}no value set - branches not set`]],
    ["-o async_read=maybe,cache.files=zzz /b1 /mnt", [
      `${E}invalid value - async_read=maybe`,
      `${E}invalid value - cache.files=zzz`,
    ]],
    ["-o version=3 /b1 /mnt", [`${E}read-only option - version=3`]],
    ["/b1=XX /mnt", [`${E}invalid value - /b1=XX`, `${E}no value set - branches not set`]],
    ["-o debug /b1 /mnt", [`${E}invalid value - debug`]],
    ["-o config=/none /b1 /mnt", [`${E}no value set - /none`, `${E}no value set - config=/none`]],
    ["-o minfreespace=16777216T /b1 /mnt", [`${E}Value too large for defined data type - minfreespace=16777216T`]],
    ["-o config=/bad /b1 /mnt", [
      `${E}unknown option - allow_other`,
      `${E}invalid value - cache.attr=x`,
      `${E}invalid value - config=/bad`,
    ]],
    ["/b1 /mnt -o", ["fuse: missing argument after `-o'"]],
    ["-o log.file=/missing/log /b1 /mnt", [`${E}no value set - log.file=/missing/log`]],
  ];
  for (const [line, lines] of cases) {
    assertEquals(outcome(line, { "/bad": "allow_other\ncache.attr=x" })[3], lines, line);
  }
});

Deno.test("the remedy follows in parentheses, with file and line", () => {
  const lines = (line: string, files: FakeTree["files"] = {}) =>
    error_lines(parse(line.split(" "), files), "mergerfs-ts");
  assertEquals(lines("-o func.create=mfz /b1 /mnt"), [
    'mergerfs-ts: ERROR - invalid value - func.create=mfz (unknown policy "mfz"; did you mean "mfs"?)',
  ]);
  assertEquals(lines("-o config=/c /b1 /mnt", { "/c": "\ncach.files=off" }), [
    'mergerfs-ts: ERROR - unknown option - cach.files=off (/c:2: unknown option "cach.files"; did you mean "cache.files"?)',
    'mergerfs-ts: ERROR - invalid value - config=/c (1 line of "/c" refused)',
  ]);
});

Deno.test("words for the mount", () => {
  const cases: [line: string, words: string][] = [
    ["-o allow_other,ro,noatime /b1 /mnt", "allow_other,ro,noatime"],
    ["-r /b1 /mnt", "ro"],
    [
      "-o context=a\\,b,x-systemd.requires=/b1,subtype=mergerfs /b1 /mnt",
      "context=a,b,x-systemd.requires=/b1,subtype=mergerfs",
    ],
    ["-o nofail,_netdev,allow_root,attr_timeout=1,defaults,use_ino,nonempty /b1 /mnt", ""],
  ];
  for (const [line, words] of cases) {
    assertEquals([outcome(line)[2], parse(line.split(" ")).warnings], [words, []], line);
  }
});

Deno.test("an unknown option is said, and ignored", () => {
  const made = parse(["-o", "cach.files=off,cache_attr=1,bogus,allow-other", "--foo=bar", "-Z", "-fo", "/b1", "/mnt"]);
  assertEquals(made.errors, []);
  assertEquals(made.warnings, [
    'Unknown option "cach.files" is ignored; did you mean "cache.files"?',
    'Unknown option "cache_attr" is ignored; did you mean "cache.attr"?',
    'Unknown option "bogus" is ignored.',
    'Unknown option "allow-other" is ignored; did you mean "allow_other"?',
    'Unknown option "--foo" is ignored.',
    'Unknown option "-Z" is ignored.',
    'Unknown option "-fo" is ignored.',
  ]);
});

Deno.test("strict makes it an error, wherever strict stands", () => {
  for (
    const argv of [["-o", "a=maybe,strict=true,debug=x"], ["-o", "strict=1,a=maybe,debug=x"], [
      "-o",
      "a=maybe,debug=x,strict=on",
    ]]
  ) {
    const made = parse([...argv, "/b1", "/mnt"]);
    assertEquals(made.warnings, []);
    assertEquals(made.errors.map((error) => [error.errno, error.text]), [[61, "a=maybe"], [22, "debug=x"]]);
  }
});

Deno.test("help and version stop the scan", () => {
  for (const word of ["-h", "--help"]) assertEquals(parse(["-o", "debug=x", word, "-o"]).help, true);
  for (const word of ["-v", "-V", "--version"]) assertEquals(parse([word, "-h"]).version, true);
  assertEquals(parse(["--version", "-h"]).help, false);
  assertEquals(parse(["--", "-h"]).help, false);
});

Deno.test("foreground and debug", () => {
  const both = parse(["-f", "-d", "/b1", "/mnt"]);
  assertEquals([both.foreground, both.debug, both.configuration.get("debug")], [true, true, "true"]);
  const none = parse(["/b1", "/mnt"]);
  assertEquals([none.foreground, none.debug], [false, false]);
  assertEquals(parse(["-d", "/b1", "/mnt"]).foreground, false);
});

Deno.test("the older cache word with its companions", () => {
  const made = parse(["-o", "cache.files=libfuse,kernel_cache", "/b1", "/mnt"]);
  assertEquals([made.errors, made.warnings], [[], []]);
  assertEquals(made.configuration.legacy_cache_words.has("kernel-cache"), true);
});

Deno.test("a branch that is the mountpoint is an error without reason", () => {
  const made = parse(["/b1:/mnt", "/mnt"]);
  assertEquals(made.errors, []);
  const errors = mountpoint_errors(made.configuration, (branch, mountpoint) => branch === mountpoint);
  const lines = error_lines({ ...made, errors });
  assertEquals(lines.length, 1);
  assert(lines[0]!.startsWith("mergerfs: ERROR -  - branches can not include the mountpoint: /mnt"));
});

Deno.test("no arguments make it throw", () => {
  const word = fc.oneof(fc.string(), fc.constantFrom("-o", "--", "-f", "-r", "/b1", "-obranches", "config=", "-o=,\\"));
  fc.assert(fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
    const made = parse(argv);
    assertEquals(error_lines(made).length, made.errors.length);
  }));
});
