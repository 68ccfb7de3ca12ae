#!/bin/sh
# Follows what all programs print: services, infrastructure, servers and apps,
# also those that start later. First the last lines of each, in order of time.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
lines=20 # of each, from before
log=$VAR/infrastructure.log

# containers prints NAME LABEL for each container of the system that runs.
containers() {
	for label in com.docker.compose.project deux.fleet; do
		docker ps --filter "label=$label=$FLEET" --format '{{.Names}} {{or (.Label "com.docker.compose.service") .Names}}'
	done | sort -u
}

# prefix NAME writes the name before each line, at once.
prefix() { sed -u "s/^/$(printf '%-16s' "$1") | /"; }

# stamped puts the time of each line of infrastructure's log before it, in
# Docker's form; a line without a time gets that of the line before.
stamped() {
	stamps=$(mktemp)
	lines_read=$(mktemp)
	tee "$lines_read" | awk '
		match($0, /time"?[=:]"?[0-9][^ ",]*/) { last = substr($0, RSTART, RLENGTH); sub(/^[^0-9]*/, "", last) }
		{ print (last == "" ? "1970-01-01" : last) }' | date -u -f - +%Y-%m-%dT%H:%M:%S.%NZ >"$stamps"
	paste -d ' ' "$stamps" "$lines_read"
	rm -f "$stamps" "$lines_read"
}

# past writes the last lines of all from before, by time.
past() {
	{
		containers | while read -r name label; do
			docker logs --timestamps --tail "$lines" --until "$began" "$name" 2>&1 | sed "s/^[^ ]*/& $(printf '%-16s' "$label") |/"
		done
		head -n "$logged" "$log" 2>/dev/null | tail -n "$lines" | stamped | sed "s/^[^ ]*/& infrastructure   |/"
	} | sort -s -k 1,1 | cut -d ' ' -f 2-
}

# follow NAME LABEL [SINCE] writes what a container prints until it ends.
follow() { docker logs --follow ${3:+--since "$3"} "$1" 2>&1 | prefix "$2" & }

# follow_all also follows what starts later. A restarted container goes on from
# where it ended, which its die event tells: its first line may come twice if
# the earlier follower has not ended yet.
follow_all() {
	tail -n "+$((logged + 1))" -F "$log" 2>/dev/null | prefix infrastructure &
	containers | while read -r name label; do follow "$name" "$label" "$began"; done
	ended=''
	docker events --since "$began" --filter type=container --filter event=start --filter event=die --format \
		'{{.Action}} {{.TimeNano}} {{.Actor.Attributes.name}} {{index .Actor.Attributes "deux.fleet"}}/{{index .Actor.Attributes "com.docker.compose.project"}} {{index .Actor.Attributes "com.docker.compose.service"}}' |
		while read -r what at name fleet label; do
			case $fleet in "$FLEET"/* | */"$FLEET") ;; *) continue ;; esac
			at=${at%?????????}.${at#"${at%?????????}"}
			case $what in
			die) ended="$ended $name=$at" ;;
			start)
				since=${ended##*" $name="} since=${since%% *}
				case " $ended" in *" $name="*) ;; *) since='' ;; esac
				follow "$name" "${label:-$name}" "$since"
				;;
			esac
		done
}

case "${1:-}" in
'')
	need_docker
	began=$(date +%s.%N)
	logged=0
	[ ! -f "$log" ] || logged=$(wc -l <"$log")
	past
	# A session of its own, so that all followers end together.
	setsid "$0" --follow "$began" "$logged" &
	followers=$!
	trap 'kill -- -$followers 2>/dev/null || true' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	wait "$followers"
	;;
--follow) began=$2 logged=$3 && follow_all ;;
*) echo "usage: scripts/logs.sh (make logs)" >&2; exit 2 ;;
esac
