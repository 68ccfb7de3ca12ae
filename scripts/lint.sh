#!/bin/sh
# gofmt, vet, staticcheck and ShellCheck over everything, or fails.
set -eu
cd "$(dirname "$0")/.."
staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.1

command -v shellcheck >/dev/null || { echo "lint.sh: ShellCheck is missing: apt-get install shellcheck" >&2; exit 1; }
echo "==> gofmt"
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "lint.sh: not formatted, run gofmt -w on: $unformatted" >&2; exit 1; }
echo "==> go vet"
go vet ./...
echo "==> staticcheck"
go run "$staticcheck" ./...
echo "==> ShellCheck"
git ls-files -z scripts deploy/hooks .ci | xargs -0 shellcheck -x -P SCRIPTDIR
