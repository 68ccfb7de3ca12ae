#!/bin/sh
# Writes into one archive what make up cannot make again: Redis's data, what was
# pushed with its history and secrets, the volumes of the apps, the registry's
# images, .env. The system may be up: pushes wait until it is done.
set -eu
held=''
if [ "${1:-}" = --held ]; then held=yes && shift; fi # no push is under way, see below
[ $# -eq 1 ] || { echo "usage: scripts/backup.sh FILE.tar.gz (make backup FILE=…)" >&2; exit 2; }
case $1 in /*) file=$1 ;; *) file=$PWD/$1 ;; esac
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
. "$root/scripts/step.sh"
. "$root/scripts/volumes.sh"
[ ! -e "$file" ] || { echo "backup.sh: $file is there already: name another file" >&2; exit 1; }
[ -e "$DEPLOY_DIR/blue.git" ] || { echo "backup.sh: there is no $DEPLOY_DIR/blue.git, so nothing to keep: make up makes it" >&2; exit 1; }
need_own_repositories
need_docker
"$root/scripts/base_images.sh" debian:bookworm-slim

# Only bin/deploy knows whether a push is under way: between git's two hooks
# nothing that could hold a lock runs.
if [ -z "$held" ]; then
	[ -x "$root/bin/deploy" ] || { echo "backup.sh: bin/deploy is missing, which makes pushes wait: make build makes it" >&2; exit 1; }
	exec "$root/bin/deploy" hold blue -- "$root/bin/deploy" hold green -- "$root/scripts/backup.sh" --held "$file"
fi

umask 077
work=$(mktemp -d "$file.XXXXXX") # beside the archive, where there is room for it
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT # dash runs no EXIT trap on a signal
trap 'exit 143' TERM
mkdir "$work/volumes" "$work/redis"

# In Redis's container: its data, by way of a file, since redis-cli leaves the
# end mark of the transfer in what it writes to a pipe. Compose alone gives it no
# REDISCLI_AUTH.
# shellcheck disable=SC2016 # the variables are the container's
rdb='[ -z "$REDIS_PASSWORD" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
f=$(mktemp) && redis-cli --rdb "$f" >&2 && cat "$f"; code=$?; rm -f "$f"; exit $code'

# redis_snapshot writes Redis's data of one instant, as the append-only files
# that Redis 7 starts from: a base in RDB's format and the list of the files. An
# RDB file alone is not read where appendonly is on.
redis_snapshot() {
	files=$work/redis/appendonlydir
	mkdir -p "$files" &&
		docker exec "$1" sh -c "$rdb" >"$files/appendonly.aof.1.base.rdb" &&
		echo "file appendonly.aof.1.base.rdb seq 1 type b" >"$files/appendonly.aof.manifest" &&
		tar -C "$work/redis" -cf "$work/volumes/${FLEET}_redis.tar" .
}

save_repositories() { tar -C "$DEPLOY_DIR" -cf "$work/deploy.tar" blue.git green.git; }

# pack writes the archive under its name only when it is whole.
pack() {
	(cd "$work" && rm -rf redis && tar -czf archive ./*) && mv "$work/archive" "$file"
}

{
	echo "FLEET=$FLEET"
	echo "HOST_IP=$HOST_IP"
	echo "TIME=$(date -u +%Y-%m-%dT%H:%M:%SZ)"
} >"$work/about"
[ ! -f "$root/.env" ] || cp -p "$root/.env" "$work/env"
redis=$(docker ps --quiet --filter "label=com.docker.compose.project=$FLEET" --filter label=com.docker.compose.service=redis)
for volume in $(volumes); do
	labels "$volume" >"$work/volumes/$volume.labels"
	if [ "$volume" = "${FLEET}_redis" ] && [ -n "$redis" ]; then
		step "Keeping Redis's data" redis_snapshot "$redis"
	else
		step "Keeping the volume $volume" save "$volume" "$work/volumes/$volume.tar"
	fi
done
step "Keeping what was pushed" save_repositories
step "Writing the archive" pack
echo "Kept in $file ($(du -h "$file" | cut -f 1)): it holds secrets, and only $(id -un) may read it. make restore FILE=$1 brings it back."
