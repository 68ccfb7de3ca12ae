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

# servers prints the containers of spawned servers.
servers() { docker ps --all --quiet --filter "label=deux.fleet=$FLEET" --filter label=deux.role=server; }

# clear_var removes what the programs wrote into VAR, and nothing else: a shell
# may have exported a VAR of its own.
clear_var() {
	[ -d "$VAR" ] || return 0
	rm -f "$VAR"/infrastructure.log "$VAR"/infrastructure.log.1 \
		"$VAR"/supervisor.lock "$VAR"/supervisor.pid "$VAR"/supervisor.turn "$VAR"/fingerprint \
		"$VAR"/.supervisor.pid-* "$VAR"/.fingerprint-* "$VAR"/renewal "$VAR"/.renewal-* \
		"$VAR"/spawn_*.lock "$VAR"/webapp_*_app.lock
	rmdir "$VAR" 2>/dev/null || echo "==> VAR=$VAR stays, because something else is in it"
}

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

code=0
containers=$(servers)
if [ -n "$containers" ]; then
	# One may be gone by its turn: what counts is that none is left.
	# shellcheck disable=SC2086 # a list of words
	step "Stopping spawned servers" docker stop -t "$STOP_GRACE_SECONDS" $containers || true
	# shellcheck disable=SC2086
	step "Removing spawned servers" docker rm --force --volumes $containers || [ -z "$(servers)" ] || code=1
fi
images=$(docker images --filter "label=deux.image=$FLEET" --format '{{.Repository}}' | grep -E '^webapp_[0-9]+$' || true)
if [ -n "$images" ]; then
	# shellcheck disable=SC2086
	step "Removing their images" docker rmi $images || {
		code=1
		echo "down.sh: an image stays, for the reason above: if another container uses it, remove that one and run this again" >&2
	}
fi
if [ "${1:-}" = --clean ]; then
	step "Removing the containers, the data and the images" "$root/scripts/compose.sh" down --volumes --rmi local
	docker images --quiet --filter dangling=true --filter "label=deux.image=$FLEET" | xargs -r docker rmi >/dev/null 2>&1 || true
	clear_var
	if own_repositories; then
		rm -rf "${DEPLOY_DIR:?}/blue-www" "${DEPLOY_DIR:?}/green-www"
		[ ! -d "$DEPLOY_DIR/blue.git" ] || echo "==> What was pushed stays in $DEPLOY_DIR/blue.git and green.git: remove them yourself"
	fi
else
	step "Removing the containers" "$root/scripts/compose.sh" down
fi
exit "$code"
