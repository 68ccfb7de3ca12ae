# shellcheck shell=sh
# Sourced by backup.sh and restore.sh: the volumes of this system, and what is
# in them. A container reads and writes them, because outside of one only root
# may. Its output is the archive, which Docker must not log.
: "${FLEET:?}"
helper='docker run --rm --interactive --network none --log-driver none'

# volumes prints the names: Compose's and those of the apps.
volumes() {
	for label in com.docker.compose.project deux.fleet; do
		docker volume ls --quiet --filter "label=$label=$FLEET"
	done | sort -u
}

# labels VOLUME prints a line KEY=VALUE for each of its labels.
labels() { docker volume inspect --format '{{range $key, $value := .Labels}}{{$key}}={{$value}}{{println}}{{end}}' "$1" | grep .; }

# save VOLUME FILE writes what is in the volume.
save() { $helper --volume "$1:/volume:ro" debian:bookworm-slim tar -C /volume -c . >"$2"; }

# load VOLUME FILE LABELS makes the volume and fills it.
load() {
	volume=$1 content=$2 labelled=$3
	set --
	while IFS= read -r label; do set -- "$@" --label "$label"; done <"$labelled"
	docker volume create "$@" "$volume" && $helper --volume "$volume:/volume" debian:bookworm-slim tar -C /volume -xp <"$content"
}
