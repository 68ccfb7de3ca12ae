#!/bin/sh
# Ends the system and removes its data, its images and what was built on the
# host, which stays if another system of this checkout needs it.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"

# others prints the other systems of this checkout: those that have containers,
# left something in var/, or had the repositories made.
others() {
	{
		docker ps --all --filter "label=com.docker.compose.project.working_dir=$root" --format '{{.Label "com.docker.compose.project"}}'
		for folder in "$root"/var/*/; do basename "$folder"; done
		repositories_fleet
	} | grep -vxF -e "$FLEET" -e go -e go-cache -e '*' | sort -u | paste -s -d ' ' -
}

[ $# -eq 0 ] || { echo "usage: scripts/clean.sh (make clean)" >&2; exit 2; }
"$root/scripts/down.sh" --clean
others=$(others)
if [ -n "$others" ]; then
	echo "==> bin/ and what builds keep in var/ stay, because another system of this checkout needs them: FLEET=$others"
else
	rm -rf "${root:?}/bin" "$root/var/go" "$root/var/go-cache"
	rmdir "$root/var" 2>/dev/null || true
fi
