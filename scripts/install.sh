#!/bin/sh
# Has systemd start the system at boot, after Docker, as the user who owns this
# checkout. With --remove: undoes that. What runs goes on either way.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/settings.sh"
units=${UNIT_DIR:-/etc/systemd/system}
if [ "$FLEET" = deux ]; then unit=deux.service; else unit=deux-$FLEET.service; fi

# systemd runs COMMAND... where systemd does, and UNIT_DIR is not somewhere else.
systemd() { [ ! -d /run/systemd/system ] || [ -n "${UNIT_DIR:-}" ] || systemctl "$@"; }

# in_unit prints a text as a unit file has it (systemd.unit(5), "Specifiers"),
# for the right side of sed's s command.
in_unit() { printf '%s' "$1" | sed 's/%/%%/g; s/[\\&|]/\\&/g'; }

case "${1:-}" in
'' | --remove) ;;
*) echo "usage: scripts/install.sh [--remove]" >&2; exit 2 ;;
esac
case $root in *[\"\\]* | *'
'*) echo "install.sh: systemd cannot start what is in $root: move it to a path without quotes" >&2; exit 1 ;; esac
[ -w "$units" ] || { echo "install.sh: $(id -un) may not write to $units: sudo make ${1:+un}install" >&2; exit 1; }

if [ "${1:-}" = --remove ]; then
	systemd disable "$unit"
	rm -f "$units/$unit"
	systemd daemon-reload
	echo "==> Removed $units/$unit: after a reboot, make up starts the system"
	exit
fi
user=$(stat -c %U "$root")
sed "1,2d; s|@ROOT@|$(in_unit "$root")|; s|@USER@|$(in_unit "$user")|; s|@FLEET@|$FLEET|" "$root/deploy/deux.service" >"$units/$unit"
chmod 644 "$units/$unit"
systemd daemon-reload
systemd enable "$unit"
echo "==> Installed $units/$unit: at boot it starts the system as $user"
[ -d /run/systemd/system ] || echo "install.sh: systemd does not run here, so it has no effect yet" >&2
