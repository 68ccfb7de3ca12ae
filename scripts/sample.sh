#!/bin/sh
# Makes a repository of the sample app in app/, with the remotes to push to.
set -eu
[ $# -le 1 ] || { echo "usage: scripts/sample.sh [DIR] (make sample APP=DIR)" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
sample=${1:-$root/sample}
if [ -e "$sample" ]; then
	echo "sample.sh: $sample is there already: remove it, or name another folder (make sample APP=DIR)" >&2
	exit 1
fi

echo "==> Making $sample"
mkdir -p "$sample"
cp -R "$root/app/." "$sample"
git -C "$sample" init --quiet --initial-branch=main
git -C "$sample" add --all
name=$(git -C "$sample" config user.name || echo "Sample")
email=$(git -C "$sample" config user.email || echo "sample@localhost")
git -C "$sample" -c user.name="$name" -c user.email="$email" commit --quiet --message "The sample app"
"$root/scripts/remotes.sh" "$sample"
echo "Now: cd $sample && git push blue main"
