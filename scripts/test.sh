#!/bin/sh
# Runs every test: units, lists against a real Redis, the stream with a real
# socat, and whole systems on real Docker, under names and ports of their own.
# Arguments go to go test: scripts/test.sh -run TestSystem -v
set -eu
cd "$(dirname "$0")/.."
. scripts/step.sh

# need PROGRAM PACKAGE: installs what is missing where apt-get may.
need() {
	command -v "$1" >/dev/null && return
	echo "==> Installing $2, which the tests need"
	if [ "$(id -u)" -eq 0 ]; then sudo=''; else sudo='sudo -n'; fi
	if ! { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2"; } >/dev/null 2>&1; then
		echo "test.sh: $1 is missing and could not be installed: install the package $2" >&2
		exit 1
	fi
}

# One at a time on a host: the systems that they start have the same names. go
# test must not inherit the lock, because it may leave a program behind when it
# is killed.
lock=/tmp/deux-test.lock
[ -e "$lock" ] || : >"$lock"
exec 9<"$lock"
flock --nonblock 9 || { echo "==> Waiting for another make test on this host to end"; flock 9; }

need socat socat
need caddy caddy
need systemd-analyze systemd
need chromium chromium
scripts/base_images.sh
export REQUIRE_TOOLS=1
# shellcheck disable=SC2046 # a list of words
loud "Testing the packages" go test -count=1 -timeout 10m "$@" $(go list ./... | grep -v /e2e) 9<&-
# Where much happens at once, a second time under the race detector, which needs
# a C compiler and all they import compiled again. The kill matrix is left out:
# it is sequential, and long.
if command -v gcc >/dev/null || command -v clang >/dev/null; then
	loud "Testing for data races" go test -race -count=1 -timeout 10m -skip HealsWhereverItIsKilled "$@" ./internal/proxy ./internal/infrastructure ./internal/stream ./internal/webapp 9<&-
fi
[ $# -gt 0 ] || loud "Fuzzing what reads data from outside" scripts/fuzz.sh 5000x 9<&-
# Several systems side by side, because each spends much of its time waiting. The
# soak makes the same choices every time, so that a red run after green ones points
# at a change; make soak makes new ones.
export SEED="${SEED:-101}"
loud "Testing the whole, which takes minutes" go test -v -count=1 -parallel 4 -timeout 2h "$@" ./e2e 9<&-
