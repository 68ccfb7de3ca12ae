#!/bin/sh
# bin/infrastructure with the system's settings. --help prints its usage: run,
# start, stop, running.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
export ROOT_DIR="$root"
[ ! -x "$root/bin/infrastructure" ] || exec "$root/bin/infrastructure" "$@"

# Nothing was built yet, or make clean removed it.
runs=''
[ ! -r "$LOCK_FILE" ] || (flock --nonblock --shared 9) 9<"$LOCK_FILE" || runs=yes
case ${1:-}$runs in
stop | runningyes) exit 0 ;;
running) exit 1 ;;
esac
echo "infrastructure.sh: bin/infrastructure is missing: make build makes it" >&2
exit 1
