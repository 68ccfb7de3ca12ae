#!/bin/sh
# Makes everything that git push needs: the bare repositories with their hooks,
# the registry and the blue and green proxies. What is there already stays.
# With --repositories: only the repositories, for a caller that starts the rest.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
. "$root/scripts/step.sh"
cd "$root"
case "${1:-}" in
'')
	need_docker
	scripts/base_images.sh
	scripts/build.sh
	services="redis registry blue green"
	# shellcheck disable=SC2086 # a list of words
	bin/deux check $services
	# shellcheck disable=SC2086
	step "Starting the registry and the blue and green proxies" scripts/compose.sh up --detach --build $services || not_started
	;;
--repositories) ;;
*) echo "usage: scripts/deploy_init.sh [--repositories]" >&2; exit 2 ;;
esac
bin/deploy init
