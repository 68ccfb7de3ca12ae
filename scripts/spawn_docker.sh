#!/bin/sh
# Builds and starts one web server. What an earlier one left is removed first.
set -eu

usage() {
	cat <<-'EOF'
	usage: scripts/spawn_docker.sh IMAGE PORT CONTAINER
	  e.g. scripts/spawn_docker.sh webapp_3001 3001 webapp_3001_app

	Stops and removes CONTAINER, removes IMAGE, builds IMAGE with PORT baked in
	and starts CONTAINER from it, published on HOST_IP:PORT. Settings come from
	the environment, .env or their defaults (docs/settings.md).
	EOF
	exit 2
}

[ $# -eq 3 ] || usage
image=$1 port=$2 container=$3
for name in "$image" "$container"; do
	case $name in
	'' | [!a-z0-9]* | *[!a-z0-9_.-]*) echo "spawn_docker.sh: '$name' cannot name an image or a container" >&2; exit 2 ;;
	esac
done
case $port in
'' | *[!0-9]* | ??????*) echo "spawn_docker.sh: '$port' is not a port" >&2; exit 2 ;;
esac

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"

newline='
'

# ours KIND NAME LABEL VALUE: does NAME exist, and did this system make it? A stranger's is never touched.
ours() {
	if ! value=$(docker "$1" inspect --format "{{index .Config.Labels \"$3\"}}" "$2" 2>&1); then
		case $value in *"No such $1"*) return 1 ;; esac
		echo "$value" >&2
	elif [ "${value##*"$newline"}" = "$4" ]; then # a warning may come before it
		return 0
	else
		echo "spawn_docker.sh: $1 $2 exists and does not belong to this system: remove or rename it" >&2
	fi
	exit 1
}

# discard removes what was started. By then the name may be a stranger's.
discard() {
	docker ps --all --quiet --filter "name=^/$container\$" --filter "label=deux.fleet=$FLEET" --filter "label=deux.port=$port" |
		xargs -r docker rm --force --volumes >/dev/null 2>&1 || true
}

# A script that an infrastructure killed with -9 left running may still be at
# work on this container: wait for its end. Ports with the same last two digits
# share a lock: hardly a server gets the port of an earlier one, so a lock for
# each port would be a file more for each server that there ever was.
mkdir -p "$VAR"
exec 9>"$VAR/spawn_${port#"${port%??}"}.lock"
flock 9

if ours container "$container" deux.fleet "$FLEET"; then
	echo "==> Stopping $container"
	docker stop -t "$STOP_GRACE_SECONDS" "$container" >/dev/null
	echo "==> Removing container $container"
	docker rm --force --volumes "$container" >/dev/null
fi
if ours image "$image" deux.image "$FLEET"; then
	echo "==> Removing image $image"
	docker rmi "$image" >/dev/null
fi

echo "==> Building image $image for port $port"
docker build --quiet --file "$root/Dockerfile.webapp" --build-arg "fleet=$FLEET" --build-arg "port=$port" --tag "$image" "$root"

echo "==> Starting $container at http://$HOST_IP:$port"
trap discard EXIT
trap 'exit 143' TERM # dash runs no EXIT trap on a signal
trap 'exit 130' INT
docker run --detach --name "$container" \
	--label deux.role=server --label "deux.fleet=$FLEET" --label "deux.port=$port" \
	--label "deux.version=${SERVER_VERSION:-}" \
	--network "$FLEET" --publish "$HOST_IP:$port:$port" --restart unless-stopped \
	--memory "$SERVER_MEMORY" --memory-swap "$SERVER_MEMORY" --cpu-shares 512 --pids-limit 128 --oom-score-adj 500 \
	--log-driver json-file --log-opt "max-size=$LOG_SIZE" --log-opt "max-file=$LOG_FILES" \
	--env REDIS_PASSWORD --env REDIS_ADDR=redis:6379 --env "HOST_IP=$HOST_IP" --env "FIRST_PORT=$FIRST_PORT" \
	--env "STOP_GRACE_SECONDS=$STOP_GRACE_SECONDS" --stop-timeout "$STOP_GRACE_SECONDS" \
	--env "MAX_SERVERS=$MAX_SERVERS" --env "MAX_IMAGES=$MAX_IMAGES" --env "LOG_FORMAT=$LOG_FORMAT" \
	--env MAX_IMAGE_BYTES --env MAX_KEYS --env FLEET --env HOST_NAME --env ALLOWED_HOSTS \
	--env ADMIN_PASSWORD --env SESSION_TIMEOUT --env PRIVATE --env READ_ONLY --env TRUSTED_PROXIES \
	--env BLUE_PORT --env GREEN_PORT --env READER_PORT \
	--read-only --cap-drop ALL --security-opt no-new-privileges \
	"$image"
trap - EXIT
