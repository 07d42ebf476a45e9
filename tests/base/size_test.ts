// Numbers as people write them: every form of config spec §2.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { EINVAL, EOVERFLOW } from "../../src/base/errno.ts";
import type { Parsed } from "../../src/base/parsed.ts";
import { humanise, parse_int, parse_pages, parse_s64, parse_u64, size_number } from "../../src/base/size.ts";

/** The value as text, or -errno. */
function outcome(parsed: Parsed<bigint | number>): string | number {
  return parsed.ok ? parsed.value.toString() : -parsed.errno;
}

Deno.test("U64", () => {
  const cases: [string, string | number][] = [
    ["0", "0"],
    ["4294967295", "4294967295"],
    ["007", "7"],
    ["1B", "1"],
    ["1k", "1024"],
    ["1K", "1024"],
    ["3m", "3145728"],
    ["4G", "4294967296"],
    ["2t", "2199023255552"],
    ["1Gxyz", "1073741824"],
    ["4G ", "4294967296"],
    ["1G\n", "1073741824"],
    ["18446744073709551615", "18446744073709551615"],
    ["18446744073709551616", -EINVAL],
    ["16777216T", -EOVERFLOW],
    ["16777215T", "18446742974197923840"],
    ["18446744073709551615K", -EOVERFLOW],
    ["", -EINVAL],
    ["G", -EINVAL],
    ["-1", -EINVAL],
    ["+1", -EINVAL],
    [" 1", -EINVAL],
    ["1 ", -EINVAL],
    ["1.5G", -EINVAL],
    ["1P", -EINVAL],
    ["1x", -EINVAL],
  ];
  for (const [text, expected] of cases) assertEquals(outcome(parse_u64(text)), expected, JSON.stringify(text));
});

Deno.test("S64", () => {
  const cases: [string, string | number][] = [
    ["-1", "-1"],
    ["-1k", "-1024"],
    ["9223372036854775807", "9223372036854775807"],
    ["9223372036854775808", -EINVAL],
    ["-9223372036854775808", "-9223372036854775808"],
    ["-9223372036854775809", -EINVAL],
    ["9007199254740992K", -EOVERFLOW],
    ["-", -EINVAL],
    ["--1", -EINVAL],
    ["", -EINVAL],
  ];
  for (const [text, expected] of cases) assertEquals(outcome(parse_s64(text)), expected, text);
});

Deno.test("INT", () => {
  const cases: [string, string | number][] = [
    ["5x", "5"],
    ["-10", "-10"],
    ["-0", "0"],
    ["2147483647", "2147483647"],
    ["2147483648", -EINVAL],
    ["-2147483648", "-2147483648"],
    ["-2147483649", -EINVAL],
    ["1k", "1"],
    ["+1", -EINVAL],
    [" 1", -EINVAL],
    ["", -EINVAL],
    ["x", -EINVAL],
  ];
  for (const [text, expected] of cases) assertEquals(outcome(parse_int(text)), expected, text);
});

Deno.test("PAGES", () => {
  const cases: [string, string | number][] = [
    ["1M", "256"],
    ["1", "1"],
    ["4096", "4096"],
    ["4097B", "2"],
    ["1k", "1"],
    ["5k", "2"],
    ["0", "0"],
    ["1K ", "1024"],
    ["", -EINVAL],
    ["4503599627370496", -EOVERFLOW],
  ];
  for (const [text, expected] of cases) assertEquals(outcome(parse_pages(text, 4096)), expected, text);
  assertEquals(outcome(parse_pages("1M", 65536)), "16");
});

Deno.test("humanised sizes", () => {
  const cases: [bigint, string][] = [
    [0n, "0"],
    [100n, "100"],
    [1023n, "1023"],
    [1024n, "1K"],
    [1536n << 10n, "1536K"],
    [2048n << 20n, "2G"],
    [1048577n, "1048577"],
    [1n << 40n, "1T"],
    [1n << 50n, "1024T"],
  ];
  for (const [size, expected] of cases) assertEquals(humanise(size), expected);
});

Deno.test("a printed size reads back as itself", () => {
  fc.assert(fc.property(fc.bigInt(0n, 0xffff_ffff_ffff_ffffn), fc.integer({ min: 0, max: 40 }), (size, shift) => {
    const value = size >> BigInt(shift) << BigInt(shift);
    const parsed = parse_u64(humanise(value));
    assert(parsed.ok && parsed.value === value);
    assertEquals(outcome(parse_u64(value.toString())), value.toString());
  }));
});

Deno.test("the number for comparisons", () => {
  assertEquals(size_number(4294967295n), 4294967295);
  assertEquals(size_number(1n << 53n), 2 ** 53);
});

Deno.test("a refused size says what is wrong and what to write", () => {
  const parsed = parse_u64("1P");
  assert(!parsed.ok && parsed.problem.includes('"1P"') && parsed.hint.includes("4G"));
});
