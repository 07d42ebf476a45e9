#!/usr/bin/env bash
# The gate of `make check`: format, lint, types, and the rules of the source tree. Each part runs even when one before it
# failed, so that one run shows everything. Needs setup.sh to have run.
set -euo pipefail
# shellcheck source=.ci/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

broken=()

# part NAME COMMAND...
part() {
  local name=$1 started=$SECONDS
  shift
  say "Check: $name"
  "$@" </dev/null || broken+=("$name")
  say "$((SECONDS - started)) s"
}

cd "$ROOT"
part format deno fmt --check --quiet
part lint deno lint --quiet
part types deno check --quiet --frozen src tests
part rules deno test --quiet --allow-read --allow-env --allow-run=git --no-check --cached-only tests/rules
[ ${#broken[@]} = 0 ] || fail "make check failed: ${broken[*]}"
say "make check passed"
