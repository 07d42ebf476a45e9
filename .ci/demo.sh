#!/usr/bin/env bash
# `make run` and `make stop`: mounts the compiled program and shows what a pool is. Usage: demo.sh start|stop.
# BRANCHES=/a:/b and MOUNT=/mnt/pool choose other places; then nothing is written into them, only shown.
set -euo pipefail
# shellcheck source=.ci/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

DEMO=${TMPDIR:-/tmp}/mergerfs-ts-demo
PROGRAM=$ROOT/dist/mergerfs-ts
STATE=$TOOLS/demo_mount
SHOWN_FILES=20

is_mounted() { awk -v mount="$1" '$5 == mount { found = 1 } END { exit !found }' /proc/self/mountinfo; }

make_demo_branches() {
  local disk
  mkdir -p "$DEMO/pool"
  for disk in disk1 disk2 disk3; do
    mkdir -p "$DEMO/$disk"
    printf 'This file was on %s before there was a pool.\n' "$disk" >"$DEMO/$disk/from_$disk.txt"
  done
}

write_demo_files() {
  local name
  mkdir -p "$1/films" "$1/music" "$1/photos/2024"
  for name in films/alien.txt films/brazil.txt films/casablanca.txt music/goldberg.txt music/kind_of_blue.txt \
    photos/2024/harbour.txt photos/2024/lighthouse.txt readme.txt; do
    printf 'This is %s, written into the pool.\n' "$name" >"$1/$name"
  done
}

# The branches of BRANCHES as paths, one a line: modes cut off, patterns expanded.
branch_paths() {
  local part parts
  IFS=: read -r -a parts <<<"$1"
  for part in "${parts[@]}"; do
    # shellcheck disable=SC2086
    printf '%s\n' ${part%%=*}
  done
}

show_files() {
  local branch total
  total=$(find "$MOUNT" -xdev -type f 2>/dev/null | head -n $((SHOWN_FILES + 1)) | wc -l)
  say "Which file lies on which branch"
  while read -r branch; do
    printf '%s\n' "$branch"
    find "$branch" -xdev -type f -printf '    %P\n' 2>/dev/null | head -n "$SHOWN_FILES" | sort
  done < <(branch_paths "$BRANCHES")
  if [ "$total" -gt "$SHOWN_FILES" ]; then printf '    (at most %s files of each branch are shown)\n' "$SHOWN_FILES"; fi
}

start() {
  local own=no
  if [ -z "${BRANCHES:-}" ] && [ -z "${MOUNT:-}" ]; then
    own=yes
    make_demo_branches
  elif [ -z "${BRANCHES:-}" ] || [ -z "${MOUNT:-}" ]; then
    fail "BRANCHES and MOUNT belong together: make run BRANCHES=/mnt/disk1:/mnt/disk2 MOUNT=/mnt/pool"
  fi
  BRANCHES=${BRANCHES:-$DEMO/disk1:$DEMO/disk2:$DEMO/disk3}
  MOUNT=$(realpath -m -- "${MOUNT:-$DEMO/pool}")
  if is_mounted "$MOUNT"; then
    say "\"$MOUNT\" is mounted already; \`make stop\` unmounts it"
    df -h "$MOUNT"
    return 0
  fi
  [ -c /dev/fuse ] || fail "There is no /dev/fuse: run \"modprobe fuse\", or start the container with --device /dev/fuse"
  [ -d "$MOUNT" ] || fail "The mountpoint \"$MOUNT\" does not exist; create it first"
  say "$PROGRAM $BRANCHES $MOUNT"
  "$PROGRAM" "$BRANCHES" "$MOUNT"
  printf '%s\n' "$MOUNT" >"$STATE"
  if [ "$own" = yes ]; then write_demo_files "$MOUNT"; fi
  show
}

show() {
  say "The pool"
  find "$MOUNT" -xdev -type f -printf '    %P\n' 2>/dev/null | head -n "$SHOWN_FILES" | sort
  show_files
  say "df"
  df -h "$MOUNT"
  say "The pool is at $MOUNT. Unmount it with \`make stop\` or \"umount $MOUNT\"."
}

stop() {
  MOUNT=$(realpath -m -- "${MOUNT:-$(cat "$STATE" 2>/dev/null || printf '%s' "$DEMO/pool")}")
  if ! is_mounted "$MOUNT"; then
    rm -f "$STATE"
    say "Nothing is mounted at \"$MOUNT\""
    return 0
  fi
  if [ "$(id -u)" = 0 ]; then umount "$MOUNT"; else fusermount3 -u "$MOUNT"; fi
  rm -f "$STATE"
  say "Unmounted \"$MOUNT\"; the files stay on the branches as plain files"
  case $MOUNT in "$DEMO"/*) printf '   They go with: rm -r %s\n' "$DEMO" ;; esac
}

case ${1:-} in
  start) start ;;
  stop) stop ;;
  *) fail "Usage: demo.sh start|stop" ;;
esac
