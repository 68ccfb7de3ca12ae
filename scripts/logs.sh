#!/bin/sh
# Follows the logs of the services, of infrastructure and of the servers and
# apps that run now.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
followers=''
trap 'kill $followers 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
tail -n 20 -F "$VAR/infrastructure.log" 2>/dev/null &
followers=$!
for name in $(docker ps --filter "label=deux.fleet=$FLEET" --format '{{.Names}}'); do
	docker logs --follow --tail 5 "$name" 2>&1 | sed -u "s/^/$name | /" &
	followers="$followers $!"
done
"$root/scripts/compose.sh" logs --follow --tail 20
