#!/bin/sh
# Measures the proxy beside others: as programs on this host, then as deployed.
set -eu

usage() {
	cat >&2 <<-'EOF'
	usage: scripts/bench_proxy.sh [programs|deployed] [-rounds N] [-turn 3s] [-markdown]
	  programs  beside nginx, HAProxy, Caddy and the loop of the seed; takes also
	            -scenarios and -peers, comma-separated (-help lists them)
	  deployed  the whole system beside nginx in a container
	Both without a name. -markdown prints what belongs into bench/README.md only.
	EOF
	exit 2
}

cd "$(dirname "$0")/.."
case "${1:-}" in
programs | deployed) parts=$1; shift ;;
'' | -rounds | -turn | -markdown) parts='programs deployed' ;;
*) usage ;;
esac
command -v wrk >/dev/null || { echo "bench_proxy.sh: wrk is missing: apt-get install wrk" >&2; exit 1; }

programs() {
	caddy=${XDG_CACHE_HOME:-$HOME/.cache}/deux-bench/caddy
	supervise scripts/bench_caddy.sh "$caddy"
	mkdir -p bin
	go build -o bin/ ./cmd/proxy
	go build -o bin/bench-proxy ./bench/proxy
	[ ! -x "$caddy/caddy" ] || set -- -caddy "$caddy/caddy" "$@"
	supervise bin/bench-proxy "$@"
}

deployed() { supervise scripts/bench.sh "$@" deployed; }

# supervise runs a command in a process group of its own, which ends as one: a
# signal to this shell alone also ends all that was started.
supervise() {
	setsid "$@" &
	child=$!
	trap 'kill -TERM "-$child" 2>/dev/null || true' INT TERM HUP
	code=0
	wait "$child" || code=$?
	while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done
	[ "$code" -eq 0 ] || exit "$code"
}

for part in $parts; do "$part" "$@"; done
