#!/bin/sh
# Looks for inputs that break what reads data from outside: runs every fuzz
# target, for 1m each unless told otherwise. go test runs only one at a time.
# What one finds stays in testdata/fuzz beside it, for every later test run.
set -eu

usage() {
	cat >&2 <<-'EOF'
	usage: scripts/fuzz.sh [LENGTH [TARGET]]
	  LENGTH  for each target, as go test -fuzztime has it: 10m, or inputs: 5000x.
	          At the end of a time go test sometimes calls its own deadline a
	          failure (context deadline exceeded), which is none
	  TARGET  a part of a target's name, such as FuzzRequest
	EOF
	exit 2
}

case "${1:-}" in -*) usage ;; esac
cd "$(dirname "$0")/.."
length=${1:-1m}
targets=$(grep -rho '^func Fuzz[A-Za-z0-9_]*' internal --include='*_test.go' --with-filename |
	sed 's|/[^/]*:func | |' | grep "${2:-}" | sort)
[ -n "$targets" ] || usage # sort succeeds without any
echo "$targets" | while read -r package target; do
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$length" "./$package" </dev/null
done
