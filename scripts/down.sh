#!/bin/sh
# Ends everything that up.sh started and every spawned container and image.
# Redis's data and what was pushed stay, and up.sh brings the apps back. With
# --clean the data and all images go too. deploy/*.git, of which up.sh builds the
# apps again, and the volumes of the apps stay even then.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
. "$root/scripts/step.sh"
case "${1:-}" in
'' | --clean) ;;
*) echo "usage: scripts/down.sh [--clean]" >&2; exit 2 ;;
esac
"$root/scripts/infrastructure.sh" stop
if "$root/scripts/infrastructure.sh" running; then
	echo "down.sh: infrastructure still runs in another terminal, or without its supervisor: end it with kill $(cat "$LOCK_FILE")" >&2
	exit 1
fi
need_docker
step "Stopping the proxies" "$root/scripts/compose.sh" stop proxy blue green
if [ -x "$root/bin/deploy" ] && [ "$(repositories_fleet)" = "$FLEET" ]; then
	"$root/bin/deploy" down ${1:+"$1"}
fi

containers=$(docker ps --all --quiet --filter "label=deux.fleet=$FLEET" --filter label=deux.role=server)
if [ -n "$containers" ]; then
	# shellcheck disable=SC2086 # a list of words
	step "Stopping spawned servers" docker stop -t "$STOP_GRACE_SECONDS" $containers
	# shellcheck disable=SC2086
	step "Removing spawned servers" docker rm --force --volumes $containers
fi
images=$(docker images --filter "label=deux.image=$FLEET" --format '{{.Repository}}' | grep -E '^webapp_[0-9]+$' || true)
if [ -n "$images" ]; then
	# shellcheck disable=SC2086
	step "Removing their images" docker rmi $images
fi
if [ "${1:-}" = --clean ]; then
	step "Removing the containers, the data and the images" "$root/scripts/compose.sh" down --volumes --rmi local
	docker images --quiet --filter dangling=true --filter "label=deux.image=$FLEET" | xargs -r docker rmi >/dev/null 2>&1 || true
	rm -rf "${VAR:?}"
	if own_repositories; then
		rm -rf "${DEPLOY_DIR:?}/blue-www" "${DEPLOY_DIR:?}/green-www"
		[ ! -d "$DEPLOY_DIR/blue.git" ] || echo "==> What was pushed stays in $DEPLOY_DIR/blue.git and green.git: remove them yourself"
	fi
else
	step "Removing the containers" "$root/scripts/compose.sh" down
fi
