#!/bin/sh
# Looks for inputs that break what reads data from outside: runs every fuzz target
# for a time each, 1m unless told. go test lets only one run at a time. What one
# finds stays in testdata/fuzz beside it, for every later test run.
set -eu

usage() {
	cat >&2 <<-'EOF'
	usage: scripts/fuzz.sh [TIME [TARGET]]
	  TIME    as Go writes it, for each target: 2s, 10m
	  TARGET  a part of a target's name, such as FuzzRequest
	EOF
	exit 2
}

case "${1:-}" in -*) usage ;; esac
cd "$(dirname "$0")/.."
time=${1:-1m}
targets=$(grep -rho '^func Fuzz[A-Za-z0-9_]*' internal --include='*_test.go' --with-filename |
	sed 's|/[^/]*:func | |' | grep "${2:-}" | sort) || usage
echo "$targets" | while read -r package target; do
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$package" </dev/null
done
