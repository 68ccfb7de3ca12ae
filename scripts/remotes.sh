#!/bin/sh
# Gives a repository the remotes blue and green.
set -eu
[ $# -eq 1 ] || { echo "usage: scripts/remotes.sh DIR (make remotes APP=DIR)" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
need_own_repositories
git -C "$1" rev-parse --git-dir >/dev/null

for colour in blue green; do
	url=$DEPLOY_DIR/$colour.git
	if now=$(git -C "$1" remote get-url "$colour" 2>/dev/null); then
		[ "$now" != "$url" ] || continue
		echo "==> Pointing the remote $colour to $url (it was $now)"
		git -C "$1" remote set-url "$colour" "$url"
	else
		echo "==> Adding the remote $colour, $url"
		git -C "$1" remote add "$colour" "$url"
	fi
done
