#!/bin/sh
# Follows the logs of the containers and of infrastructure.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
tail -n 20 -F "$VAR/infrastructure.log" 2>/dev/null &
tail=$!
trap 'kill "$tail" 2>/dev/null || true' EXIT INT TERM
"$root/scripts/compose.sh" logs --follow --tail 20
