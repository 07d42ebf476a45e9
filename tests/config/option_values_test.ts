// Every option with the values of its type (config spec §2, §3.1, §3.2, §5.4): accepted and read back, or refused with the
// right errno and nothing changed; on the command line, in a config file, and at runtime.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { EINVAL, EOVERFLOW, EROFS } from "../../src/base/errno.ts";
import { parse_command_line } from "../../src/config/command_line.ts";
import { Configuration } from "../../src/config/configuration.ts";
import { escape_item } from "../../src/config/items.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { fake_environment } from "../support/fake_files.ts";

/** Text as written, and as it reads back; or the errno (positive). */
type Values = readonly (readonly [written: string, read: string | number])[];

function same(words: string): Values {
  return words.split(" ").map((word) => [word, word]);
}

function refused(...texts: string[]): Values {
  return texts.map((text) => [text, EINVAL]);
}

const BOOL: Values = [
  ..."true t 1 on yes".split(" ").map((word) => [word, "true"] as const),
  ..."false f 0 off no".split(" ").map((word) => [word, "false"] as const),
  ...refused("", "True", "YES", "2", "y", "maybe", "truee"),
];
const UNSIGNED: Values = [
  ["0", "0"],
  ["1k", "1024"],
  ["1K", "1024"],
  ["7B", "7"],
  ["3m", "3145728"],
  ["4G", "4294967296"],
  ["2T", "2199023255552"],
  ["1Gxyz", "1073741824"],
  ["18446744073709551615", "18446744073709551615"],
  ...refused("", "-1", "+1", "1.5G", "1P", "x", "18446744073709551616"),
  ["16777216T", EOVERFLOW],
];
const SIGNED: Values = [
  ["-1", "-1"],
  ["0", "0"],
  ["-2k", "-2048"],
  ["9223372036854775807", "9223372036854775807"],
  ...refused("", "-", "+1", "1P", "9223372036854775808"),
  ["8388608T", EOVERFLOW],
];
const INT: Values = [
  ["5", "5"],
  ["5x", "5"],
  ["-10", "-10"],
  ["007", "7"],
  ["2147483647", "2147483647"],
  ["-2147483648", "-2147483648"],
  ...refused("", "x5", "+1", "2147483648", "-2147483649"),
];
const POLICY_NAMES =
  "all epall epff eplfs eplus epmfs eppfrd eprand erofs ff lfs lup lus mfs msplfs msplus mspmfs msppfrd newest pfrd rand";
const POLICY: Values = [...same(POLICY_NAMES), ...refused("", "MFS", "eplup", "msplup", "ff,mfs", "true")];
const TEXT: Values = [["", ""], ["a b", "a b"], ["a=b", "a=b"], ["a,b\\c", "a,b\\c"], ["_", "_"]];
const REMEMBER: Values = [
  ...["", "1", "-1", "1k", "true", "on"].map((text) => [text, "true"] as const),
  ...["0", "false", "no"].map((text) => [text, "false"] as const),
  ...refused("maybe", "1x"),
];
const DUMMY: Values = [["", ""], ["anything", ""], ["-1,x", ""]];
const BRANCHES: Values = [
  ["", ""],
  ["/m/a", "/m/a=RW"],
  ["/m/a=RO,1K:/m/b=NC,1500:/m/c=RW", "/m/a=RO,1K:/m/b=NC,1500:/m/c=RW"],
  ["=/m/a=NC,2048M", "/m/a=NC,2G"],
  ["+/m/a=NC,100B", "/m/a=NC,100"],
  ["/m/{b,a}=RO,1536k", "/m/b=RO,1536K:/m/a=RO,1536K"],
  ["/none=RW,0", "/none=RW,0"],
  ...refused(
    "/m/a=",
    "/m/a=ro",
    "/m/a=RW,",
    "/m/a=RO,1G,x",
    "/m/a:",
    ":/m/a",
    "/m/a::/m/b",
    "/m/a:=RO",
    "--/m/a",
    ">",
    "+=/m/a",
  ),
];

/** Words of their own, in the order of the spec; then what is near and refused. */
function words(text: string): Values {
  return [...same(text), ...refused("", text.split(" ")[0]!.toUpperCase(), "true2", text.replaceAll(" ", "|"))];
}

const TYPES: readonly (readonly [names: string, values: Values])[] = [
  [
    "allow-idmap async-read branches-mount-timeout-fail cache.readdir cache.symlinks cache.writeback debug " +
    "direct-io-allow-mmap dropcacheonclose export-support handle-killpriv handle-killpriv-v2 ignorepponrename " +
    "kernel-permissions-check lazy-umount-mountpoint link-cow nullrw parallel-direct-writes posix-acl proxy-ioprio " +
    "security-capability symlinkify strict",
    BOOL,
  ],
  [
    "branches-mount-timeout cache.attr cache.entry cache.negative-entry cache.statfs minfreespace readahead",
    UNSIGNED,
  ],
  ["symlinkify-timeout uid gid umask", SIGNED],
  [
    "passthrough.max-stack-depth process-thread-count process-thread-queue-depth read-thread-count threads " +
    "scheduling-priority",
    INT,
  ],
  [
    "category.action category.create category.search func.access func.chmod func.chown func.create func.getattr " +
    "func.getxattr func.link func.listxattr func.mkdir func.mknod func.open func.readlink func.removexattr func.rename " +
    "func.rmdir func.setxattr func.symlink func.truncate func.unlink func.utimens",
    POLICY,
  ],
  ["fsname pin-threads mountpoint mount log.file", TEXT],
  ["never-forget-nodes noforget remember remember-nodes", REMEMBER],
  [
    "atomic-o-trunc auto-cache big-writes cache.open defaults direct-io gid-cache.expire-timeout log.metrics " +
    "gid-cache.remove-timeout hard-remove kernel-cache negative-entry no-splice-move no-splice-read no-splice-write " +
    "nonempty splice-move splice-read splice-write use-ino",
    DUMMY,
  ],
  ["branches", BRANCHES],
  ["cache.files", [...words("off partial full auto-full per-process"), ["libfuse", "partial"]]],
  ["cache.files.process-names", [
    ["", ""],
    ["a", "a"],
    ["b|a|b", "a|b"],
    ["b||a", "|a|b"],
    ["a |A|á", "A|a |á"],
  ]],
  ["flush-on-close", words("never opened-for-write always")],
  ["follow-symlinks", words("never directory regular all")],
  ["func.readdir", [
    ...same("seq cosr cor seq:9 cor:0 cosr:4:2"),
    ...refused("", "SEQ", "seq:", "seq:-1", "foo", "cor:1:2:3", "cor:1:", "seq:99999999999"),
  ]],
  ["fuse-msg-size", [
    ["1M", "256"],
    ["1", "1"],
    ["4096", "4096"],
    ["4097B", "2"],
    ["1k", "1"],
    ["5k", "2"],
    ["0", "1"],
    ...refused("", "-1", "x"),
    ["16777216T", EOVERFLOW],
  ]],
  ["inodecalc", words("passthrough path-hash path-hash32 devino-hash devino-hash32 hybrid-hash hybrid-hash32")],
  ["link-exdev", words("passthrough rel-symlink abs-base-symlink abs-pool-symlink")],
  ["moveonenospc", [
    ...same(POLICY_NAMES),
    ...["true", "1", "on"].map((text) => [text, "pfrd"] as const),
    ...["false", "0", "no"].map((text) => [text, "false"] as const),
    ...refused("", "maybe", "mfz"),
  ]],
  ["nfsopenhack", words("off git all")],
  ["passthrough.io", words("off ro wo rw auto")],
  ["passthrough.min-free", [...UNSIGNED, ...same("0% 0.5% 100%"), ...refused("%", "101%", "-1%", "1%x")]],
  ["readdirplus", [["auto", "auto"], ["yes", "true"], ["0", "false"], ...refused("", "AUTO", "2")]],
  ["rename-exdev", words("passthrough rel-symlink abs-symlink")],
  ["statfs", words("base full")],
  ["statfs-ignore", words("none ro nc")],
  ["xattr", words("passthrough noattr nosys")],
];

const START_ONLY = new Set([
  ..."allow-idmap async-read branches-mount-timeout branches-mount-timeout-fail cache.symlinks cache.writeback".split(
    " ",
  ),
  ..."direct-io-allow-mmap export-support fsname fuse-msg-size handle-killpriv handle-killpriv-v2".split(" "),
  ..."kernel-permissions-check mountpoint mount never-forget-nodes noforget remember remember-nodes nullrw".split(" "),
  ..."pin-threads posix-acl process-thread-count process-thread-queue-depth read-thread-count".split(" "),
  ..."scheduling-priority readdirplus strict".split(" "),
]);
/** Not in the table: a config file is a test of its own, the rest cannot be set to a value. */
const OTHERS = ["config", "pid", "srcmounts", "version"];

const DIRECTORIES = ["/", "/m", "/m/a", "/m/b", "/m/c"];

function environment(files: Readonly<Record<string, string>> = {}) {
  return fake_environment({ directories: DIRECTORIES, files });
}

/** The table, one row each. */
const ROWS = TYPES.flatMap(([names, values]) =>
  names.split(" ").flatMap((name) => values.map(([written, read]) => ({ name, written, read })))
);

Deno.test("the table has every option", () => {
  const named = TYPES.flatMap(([names]) => names.split(" "));
  assertEquals([...named, ...OTHERS].sort(), OPTIONS.map((option) => option.name).sort());
});

Deno.test("on the command line, in both spellings", () => {
  for (const { name, written, read } of ROWS) {
    for (const key of new Set([name, name.replaceAll("-", "_")])) {
      const item = escape_item(`${key}=${written}`);
      const { errors, configuration } = parse_command_line(["-o", `${item},branches=+/m/a,mount=/m`], environment());
      const shown = `-o ${item}`;
      if (typeof read === "number") {
        assertEquals(errors.map(({ errno, text }) => [errno, text]), [[read, `${key}=${written}`]], shown);
        assert(errors[0]!.remedy !== "", shown);
        assertEquals(configuration.get(name), name === "branches" ? "/m/a=RW" : new Configuration().get(name), shown);
      } else if (name !== "branches" && name !== "mount" && name !== "mountpoint") {
        assertEquals([errors, configuration.get(name)], [[], read], shown);
      }
    }
  }
});

Deno.test("in a config file, in both spellings", () => {
  for (const { name, written, read } of ROWS) {
    for (const key of new Set([name, name.replaceAll("-", "_")])) {
      const configuration = new Configuration(environment({ "/c": `\n \t${key} = ${written}\r\n` }));
      const before = configuration.get(name);
      const result = configuration.set("config", "/c", "startup");
      const shown = `${key}=${written} in a file`;
      if (typeof read === "number") {
        assertEquals([result, configuration.get(name)], [-EINVAL, before], shown);
        assertEquals(configuration.file_errors.map(({ errno, line }) => [errno, line]), [[read, 2]], shown);
      } else assertEquals([result, configuration.get(name)], [0, read], shown);
    }
  }
});

Deno.test("at runtime, where it may change", () => {
  for (const { name, written, read } of ROWS) {
    const configuration = new Configuration(environment());
    const before = configuration.serialize();
    const result = configuration.set(name, written, "runtime");
    const shown = `${name}=${written} at runtime`;
    if (START_ONLY.has(name)) assertEquals([result, configuration.serialize()], [-EROFS, before], shown);
    else if (typeof read === "number") assertEquals([result, configuration.serialize()], [-read, before], shown);
    else assertEquals([result, configuration.get(name)], [0, read], shown);
    if (result < 0) assert(configuration.last_problem !== "", shown);
  }
});

Deno.test("white space around a value counts at runtime only", () => {
  for (const [key, text] of [["cache.attr", " 1"], ["statfs", "full "], ["debug", "true "], ["func.open", "ff\n"]]) {
    assertEquals(new Configuration(environment()).set(key!, text!, "runtime"), -EINVAL, key);
    assertEquals(parse_command_line(["-o", `${key}=${text}`, "/m/a", "/m"], environment()).errors, [], key);
  }
});

Deno.test("an option without a value has the empty one", () => {
  const line = parse_command_line(["-o", "use_ino,remember,nonempty,defaults,debug", "/m/a", "/m"], environment());
  assertEquals(line.errors.map(({ text }) => text), ["debug"]);
  assertEquals(line.configuration.get("never-forget-nodes"), "true");
});

/** Texts that options of one kind or another take. */
const any_text = fc.oneof(
  fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n).map(String),
  fc.tuple(fc.nat(), fc.constantFrom(..."BKMGTbkmgt")).map(([size, unit]) => `${size}${unit}`),
  fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 }).map((parts) => parts.join("|")),
  fc.tuple(fc.constantFrom("seq", "cosr", "cor"), fc.nat(), fc.nat()).map((parts) => parts.join(":")),
  fc.array(fc.tuple(fc.constantFrom("/m/a", "/m/b", "/none/x"), fc.constantFrom("RW", "RO", "NC"), fc.nat()), {
    maxLength: 4,
  }).map((list) => list.map(([path, mode, size]) => `${path}=${mode},${size}`).join(":")),
);

Deno.test("what any option prints is taken again and printed the same", () => {
  const names = OPTIONS.filter(({ name }) => !OTHERS.includes(name)).map(({ name }) => name);
  const accepted = new Set<string>();
  const item = fc.constantFrom(...names).chain((name) => {
    const of_the_table = ROWS.filter((row) => row.name === name).map(({ written }) => written);
    return fc.tuple(fc.constant(name), fc.oneof(fc.constantFrom(...of_the_table), any_text));
  });
  fc.assert(
    fc.property(item, ([name, text]) => {
      const first = new Configuration(environment()), second = new Configuration(environment());
      if (first.set(name, text, "startup") < 0) return;
      accepted.add(name);
      const printed = first.get(name)!;
      assertEquals([second.set(name, printed, "startup"), second.get(name)], [0, printed], `${name}=${text}`);
    }),
    { numRuns: 5_000, seed: 3 },
  );
  assertEquals(names.filter((name) => !accepted.has(name)), []);
});
