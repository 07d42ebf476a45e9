// The usage and version texts. The option table is made from the rows, so it cannot forget one.

import { SECTIONS } from "./options.ts";
import type { Option } from "./option.ts";
import { POLICIES } from "../policies/registry.ts";

const HEAD = `Usage: mergerfs [options] <branches> <mountpoint>

Pools the directories of <branches> (joined with ":", each PATH[=RW|RO|NC[,MINFREESPACE]]) at <mountpoint>.

  -o LIST        options, NAME or NAME=VALUE, separated by commas
  -f             stay in the foreground
  -d             trace requests (the same as -o debug=true)
  -r             mount read-only
  -h, --help     print this text
  -v, -V, --version  print the version

As mergerfs-ts (not as mergerfs), also:

  mergerfs-ts fsck [options] <path>  compare and repair what lies on several branches
  mergerfs-ts collect-info           write a file for a bug report
`;

const LICENCE = `MIT licence: you may use, copy, change and pass on this program; it comes without any warranty.`;

/** Name and form of the value, as it is written behind -o. */
export function option_form(option: Option): string {
  return `${option.name}=${option.kind.placeholder}`;
}

function option_text(option: Option): string {
  const behind = option.default_text === "" ? "" : ` (default: ${option.default_text})`;
  return `  ${option_form(option)}\n      ${option.help}${behind}\n`;
}

/** Listed options that can be set, in sections. */
function option_table(): string {
  return SECTIONS.map(({ title, rows }) => {
    const shown = rows.filter((option) => !option.is_hidden && option.change !== "never");
    return shown.length === 0 ? "" : `\n${title}:\n${shown.map(option_text).join("")}`;
  }).join("");
}

function policy_table(): string {
  const rows = POLICIES.map(({ name, summary }) => `  ${name.padEnd(8)} ${summary}\n`);
  return `\nPolicies (which branch a function uses):\n${rows.join("")}`;
}

/** For --help: the first line of the reference, then everything that can be set (departures D19). */
export function usage_text(): string {
  return `${HEAD}\nOptions:\n${option_table()}${policy_table()}`;
}

/** For --version. */
export function version_text(version: string): string {
  return `mergerfs v${version}\n\nThis is mergerfs-ts, a union filesystem.\n\n${LICENCE}\n`;
}
