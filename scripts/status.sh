#!/bin/sh
# Says how the system is, as the page does, and fails if it needs attention.
# With --wait SECONDS: returns as soon as all is healthy, or fails. With --renewed
# SECONDS: returns as soon as every web server runs what the first one runs, or
# says how many do not.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
need_docker
[ -x "$root/bin/deux" ] || { echo "status.sh: nothing was built yet: make up builds it" >&2; exit 1; }
exec "$root/bin/deux" status "$@"
