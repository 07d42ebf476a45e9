#!/usr/bin/env bash
# Runs every test: unit, wire, property and rule tests, then real mounts, then pytest as an outside user. The last line is
# "N passed, N failed, N skipped" over all of them. Usage: test.sh [unit|mount|python]..., all three without arguments.
# Every runner gets one temporary directory; what still lives in it at the end (file, mount, process) is a failure.
set -euo pipefail
# shellcheck source=.ci/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

passed=0 failed=0 skipped=0
export NO_COLOR=1 PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=$TOOLS/hypothesis
export MERGERFS_TS=$ROOT/dist/mergerfs-ts
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/mergerfs-ts-test.XXXXXX")
export TMPDIR
LOGS=$TOOLS/test_logs

# last_number LOG PATTERN WORD: the number before WORD in the last line that matches PATTERN; 0 when there is none.
last_number() {
  local line
  line=$(grep -E "$2" "$1" | tail -n 1 || true)
  printf '%s' "$line" | grep -oE "[0-9]+ $3" | head -n 1 | grep -oE '^[0-9]+' || printf '0\n'
}

# count RUNNER LOG STATUS: adds the numbers of a runner's closing line.
count() {
  local pattern more_failed=0 skip_word=skipped
  case $1 in
    deno) pattern='^(ok|FAILED) \| [0-9]+ passed' skip_word=ignored ;;
    pytest) pattern='^(=+ )?[0-9]+ [a-z]+.* in [0-9.]+s' ;;
  esac
  passed=$((passed + $(last_number "$2" "$pattern" passed)))
  skipped=$((skipped + $(last_number "$2" "$pattern" "$skip_word")))
  more_failed=$(($(last_number "$2" "$pattern" failed) + $(last_number "$2" "$pattern" 'errors?')))
  # A runner that ends badly without naming a failed test (a file that does not load, a crash) counts as one.
  if [ "$3" != 0 ] && [ "$more_failed" = 0 ]; then more_failed=1; fi
  failed=$((failed + more_failed))
}

# run RUNNER NAME COMMAND...: runs it with its output on the screen and in a log.
run() {
  local runner=$1 log=$LOGS/$2.log status=0 started=$SECONDS
  say "Tests: $2"
  shift 2
  "$@" </dev/null 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
  # pytest ends with 5 when it collected nothing.
  if [ "$runner" = pytest ] && [ "$status" = 5 ]; then status=0; fi
  count "$runner" "$log" "$status"
  say "$((SECONDS - started)) s"
}

has_tests() { [ -d "$1" ] && [ -n "$(find "$1" -name "$2" -print -quit)" ]; }

run_unit() {
  run deno unit deno test --allow-all --no-check --parallel --cached-only --ignore=tests/mount,tests/bench tests/
}

run_mount() {
  has_tests tests/mount '*_test.ts' || return 0
  if [ "$(id -u)" != 0 ] || [ ! -c /dev/fuse ]; then
    say "The mount tests need root and /dev/fuse; they count as one failure here"
    failed=$((failed + 1))
    return 0
  fi
  run deno mount deno test --allow-all --no-check --cached-only tests/mount
}

run_python() {
  has_tests python_tests 'test_*.py' || has_tests python_tests '*_test.py' || return 0
  run pytest python /usr/bin/python3 -m pytest -p no:cacheprovider -q --basetemp "$TMPDIR/pytest" python_tests
  rm -rf "$TMPDIR/pytest"
}

# Processes that were started by a test carry its temporary directory, or one in it, in their environment. This shell got it
# only after it had started, so it does not.
leftover_processes() {
  local directory process
  for directory in /proc/[0-9]*; do
    process=${directory#/proc/}
    grep -qzs "^TMPDIR=$TMPDIR\(/\|\$\)" "$directory/environ" || continue
    printf '%s\n' "$process"
  done
}

# Says what tests left behind, removes it, and counts it as one failure.
check_leftovers() {
  local mounts processes files process mount
  mounts=$(awk -v under="$TMPDIR/" 'index($5, under) == 1 { print $5 }' /proc/self/mountinfo | tac)
  processes=$(leftover_processes)
  for process in $processes; do
    say "Left behind: process $process, $(tr '\0' ' ' <"/proc/$process/cmdline" 2>/dev/null | cut -c 1-200)"
    kill "$process" 2>/dev/null || true
  done
  for mount in $mounts; do
    say "Left behind: mount $mount"
    umount -l "$mount" || true
  done
  files=$(find "$TMPDIR" -xdev -mindepth 1 -maxdepth 1)
  [ -z "$files" ] || printf '== Left behind: %s\n' $files
  rm -rf --one-file-system "$TMPDIR"
  [ -z "$mounts$processes$files" ] || failed=$((failed + 1))
}

cd "$ROOT"
mkdir -p "$LOGS"
[ $# -gt 0 ] || set -- unit mount python
for part in "$@"; do
  case $part in
    unit | mount | python) "run_$part" ;;
    *) fail "Unknown part \"$part\"; there are unit, mount and python" ;;
  esac
done
check_leftovers
if [ "$skipped" = 0 ]; then
  printf '%s passed, %s failed\n' "$passed" "$failed"
else
  printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
fi
[ "$failed" = 0 ]
