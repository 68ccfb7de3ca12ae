#!/bin/sh
# Brings back what scripts/backup.sh kept; make up starts it afterwards. With
# --replace what is there now is ended and removed first.
set -eu
usage() { echo "usage: scripts/restore.sh [--replace] FILE.tar.gz (make restore FILE=… ARGS=--replace)" >&2; exit 2; }
replace=''
if [ "${1:-}" = --replace ]; then replace=yes && shift; fi
[ $# -eq 1 ] || usage
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/step.sh"

work=$(mktemp -d "${TMPDIR:-/var/tmp}/restore.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT # dash runs no EXIT trap on a signal
trap 'exit 143' TERM
step "Reading $1" tar -C "$work" -xzpf "$1"
kept() { sed -n "s/^$1=//p" "$work/about"; }
[ -f "$work/about" ] || { echo "restore.sh: $1 was not written by scripts/backup.sh" >&2; exit 1; }
# What is there, and in the way, depends on the settings: those of the archive,
# until its .env is put back, if there is none here.
[ -e "$root/.env" ] || settings_file=$work/env
. "$root/scripts/settings.sh"
. "$root/scripts/volumes.sh"
need_own_repositories
need_docker

if [ "$(kept FLEET)" != "$FLEET" ]; then
	echo "restore.sh: $1 is of the system $(kept FLEET), this one is $FLEET: set FLEET=$(kept FLEET)" >&2
	exit 1
fi
[ "$(kept HOST_IP)" = "$HOST_IP" ] ||
	echo "restore.sh: its lists have URLs of $(kept HOST_IP), this machine's HOST_IP is $HOST_IP: spawn its servers again, or set HOST_IP" >&2

# there prints what a restore would replace.
there() {
	for label in com.docker.compose.project deux.fleet; do
		docker ps --all --filter "label=$label=$FLEET" --format 'container {{.Names}}'
	done
	! "$root/scripts/infrastructure.sh" running || echo "program infrastructure"
	volumes | sed 's/^/volume /'
	for name in blue.git green.git; do [ ! -e "$DEPLOY_DIR/$name" ] || echo "repository $DEPLOY_DIR/$name"; done
}

# remove ends what is left of the system, and removes its data.
remove() {
	case $present in *'container '* | *'program '*) "$root/scripts/down.sh" || return ;; esac
	volumes | xargs -r docker volume rm &&
		rm -rf "${DEPLOY_DIR:?}/blue.git" "${DEPLOY_DIR:?}/green.git"
}

# keep_settings puts .env back, or beside the one that is there.
keep_settings() {
	if [ -f "$work/env" ] && [ ! -e "$root/.env" ]; then
		cp -p "$work/env" "$root/.env"
		echo "==> Put .env back"
	elif [ -f "$work/env" ] && ! cmp -s "$work/env" "$root/.env"; then
		cp -p "$work/env" "$root/.env.kept"
		echo "==> .env stays as it is; the one that was kept is .env.kept"
	fi
}

present=$(there | sort -u)
if [ -n "$present" ] && [ -z "$replace" ]; then
	echo "$present" | sed 's/^/    /' >&2
	echo "restore.sh: nothing was changed, because this is there already: --replace ends and removes it first" >&2
	exit 1
fi
keep_settings
if [ -n "$present" ]; then
	step "Ending and removing what is there" remove
fi

"$root/scripts/base_images.sh" debian:bookworm-slim
for labelled in "$work"/volumes/*.labels; do
	[ -e "$labelled" ] || continue # there were none
	volume=$(basename "$labelled" .labels)
	step "Filling the volume $volume" load "$volume" "$work/volumes/$volume.tar" "$labelled"
done
mkdir -p "$DEPLOY_DIR"
step "Putting back what was pushed" tar -C "$DEPLOY_DIR" -xpf "$work/deploy.tar"
echo "Back as of $(kept TIME). make up starts it."
