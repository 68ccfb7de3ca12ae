#!/bin/sh
# Does to a system of its own, under load, whatever may happen to one, at random,
# and fails where a rule or a request is broken that nothing excuses.
set -eu

usage() {
	cat >&2 <<-'EOF'
	usage: scripts/soak.sh [LENGTH [SEED]]
	  LENGTH  how long, such as 30m; 10m unless told
	  SEED    of a run that failed, to repeat its choices
	With SOAK_DOCKER=yes it also restarts Docker, with all that runs on this
	machine, where systemd can.
	EOF
	exit 2
}

case "${1:-}" in -*) usage ;; esac
[ $# -le 2 ] || usage
cd "$(dirname "$0")/.."

lock=/tmp/deux-test.lock # as scripts/test.sh, which runs the same system
[ -e "$lock" ] || : >"$lock"
exec 9<"$lock"
flock --nonblock 9 || { echo "==> Waiting for make test on this host to end"; flock 9; }
scripts/base_images.sh
SOAK=${1:-10m} SEED=${2:-} go test ./e2e -run '^TestSoak$' -v -count=1 -timeout 0 9<&-
