#!/bin/sh
# Starts the whole system and returns when it is healthy. Run again, it changes
# nothing that runs and is current. With --no-build it starts what was built
# last, as at boot, where nothing should need the network.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
. "$root/scripts/settings.sh"
. "$root/scripts/step.sh"
case "${1:-}" in
'' | --no-build) ;;
*) echo "usage: scripts/up.sh [--no-build]" >&2; exit 2 ;;
esac
need_docker
if [ "${1:-}" != --no-build ]; then
	scripts/base_images.sh
	scripts/build.sh
	bin/deux check
	step "Building the images" scripts/compose.sh build
elif [ -x bin/infrastructure ]; then
	bin/deux check
else
	echo "up.sh: nothing was built yet: make up builds it" >&2
	exit 1
fi
step "Starting the containers" scripts/compose.sh up --detach --no-build || not_started
scripts/infrastructure.sh start
scripts/deploy_init.sh --repositories
step "Waiting until all of it is healthy" scripts/status.sh --wait 90
bin/deploy restore || echo "up.sh: an app that was deployed did not come back: see above" >&2
scripts/status.sh --renewed 90
cat <<EOF

Up:
  http://localhost:$PROXY_PORT/    the web app, through the proxy: try /spawn
  http://$HOST_IP:$FIRST_PORT/    the first server itself
  http://localhost:$READER_PORT/    the writer's file, through the reader
  http://localhost:$BLUE_PORT/   what was pushed to blue: try make sample
  http://localhost:$GREEN_PORT/   what was pushed to green
make status says how it does, make logs what happens, make down ends it.
EOF
