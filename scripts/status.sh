#!/bin/sh
# Shows what runs and whether it is healthy, and every list that is not empty.
# With --wait SECONDS: returns as soon as all is healthy, or fails.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
need_docker

# container SERVICE [--all]: the id of the service's container; with --all, also when it does not run.
container() {
	docker ps --quiet ${2:+"$2"} --filter "label=com.docker.compose.project=$FLEET" \
		--filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False | head -n 1
}

# inside SERVICE COMMAND...: runs the command in the service's container.
inside() {
	id=$(container "$1")
	[ -n "$id" ] || { echo "its container does not run"; return 1; }
	shift
	docker exec "$id" "$@" 2>&1
}

check() {
	case $1 in
	redis) inside redis redis-cli -e ping ;;
	webapp) inside webapp /webapp -health ;;
	proxy) inside proxy /proxy -health && a_server_is_listed ;;
	writer) inside writer writer -health ;;
	reader) inside reader /reader -health ;;
	registry) inside registry wget --quiet --output-document=- http://127.0.0.1:5000/v2/ ;;
	blue | green) inside "$1" /proxy -health ;;
	infrastructure) "$root/scripts/infrastructure.sh" running || { echo "it does not run"; return 1; } ;;
	esac
}

a_server_is_listed() {
	listed=$(inside redis redis-cli -e llen servers) || { echo "it goes on with the servers that it knows, for Redis is away"; return 1; }
	[ "$listed" -gt 0 ] || { echo "no server is listed"; return 1; }
}

services='redis webapp proxy writer reader registry blue green infrastructure'

# sick prints the services that are not healthy.
sick() { for service in $services; do check "$service" >/dev/null || printf '%s ' "$service"; done; }

# last_words prints the end of the service's log.
last_words() {
	if [ "$1" = infrastructure ]; then
		tail -n 5 "$VAR/infrastructure.log" 2>/dev/null
	else
		container "$1" --all | xargs -r docker logs --tail 2 2>&1
	fi | sed "s|^|    $1: |" || true
}

wait_healthy() {
	end=$(($(date +%s) + $1)) last=''
	while missing=$(sick) && [ -n "$missing" ]; do
		[ "$missing" = "$last" ] || echo "    waiting for $missing"
		last=$missing
		if [ "$(date +%s)" -ge "$end" ]; then
			echo "status.sh: not healthy after $1 s: $missing(see make logs)" >&2
			for service in $missing; do last_words "$service" >&2; done
			exit 1
		fi
		sleep 0.3
	done
}

# show succeeds when everything is healthy.
show() {
	failing=''
	for service in $services; do
		if reason=$(check "$service"); then state=healthy reason=''; else state='NOT HEALTHY' failing=yes; fi
		printf '%-15s %-12s %s\n' "$service" "$state" "$reason"
	done
	echo
	for list in servers tempServers spawningServers failedServers deleteServers destroyingServers drainServers \
		blueServers drainBlueServers failedBlueServers greenServers drainGreenServers failedGreenServers; do
		elements=$(inside redis redis-cli -e lrange "$list" 0 -1) || { echo "The lists are not there to read: Redis is away"; break; }
		[ -z "$elements" ] || echo "$elements" | sed "s|^|$list  |"
	done
	echo
	"$root/bin/deploy" status || failing=yes
	[ -z "$failing" ] || { echo; echo "Not all is healthy: make up starts what is away, make logs says why"; exit 1; }
}

case "${1:-}" in
'') show ;;
--wait) wait_healthy "${2:-60}" ;;
*) echo "usage: scripts/status.sh [--wait SECONDS]" >&2; exit 2 ;;
esac
