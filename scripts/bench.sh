#!/bin/sh
# Brings up a system of its own, measures it, and ends it again.
# usage: scripts/bench.sh [rest|spawn|stream|deploy]...
#        scripts/bench.sh [-rounds N] [-turn 3s] [-markdown] deployed
set -eu
cd "$(dirname "$0")/.."
base=${BENCH_PORTS:-14000}
export FLEET=deuxbench VAR="${TMPDIR:-/tmp}/deuxbench" \
	FIRST_PORT="$base" PROXY_PORT=$((base + 100)) READER_PORT=$((base + 101)) WRITER_PORT=$((base + 102)) \
	REDIS_PORT=$((base + 103)) REDIS_ADDR="127.0.0.1:$((base + 103))" \
	REGISTRY_PORT=$((base + 104)) BLUE_PORT=$((base + 105)) GREEN_PORT=$((base + 106)) HAND_PORT=$((base + 107)) \
	PROXY_ADMIN_PORT=$((base + 108)) BLUE_ADMIN_PORT=$((base + 109)) GREEN_ADMIN_PORT=$((base + 110)) \
	BLUE_FIRST_PORT=$((base + 200)) GREEN_FIRST_PORT=$((base + 250)) DEPLOY_DIR="${TMPDIR:-/tmp}/deuxbench-deploy"
root=$PWD
. scripts/settings.sh
trap 'scripts/down.sh --clean >/dev/null 2>&1; rm -rf "$DEPLOY_DIR"' EXIT
trap 'exit 130' INT # dash runs no EXIT trap on a signal
trap 'exit 143' TERM
scripts/up.sh >&2 # what is measured is all that belongs on stdout
echo "==> Measuring" >&2
go build -o bin/bench ./bench
bin/bench "$@"
