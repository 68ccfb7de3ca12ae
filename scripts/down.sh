#!/bin/sh
# Ends everything that up.sh started and every spawned container and image.
# Redis's data stays, unless --clean is given: then the data and the built
# images go too.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
case "${1:-}" in
'' | --clean) ;;
*) echo "usage: scripts/down.sh [--clean]" >&2; exit 2 ;;
esac

"$root/scripts/infrastructure.sh" stop
if "$root/scripts/infrastructure.sh" running; then
	echo "down.sh: infrastructure still runs in another terminal: end it there with Ctrl-C first" >&2
	exit 1
fi
echo "==> Stopping the proxy"
"$root/scripts/compose.sh" stop proxy

containers=$(docker ps --all --quiet --filter "label=deux.fleet=$FLEET" --filter label=deux.role=server)
if [ -n "$containers" ]; then
	echo "==> Removing spawned servers"
	# shellcheck disable=SC2086 # a list of words
	docker stop --time "$STOP_GRACE_SECONDS" $containers >/dev/null
	# shellcheck disable=SC2086
	docker rm --force --volumes $containers >/dev/null
fi
images=$(docker images --filter "label=deux.image=$FLEET" --format '{{.Repository}}' | grep -E '^webapp_[0-9]+$' || true)
if [ -n "$images" ]; then
	echo "==> Removing their images"
	# shellcheck disable=SC2086
	docker rmi $images >/dev/null
fi
if [ "${1:-}" = --clean ]; then
	"$root/scripts/compose.sh" down --volumes --rmi local
	rm -rf "${VAR:?}"
else
	"$root/scripts/compose.sh" down
fi
