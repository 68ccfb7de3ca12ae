#!/bin/sh
# Builds the newest Caddy, with no module but its proxy, in a folder, once. It
# comes from Go's module proxy, because Debian's is years old. The measurement
# can do without, so a failure is reported but is not an error.
# usage: scripts/bench_caddy.sh DIR
set -eu
[ $# -eq 1 ] || { sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
[ ! -x caddy ] || exit 0
echo "==> Building Caddy in $PWD, once; takes minutes" >&2
cat >main.go <<'EOF'
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

func main() { caddycmd.Main() }
EOF
{
	[ -f go.mod ] || go mod init caddy
	go get github.com/caddyserver/caddy/v2@latest && go mod tidy && go build -trimpath -ldflags '-s -w' -o caddy .
} >build.log 2>&1 || echo "bench_caddy.sh: Caddy could not be built: see $PWD/build.log" >&2
