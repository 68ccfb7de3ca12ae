#!/bin/sh
# Builds the programs that run on the host into bin/: with the host's Go, or
# without one in a container.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
. scripts/step.sh
programs="./cmd/infrastructure ./cmd/deploy ./cmd/deux"
needed=$(sed -n 's/^go //p' go.mod)

# recent_go: is there a Go that can read this go.mod?
recent_go() {
	command -v go >/dev/null || return 1
	version=$(go env GOVERSION) version=${version#go}
	[ "$(printf '%s\n' "$needed" "$version" | sort -V | head -n 1)" = "$needed" ]
}

# build runs go build: with the host's Go or in a container.
build() {
	# shellcheck disable=SC2086 # a list of words
	if recent_go; then
		CGO_ENABLED=0 go build -trimpath -buildvcs=false -o bin/ $programs
	else
		docker run --rm --user "$(id -u):$(id -g)" --volume "$root:/src" --workdir /src \
			--env CGO_ENABLED=0 --env GOCACHE=/src/var/go-cache --env GOPATH=/src/var/go \
			golang:1.26-bookworm go build -trimpath -buildvcs=false -modcacherw -o bin/ $programs
	fi
}

mkdir -p bin
step "Building the host's programs" build
