# shellcheck shell=sh
# Sourced by the other scripts: the settings, from the environment, else from
# .env, else the default. Expects $root, the checkout. $settings_file may name a
# file to read in place of its .env.
: "${root:?}" "${settings_file:=$root/.env}"

# One line of .env is NAME=value, "value" or 'value'. The environment wins.
carriage_return=$(printf '\r')
if [ -f "$settings_file" ]; then
	while IFS= read -r line || [ -n "$line" ]; do
		line=${line%"$carriage_return"}
		case $line in
		'' | '#'*) continue ;;
		[A-Za-z_]*=*) name=${line%%=*} ;;
		*) echo ".env: '$line' is not NAME=value" >&2; exit 1 ;;
		esac
		case $name in *[!A-Za-z0-9_]*) echo ".env: '$name' is no name" >&2; exit 1 ;; esac
		value=${line#*=}
		case $value in
		\"*\") value=${value#\"} value=${value%\"} ;;
		\'*\') value=${value#\'} value=${value%\'} ;;
		*[\"\'\#]*) echo ".env: '$line': put a comment on a line of its own, and the whole value between quotes or none of it" >&2; exit 1 ;;
		esac
		eval "[ -n \"\${$name+set}\" ] || $name=\$value"
		export "${name?}"
	done <"$settings_file"
fi

# bridge_address prints the host's address on Docker's default bridge. Docker
# itself does not always name it, the kernel does.
bridge_address() {
	ip -4 -oneline address show docker0 2>/dev/null | sed -n '/ inet /{s/.* inet \([0-9.]*\).*/\1/p;q}' | grep . ||
		docker network inspect bridge --format '{{(index .IPAM.Config 0).Gateway}}' 2>/dev/null | grep . ||
		echo 172.17.0.1
}

# need_docker ends the script unless Docker answers.
need_docker() {
	answer=$(docker version --format '{{.Server.Version}}' 2>&1) && return
	echo "$answer" >&2
	echo "${0##*/}: Docker does not answer. Is it started (systemctl start docker)? May you use it (usermod -aG docker $(id -un), then log in again)?" >&2
	exit 1
}

# not_started ends the script after Compose could not start everything.
not_started() {
	echo "${0##*/}: not everything started. What is wrong is above; .env may name other ports (docs/settings.md); if a network has an incorrect label: make down, then make up" >&2
	exit 1
}

# repositories_fleet prints the system to which the repositories in DEPLOY_DIR
# belong, if there are any.
repositories_fleet() { sed -n 's/^FLEET=//p' "$DEPLOY_DIR/blue.git/deux/settings" 2>/dev/null || true; }

# own_repositories: does DEPLOY_DIR have nothing of another system?
own_repositories() {
	case $(repositories_fleet) in '' | "$FLEET") ;; *) return 1 ;; esac
}

# need_own_repositories ends the script unless they are this system's.
need_own_repositories() {
	own_repositories && return
	echo "${0##*/}: DEPLOY_DIR=$DEPLOY_DIR belongs to FLEET=$(repositories_fleet): name another folder for FLEET=$FLEET" >&2
	exit 1
}

# absolute NAME: makes a path that does not start with / one in the checkout,
# because not all that use it run there: git runs a hook in its repository.
absolute() { eval "case \$$1 in /*) ;; *) $1=\$root/\$$1 ;; esac"; }

# secret NAME: sets a password, from the file that NAME_FILE names if it names
# one. Programs and containers are given it by name, so that no command line,
# which every user may read, has it. What this starts has the same one, whatever
# becomes of the file.
secret() {
	eval "secret_file=\${$1_FILE:-}"
	if [ -n "$secret_file" ]; then
		absolute secret_file
		secret_value=$(cat "$secret_file") || { echo "setting $1_FILE=$secret_file: expected a file that $(id -un) may read" >&2; exit 1; }
		[ -n "$secret_value" ] || { echo "setting $1_FILE=$secret_file: expected a password in it, but it is empty" >&2; exit 1; }
		eval "$1=\$secret_value"
	fi
	eval "export $1=\"\${$1:-}\" $1_FILE=''"
}

secret REDIS_PASSWORD
unset REDISCLI_AUTH
[ -z "$REDIS_PASSWORD" ] || export REDISCLI_AUTH="$REDIS_PASSWORD" # redis-cli's own name for it

# Docker's command follows docker context, its API only DOCKER_HOST: both must
# mean the same engine.
if [ -z "${DOCKER_HOST:-}" ] && { [ -n "${DOCKER_CONTEXT:-}" ] || grep -qs '"currentContext"' "${DOCKER_CONFIG:-${HOME:-}/.docker}/config.json"; }; then
	if docker_host=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null); then export DOCKER_HOST="$docker_host"; fi
fi

export FLEET="${FLEET:-deux}"
export COMPOSE_PROJECT_NAME="$FLEET"
[ -n "${HOST_IP:-}" ] || HOST_IP=$(bridge_address)
export HOST_IP
export FIRST_PORT="${FIRST_PORT:-3000}"
export PROXY_PORT="${PROXY_PORT:-3456}"
export PROXY_ADMIN_PORT="${PROXY_ADMIN_PORT:-3457}"
export READER_PORT="${READER_PORT:-8000}"
export WRITER_PORT="${WRITER_PORT:-7000}"
export REDIS_PORT="${REDIS_PORT:-6379}"
export REDIS_ADDR="${REDIS_ADDR:-127.0.0.1:$REDIS_PORT}"
export REGISTRY_PORT="${REGISTRY_PORT:-5000}"
export BLUE_PORT="${BLUE_PORT:-50101}"
export GREEN_PORT="${GREEN_PORT:-50100}"
export BLUE_ADMIN_PORT="${BLUE_ADMIN_PORT:-50111}"
export GREEN_ADMIN_PORT="${GREEN_ADMIN_PORT:-50110}"
export BLUE_FIRST_PORT="${BLUE_FIRST_PORT:-50200}"
export GREEN_FIRST_PORT="${GREEN_FIRST_PORT:-50250}"
export RELEASE_PORTS="${RELEASE_PORTS:-50}"
export KEEP_RELEASES="${KEEP_RELEASES:-5}"
export HEALTH_TIMEOUT="${HEALTH_TIMEOUT:-30s}"
export WATCH_INTERVAL="${WATCH_INTERVAL:-1500ms}"
export HANG_TIMEOUT="${HANG_TIMEOUT:-15s}"
export BLUE_HEALTH_TIMEOUT="${BLUE_HEALTH_TIMEOUT:-$HEALTH_TIMEOUT}"
export GREEN_HEALTH_TIMEOUT="${GREEN_HEALTH_TIMEOUT:-$HEALTH_TIMEOUT}"
export APP_MEMORY="${APP_MEMORY:-256m}"
export APP_CPU_SHARES="${APP_CPU_SHARES:-512}"
export APP_PIDS="${APP_PIDS:-256}"
export APP_LOG_SIZE="${APP_LOG_SIZE:-10m}"
export APP_CAPABILITIES="${APP_CAPABILITIES:-}"
export DEPLOY_DIR="${DEPLOY_DIR:-deploy}"
absolute DEPLOY_DIR
export MAX_SERVERS="${MAX_SERVERS:-20}"
export MAX_IMAGES="${MAX_IMAGES:-100}"
export MAX_IMAGE_BYTES="${MAX_IMAGE_BYTES:-67108864}"
export MAX_KEYS="${MAX_KEYS:-10000}"
# A container does not know the machine's names: as it is called, also in the
# local network (RFC 6762).
name=$(uname -n)
export HOST_NAME="${HOST_NAME:-$name,${name%%.*},${name%%.*}.local}"
export ALLOWED_HOSTS="${ALLOWED_HOSTS:-}"
secret ADMIN_PASSWORD
export SESSION_TIMEOUT="${SESSION_TIMEOUT:-12h}"
export PRIVATE="${PRIVATE:-no}"
export READ_ONLY="${READ_ONLY:-no}"
export TRUSTED_PROXIES="${TRUSTED_PROXIES:-}"
export WRITE_INTERVAL="${WRITE_INTERVAL:-2m}"
# Limits of what runs (docs/security.md, "Limits").
export REDIS_MEMORY="${REDIS_MEMORY:-256m}"
export PROXY_MEMORY="${PROXY_MEMORY:-256m}"
export SERVER_MEMORY="${SERVER_MEMORY:-96m}"
export STREAM_MEMORY="${STREAM_MEMORY:-96m}"
export REGISTRY_MEMORY="${REGISTRY_MEMORY:-256m}"
export BUILD_MEMORY="${BUILD_MEMORY:-1g}"
export BUILD_TIMEOUT="${BUILD_TIMEOUT:-15m}"
export LOG_SIZE="${LOG_SIZE:-10m}"
export LOG_FILES="${LOG_FILES:-3}"
export LOG_FORMAT="${LOG_FORMAT:-text}"
export DRAIN_TIMEOUT="${DRAIN_TIMEOUT:-30s}"
export LOCK_FILE="${LOCK_FILE:-/tmp/deux-$FLEET.lock}"
absolute LOCK_FILE
export STOP_GRACE_SECONDS="${STOP_GRACE_SECONDS:-10}"
# What runs beside the checkout: pid, log, locks.
export VAR="${VAR:-var/$FLEET}"
absolute VAR
# BuildKit's default attestations would give every build a new image id, and
# an unchanged container would be started anew.
export BUILDX_NO_DEFAULT_ATTESTATIONS=1
