# shellcheck shell=sh
# Sourced by the other scripts: a step of long work, in one line with its time.

# hundredths prints the time since boot, in hundredths of a second.
hundredths() { read -r up _ </proc/uptime && echo "${up%.*}${up#*.}"; }

# step NAME COMMAND... runs the command and prints "==> NAME  12.3 s"; on a
# terminal the seconds run meanwhile. What the command says is shown when it
# fails, or with VERBOSE=yes as it comes. In a function that step runs, set -e
# has no effect: join its commands with &&.
step() {
	if [ -n "${VERBOSE:-}" ]; then
		loud "$@"
		return
	fi
	step_name=$1 step_began=$(hundredths)
	shift
	step_log=$(mktemp) step_code=0 step_ticker=''
	printf '==> %s' "$step_name"
	if [ -t 1 ]; then tick & step_ticker=$!; fi
	"$@" >"$step_log" 2>&1 </dev/null || step_code=$?
	[ -z "$step_ticker" ] || { kill "$step_ticker" 2>/dev/null; wait "$step_ticker" || true; printf '\r==> %s' "$step_name"; } 2>/dev/null
	took
	[ "$step_code" -eq 0 ] || { echo "${0##*/}: $1 failed with $step_code; its last lines:"; tail -n 40 "$step_log"; } >&2
	rm -f "$step_log"
	return "$step_code"
}

# loud NAME COMMAND... is step for a command whose output is what people want.
loud() {
	echo "==> $1"
	step_began=$(hundredths) step_code=0
	shift
	"$@" || step_code=$?
	took "    took"
	return "$step_code"
}

# took [TEXT] ends the line with the time since the step started.
took() {
	tenths=$((($(hundredths) - step_began) / 10))
	echo "${1:-} $((tenths / 10)).$((tenths % 10)) s"
}

# tick writes the seconds behind the step's name while this script lives.
tick() {
	while sleep 1 && kill -0 $$ 2>/dev/null; do
		printf '\r==> %s %d s' "$step_name" $((($(hundredths) - step_began) / 100))
	done
}
