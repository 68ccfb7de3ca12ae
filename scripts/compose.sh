#!/bin/sh
# Runs Compose, v2 or 1.29, with the system's settings: scripts/compose.sh ps
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
cd "$root"
# One builder for Compose and for docker build, so that they share a cache:
# Compose v2 brings BuildKit along also where docker build has none.
docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT="${DOCKER_BUILDKIT:-0}"
if docker compose version >/dev/null 2>&1; then
	exec docker compose "$@"
elif command -v docker-compose >/dev/null; then
	exec docker-compose "$@"
fi
echo "Compose is missing: install docker-compose-plugin (Docker's packages) or docker-compose (Debian's)" >&2
exit 1
