#!/usr/bin/env bash
# Compiles src/main.ts to dist/mergerfs-ts, one file with the workers and libfuse3 inside. Needs setup.sh to have run.
# `make build` calls this only when a source is newer than the program.
set -euo pipefail
# shellcheck source=.ci/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

MAIN=src/main.ts
WORKERS=(src/worker/entry.ts src/worker/reader_entry.ts src/worker/reload_entry.ts)
OUTPUT=$ROOT/dist/mergerfs-ts

# `deno compile` embeds every npm package that the configuration names, used or not (the TypeScript compiler of the rule
# tests alone is 23 MB). So the build has a configuration of its own: deno.json with only the imports that src uses. The
# packages were checked against deno.lock when setup.sh fetched them; --cached-only admits no others.
write_build_config() {
  node --input-type=module - "$ROOT" "$TOOLS/build.json" <<'JS'
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
const [root, output] = process.argv.slice(2);
const config = JSON.parse(readFileSync(`${root}/deno.json`, "utf8"));
const sources = readdirSync(`${root}/src`, { recursive: true }).filter((name) => name.endsWith(".ts"));
const text = sources.map((name) => readFileSync(`${root}/src/${name}`, "utf8")).join("\n");
const used = Object.entries(config.imports).filter(([name]) => text.includes(`from "${name}"`));
const { compilerOptions, nodeModulesDir } = config;
writeFileSync(output, JSON.stringify({ compilerOptions, nodeModulesDir, imports: Object.fromEntries(used) }, null, 2));
JS
}

cd "$ROOT"
for file in "$MAIN" "${WORKERS[@]}"; do
  [ -f "$file" ] || fail "\"$file\" is missing; there is nothing to build"
done
write_build_config
mkdir -p dist
rm -f "$OUTPUT.new"
say "deno compile $MAIN (types are checked by \`make check\`)"
# The code cache would leave a file in the temporary directory of every machine that runs the program.
"$TOOLS/deno" compile --quiet --config "$TOOLS/build.json" --no-lock --cached-only --no-check --no-code-cache --allow-all \
  "${WORKERS[@]/#/--include=}" --include .tools/libfuse3.so.3 --output "$OUTPUT.new" "$MAIN"
mv "$OUTPUT.new" "$OUTPUT"
say "dist/mergerfs-ts, $(($(stat -c %s "$OUTPUT") / 1000000)) MB"
