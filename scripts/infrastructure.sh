#!/bin/sh
# Runs the infrastructure program: in this terminal, or in the background,
# where it outlives the shell and is started again when it dies.
set -eu

usage() {
	cat <<-'EOF'
	usage: scripts/infrastructure.sh run|start|stop|running
	  run      in this terminal, until Ctrl-C
	  start    in the background; does nothing when the same program with the
	           same settings runs already, else replaces it
	  stop     ends what start began
	  running  succeeds when one runs, however it was started
	EOF
	exit 2
}

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
export ROOT_DIR="$root"
program=$root/bin/infrastructure
log=$VAR/infrastructure.log
mkdir -p "$VAR"

# held FILE: does a living process hold the lock? The kernel drops a flock with
# its process. A file that may not be read is held by nobody we could end.
held() {
	[ -r "$1" ] || return 1
	code=0
	(flock --nonblock --conflict-exit-code 75 9) 9<"$1" || code=$?
	[ "$code" -eq 75 ]
}

# fingerprint changes when the program or a setting does.
fingerprint() {
	{
		cksum <"$program"
		env | grep -E '^(FLEET|HOST_IP|FIRST_PORT|REDIS_ADDR|REDIS_PASSWORD|MAX_SERVERS|MAX_IMAGES|MAX_IMAGE_BYTES|MAX_KEYS|HOST_NAME|ALLOWED_HOSTS|ADMIN_PASSWORD|SESSION_TIMEOUT|PRIVATE|READ_ONLY|TRUSTED_PROXIES|BLUE_PORT|GREEN_PORT|READER_PORT|ROOT_DIR|LOCK_FILE|PARALLEL|SPAWN_ATTEMPTS|SPAWN_TIMEOUT|START_TIMEOUT|DRAIN_TIMEOUT|STOP_GRACE_SECONDS|LEVEL_INTERVAL|WATCH_INTERVAL|HANG_TIMEOUT|HEALTH_TIMEOUT|BLUE_HEALTH_TIMEOUT|GREEN_HEALTH_TIMEOUT|DEPLOY_DIR|SERVER_MEMORY|LOG_SIZE|LOG_FILES|LOG_FORMAT)=' | sort
	} | cksum
}

start() {
	if held "$VAR/supervisor.lock"; then
		if [ "$(cat "$VAR/fingerprint" 2>/dev/null)" = "$(fingerprint)" ]; then
			echo "==> Infrastructure runs already"
			return
		fi
		echo "==> Replacing infrastructure: its program or settings changed"
		stop
	elif held "$LOCK_FILE"; then
		echo "infrastructure.sh: one runs that this did not start, in another terminal or without its supervisor: end it with kill $(cat "$LOCK_FILE")" >&2
		exit 1
	fi
	echo "==> Starting infrastructure in the background, log in ${log#"$root/"}"
	(umask 077 && rm -f "$VAR/fingerprint" && fingerprint >"$VAR/fingerprint") # of a password among others
	[ ! -f "$log" ] || mv "$log" "$log.1"
	setsid "$0" supervise >>"$log" 2>&1 </dev/null &
	until held "$VAR/supervisor.lock"; do sleep 0.1; done
}

stop() {
	held "$VAR/supervisor.lock" || return 0
	echo "==> Stopping infrastructure"
	kill -TERM "$(cat "$VAR/supervisor.pid")"
	flock --timeout 60 "$VAR/supervisor.lock" true ||
		{ echo "infrastructure.sh: process $(cat "$VAR/supervisor.pid") does not end" >&2; exit 1; }
}

# supervise keeps the program running. A pause grows from 1 to 30 s while it
# dies again and again.
supervise() {
	ending='' child='' pause=1
	trap 'ending=yes; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true' TERM INT
	echo $$ >"$VAR/supervisor.pid.$$"
	exec 8>"$VAR/supervisor.lock"
	flock --timeout 2 8 || { rm "$VAR/supervisor.pid.$$"; exit 0; }
	mv "$VAR/supervisor.pid.$$" "$VAR/supervisor.pid"
	while [ -z "$ending" ]; do
		began=$(date +%s)
		"$program" 8>&- &
		child=$!
		[ -z "$ending" ] || kill -TERM "$child" 2>/dev/null || true # told to end before $child was known
		while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done
		child=''
		[ -z "$ending" ] || break
		[ $(($(date +%s) - began)) -lt 60 ] || pause=1
		echo "supervisor: infrastructure died, starting it again in $pause s"
		sleep "$pause" 8>&- &
		child=$!
		wait "$child" || true
		pause=$((pause < 15 ? pause * 2 : 30))
	done
}

case "${1:-}" in
run) exec "$program" ;;
start) start ;;
stop) stop ;;
running) held "$LOCK_FILE" ;;
supervise) supervise ;;
*) usage ;;
esac
