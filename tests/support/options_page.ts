// Makes docs/options.md from the rows of the option table. The test next to the table compares the two.

import { PASSTHROUGH_IO_DEFAULT } from "../../src/config/words.ts";
import type { Change, Option } from "../../src/config/option.ts";
import { SECTIONS } from "../../src/config/options.ts";

const HEAD = `# Options

Generated from the option table (\`src/config/rows_*.ts\`); to change it, change the rows and run
\`UPDATE_DOCS=1 deno test -A tests/config/docs_test.ts\`.

An option is given as \`-o NAME=VALUE\` on the command line or in \`/etc/fstab\`, or as a line \`NAME=VALUE\` of a config
file (\`-o config=FILE\`). While the pool is mounted, it is an extended attribute of the file \`.mergerfs\` in the root of
the pool:

    getfattr -n user.mergerfs.category.create /pool/.mergerfs
    setfattr -n user.mergerfs.category.create -v mfs /pool/.mergerfs

"live" options can be changed like that and hold for every request that starts afterwards; "start" options only when the
pool is mounted ([runtime.md](runtime.md)); "at start" ones can be changed like that too, but have their effect when the pool
is mounted. Options marked with * are not known to mergerfs; their attributes are called \`user.mergerfs-ts.NAME\`.

| value | what may be written |
| --- | --- |
| true\\|false | also t, 1, on, yes and f, 0, off, no |
| NUMBER | decimal digits, with a minus where that makes sense |
| SIZE, SECONDS, KIB | decimal digits, and one of B, K, M, G, T for 1, 1024, 1024² …; what stands behind the letter is ignored |
| POLICY | one of the names of [policies.md](policies.md) |
| TEXT, PATH, NAME, LIST | as it is; a comma inside \`-o\` is written \`\\,\` |
`;

const WHEN: Readonly<Record<Change, string>> = { live: "live", start: "start", never: "read only" };

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

function when_cell(option: Option): string {
  return option.acts_at_start ? "at start" : WHEN[option.change];
}

function default_cell(option: Option): string {
  if (option.change === "never") return "";
  if (option.name === "symlinkify-timeout") return "3600; -1 without symlinkify";
  if (option.name === "passthrough.io") return PASSTHROUGH_IO_DEFAULT;
  return option.default_text === "" ? "" : `\`${cell(option.default_text)}\``;
}

function row(option: Option): string {
  const name = `\`${option.name}\`${option.is_own ? " *" : ""}`;
  return `| ${name} | ${cell(option.kind.placeholder)} | ${default_cell(option)} | ${when_cell(option)} | ${
    cell(option.help)
  } |`;
}

function section(title: string, rows: readonly Option[]): string {
  return `\n## ${title}\n\n| option | value | default | when | what it does |\n| --- | --- | --- | --- | --- |\n${
    rows.map(row).join("\n")
  }\n`;
}

/** The whole page. */
export function options_page(): string {
  const shown = SECTIONS.filter(({ rows }) => rows.some((option) => !option.is_hidden));
  const older = SECTIONS.flatMap(({ rows }) => rows).filter((option) => option.is_hidden);
  const without_effect = older.filter((option) => option.kind.placeholder === "ANY").map((option) =>
    `\`${option.name}\``
  );
  const with_effect = older.filter((option) => option.kind.placeholder !== "ANY");
  const others = with_effect.map((option) => `| \`${option.name}\` | ${when_cell(option)} | ${cell(option.help)} |`);
  return [
    HEAD,
    ...shown.map(({ title, rows }) => section(title, rows)),
    "\n## Older words\n\nAccepted so that old configurations keep working; never listed. ",
    "In all names of the command line and of config files `_` may be written for `-`.\n\n",
    `Any value, without effect: ${without_effect.join(", ")}.\n\n`,
    "`cache.files=libfuse` is taken as `partial`; with `direct_io`, `kernel_cache` or `auto_cache` beside it as `off`, ",
    "`full` or `auto-full`.\n\n",
    "| option | when | what it does |\n| --- | --- | --- |\n",
    others.join("\n"),
    "\n",
  ].join("");
}
