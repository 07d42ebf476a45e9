#!/usr/bin/env bash
# Makes a bare machine ready. Usage: setup.sh build|test. Safe to run again: what is there is not touched, and a run that
# finds everything makes no use of the network and takes a fraction of a second.
#
# Fetched: Debian packages (only missing ones, only as root), Deno (npm), denort (see denort.mjs), the npm packages of
# deno.lock. All but the Debian packages lies in .tools.
set -euo pipefail
# shellcheck source=.ci/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

DENO_VERSION=2.6.8
DENO_X64_INTEGRITY=sha512-oY6qIbyrEHt+rzk7oHJ8KZgJ3mOQ1econRWcXlm/wOXORVDn7l9rEoY0vlOf4Qvv22tPTD5Jn1bxm6WBZBXmog==

# What a build and a mount need, and what the tests need beyond that. Columns: probe, Debian, Fedora, Arch.
# Probes: lib:SONAME, cmd:COMMAND, file:PATH, py:MODULE (of /usr/bin/python3).
BUILD_NEEDS='
file:/etc/ssl/certs/ca-certificates.crt ca-certificates ca-certificates ca-certificates
lib:libfuse3.so.3 libfuse3-3 fuse3-libs fuse3
cmd:fusermount3 fuse3 fuse3 fuse3
cmd:tar tar tar tar
cmd:cmp diffutils diffutils diffutils'
TEST_NEEDS='
py:pytest python3-pytest python3-pytest python-pytest
py:hypothesis python3-hypothesis python3-hypothesis python-hypothesis
cmd:getfattr attr attr attr
cmd:getfacl acl acl acl
cmd:rsync rsync rsync rsync
cmd:sqlite3 sqlite3 sqlite sqlite
cmd:fio fio fio fio
cmd:git git git git
cmd:make make make make
cmd:gcc gcc gcc gcc
file:/usr/include/stdio.h libc6-dev glibc-devel glibc
cmd:mkfs.ext4 e2fsprogs e2fsprogs e2fsprogs
cmd:mkfs.xfs xfsprogs xfsprogs xfsprogs
cmd:mkfs.btrfs btrfs-progs btrfs-progs btrfs-progs
cmd:losetup mount util-linux util-linux
cmd:setpriv util-linux util-linux util-linux
cmd:ps procps procps-ng procps-ng
cmd:busybox busybox busybox busybox'

# library_path SONAME: prints where the loader finds it; fails when it does not.
library_path() {
  local directory
  for directory in "/usr/lib/$(uname -m)-linux-gnu" "/lib/$(uname -m)-linux-gnu" /usr/lib64 /usr/lib /lib64 /lib; do
    if [ -e "$directory/$1" ]; then
      printf '%s\n' "$directory/$1"
      return 0
    fi
  done
  return 1
}

present() {
  case $1 in
    lib:*) library_path "${1#lib:}" >/dev/null ;;
    cmd:*) command -v "${1#cmd:}" >/dev/null ;;
    file:*) [ -e "${1#file:}" ] ;;
    py:*) /usr/bin/python3 -c "import importlib.util as u; exit(u.find_spec('${1#py:}') is None)" 2>/dev/null ;;
    *) fail "Unknown probe \"$1\" in setup.sh" ;;
  esac
}

# Prints the rows of a table whose probe finds nothing.
missing_rows() {
  local probe debian fedora arch
  while read -r probe debian fedora arch; do
    if [ -n "$probe" ] && ! present "$probe"; then
      printf '%s %s %s %s\n' "$probe" "$debian" "$fedora" "$arch"
    fi
  done
}

# column N ROWS: one column of the rows, each word once, on one line.
column() { printf '%s\n' "$2" | awk -v n="$1" '!seen[$n]++ { printf "%s%s", space, $n; space = " " }'; }

explain_missing() {
  fail "This machine lacks: $(column 1 "$1")" \
    "Install it and run this again:" \
    "  Debian, Ubuntu: sudo apt-get update && sudo apt-get install --no-install-recommends $(column 2 "$1")" \
    "  Fedora:         sudo dnf install $(column 3 "$1")" \
    "  Arch Linux:     sudo pacman -S --needed $(column 4 "$1")" \
    "(Only root on Debian or a relative of it gets this done automatically.)"
}

install_packages() {
  local rows packages
  rows=$(missing_rows <<<"$1")
  [ -n "$rows" ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then explain_missing "$rows"; fi
  packages=$(column 2 "$rows")
  say "Debian packages are missing: $packages"
  say "apt-get update"
  apt-get update -q || fail "The package lists cannot be fetched; see above. Needed are: $packages"
  say "apt-get install $packages"
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends $packages ||
    fail "apt-get could not install: $packages"
  rows=$(missing_rows <<<"$1")
  [ -z "$rows" ] || explain_missing "$rows"
}

require_node() {
  command -v npm >/dev/null && command -v node >/dev/null && return 0
  fail "node and npm are missing; Deno is fetched with them." "  Debian, Ubuntu: sudo apt-get install nodejs npm"
}

install_deno() {
  [ "$(cat "$TOOLS/deno.version" 2>/dev/null)" = "$DENO_VERSION" ] && [ -x "$TOOLS/deno" ] && return 0
  require_node
  local package integrity=
  case "$(uname -sm)" in
    "Linux x86_64") package=@deno/linux-x64-glibc integrity=$DENO_X64_INTEGRITY ;;
    "Linux aarch64") package=@deno/linux-arm64-glibc ;;
    *) fail "Deno is not packaged for \"$(uname -sm)\"; mergerfs-ts needs Linux on x86_64 or aarch64" ;;
  esac
  say "Deno $DENO_VERSION from the npm package $package (48 MB)"
  node "$ROOT/.ci/npm_file.mjs" "$package@$DENO_VERSION" package/deno "$TOOLS/deno.new" "$integrity"
  "$TOOLS/deno.new" --version | grep -q "^deno $DENO_VERSION " ||
    fail "The Deno that came does not run or is not version $DENO_VERSION (Deno needs glibc; musl systems cannot build)"
  mv "$TOOLS/deno.new" "$TOOLS/deno"
  printf '%s\n' "$DENO_VERSION" >"$TOOLS/deno.version"
}

# The stamp tells that denort is there for this Deno: in .tools, or (without that file) in Deno's own cache.
install_denort() {
  [ -z "${DENORT_BIN:-}" ] || [ "$DENORT_BIN" = "$TOOLS/denort" ] || { install_denort_of_caller; return 0; }
  if [ "$(cat "$TOOLS/denort.version" 2>/dev/null)" = "$DENO_VERSION" ]; then
    [ -x "$TOOLS/denort" ] || ls "$DENO_DIR"/dl/release/"v$DENO_VERSION"/denort-* >/dev/null 2>&1 && return 0
  fi
  require_node
  say "denort, the runtime inside the compiled program"
  rm -f "$TOOLS/denort"
  node "$ROOT/.ci/denort.mjs" "$TOOLS/deno" "$TOOLS"
  printf '%s\n' "$DENO_VERSION" >"$TOOLS/denort.version"
}

install_denort_of_caller() { [ -x "$DENORT_BIN" ] || fail "DENORT_BIN names \"$DENORT_BIN\", which is not a program"; }

install_npm_packages() {
  local wanted
  wanted=$(cat "$ROOT/deno.json" "$ROOT/deno.lock" | cksum)
  [ "$(cat "$TOOLS/npm_packages.stamp" 2>/dev/null)" = "$wanted" ] && return 0
  say "npm packages of deno.lock"
  (cd "$ROOT" && "$TOOLS/deno" install --frozen)
  printf '%s\n' "$wanted" >"$TOOLS/npm_packages.stamp"
}

# The copy that `deno compile` puts inside the program.
copy_libfuse() {
  local source
  source=$(library_path libfuse3.so.3)
  cmp -s "$source" "$TOOLS/libfuse3.so.3" && return 0
  say "A copy of $source for the compiled program"
  cp -L "$source" "$TOOLS/libfuse3.so.3.new"
  mv "$TOOLS/libfuse3.so.3.new" "$TOOLS/libfuse3.so.3"
}

main() {
  mkdir -p "$TOOLS"
  [ -w "$TOOLS" ] || fail "\"$TOOLS\" belongs to another user; run this as that user, or in a clone of your own"
  # Two runs in one tree take turns.
  if command -v flock >/dev/null; then
    exec 9>"$TOOLS/setup.lock"
    flock 9
  fi
  case ${1:-} in
    build) install_packages "$BUILD_NEEDS" ;;
    test) install_packages "$BUILD_NEEDS$TEST_NEEDS" ;;
    *) fail "Usage: setup.sh build|test" ;;
  esac
  install_deno
  install_npm_packages
  copy_libfuse
  install_denort
  # What npm kept of the packages is 100 MB that nobody needs again.
  rm -rf "$npm_config_cache"
}

main "$@"
