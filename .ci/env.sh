# The environment of every build and test step; sourced by the scripts in this folder, from any working directory.
# Everything that is fetched or cached lies in .tools, so nothing depends on HOME and removing that folder forgets it all.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=$ROOT/.tools
export ROOT TOOLS
export PATH="$TOOLS:$PATH:/usr/sbin:/sbin"
export DENO_DIR="$TOOLS/deno_dir"
# Deno trusts its own list of certificate authorities by default; a machine behind a private one needs the system's list.
export DENO_TLS_CA_STORE=system
export DENO_NO_UPDATE_CHECK=1
# A stack of Rust addresses below every message of Deno helps nobody here.
export RUST_LIB_BACKTRACE=0
export npm_config_cache="$TOOLS/npm_cache" npm_config_update_notifier=false npm_config_loglevel=error
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -f /etc/ssl/certs/ca-certificates.crt ]; then
  export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
fi
# A denort of the caller's choice wins; else the fallback that setup.sh made; else `deno compile` fetches its own.
if [ -z "${DENORT_BIN:-}" ] && [ -x "$TOOLS/denort" ]; then
  export DENORT_BIN="$TOOLS/denort"
fi

[ -t 1 ] || export NO_COLOR=1

# say TEXT: one line of progress. fail TEXT...: lines on stderr, then exit 1.
say() { printf '== %s\n' "$*"; }
fail() { printf '%s\n' "$@" >&2; exit 1; }
