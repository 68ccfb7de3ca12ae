#!/bin/sh
# Brings up a system of its own, measures it, and ends it again.
# usage: scripts/bench.sh [rest|spawn|stream]...
set -eu
cd "$(dirname "$0")/.."
base=${BENCH_PORTS:-14000}
export FLEET=deuxbench VAR="${TMPDIR:-/tmp}/deuxbench" \
	FIRST_PORT="$base" PROXY_PORT=$((base + 100)) READER_PORT=$((base + 101)) WRITER_PORT=$((base + 102)) \
	REDIS_PORT=$((base + 103)) REDIS_ADDR="127.0.0.1:$((base + 103))"
root=$PWD
. scripts/settings.sh
trap 'scripts/down.sh --clean >/dev/null 2>&1' EXIT
scripts/up.sh
echo "==> Measuring"
go run ./bench "$@"
