#!/usr/bin/env bash
#
# Gives the Docker engine the base images that the Dockerfiles and the compose
# file start from: pulled where a registry answers, built from Debian's packages
# and the host's Go toolchain where none does. `-h` says more.
set -euo pipefail

readonly all_images=(golang:1.26-bookworm redis:7 registry:2 debian:bookworm-slim) # the longest to build first
readonly mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
readonly first_answer_seconds=8 whole_pull_seconds=900
readonly system_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
PATH=$PATH:/usr/sbin:/sbin # where debootstrap and chroot are, also for a user whose path leaves them out

usage() {
  cat <<USAGE
usage: ${0##*/} [-b] [IMAGE…]

Makes sure that the Docker engine has these images (by default all of them):
  ${all_images[*]}
A missing one is pulled. On a host where no registry answers it is built
instead, which needs root or passwordless sudo, debootstrap (installed where
apt-get can) and, for golang, Go 1.26 or newer on the host.

  -b  build without trying to pull
  -h  show this

environment:
  DEBIAN_MIRROR  where Debian's packages come from; its security updates come
                 from the same address with "-security" at the end
                 ($mirror)
USAGE
}

progress() { echo "==> $*"; }
die() { echo "${0##*/}: $*" >&2; exit 1; }

# missing IMAGE… prints those that the engine does not have.
missing() {
  local image
  for image; do
    docker image inspect "$image" >/dev/null 2>&1 || echo "$image"
  done
}

# pull IMAGE fails within seconds if no registry answers, but gives a slow
# download its time: docker shows that a registry answers before it downloads.
pull() {
  local output line client
  exec {output}< <(exec timeout "$whole_pull_seconds" docker pull "$1" 2>&1)
  client=$!
  if read -r -t "$first_answer_seconds" -u "$output" line && [[ $line == *Pulling* ]]; then
    progress "pulling $1"
    cat <&"$output" >/dev/null
    wait "$client" && return
    progress "could not pull $1"
  else
    kill "$client" 2>/dev/null || true
    progress "no registry answers: ${line:-nothing heard for $first_answer_seconds s}"
  fi
  return 1
}

# logged LOG COMMAND… keeps a command's chatter out of sight unless it fails.
logged() {
  local log=$work/$1.log
  "${@:2}" >>"$log" 2>&1 </dev/null && return
  echo "${0##*/}: ${log##*/} ended with:" >&2
  tail -n 20 "$log" >&2
  return 1
}

# apt ROOT ARGUMENT… runs apt-get in a root file system, where the host's PATH and TMPDIR mean
# nothing. Without a pty, and so without its own session, dpkg ends with the rest in clean_up.
apt() {
  env -u TMPDIR PATH="$system_path" LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$1" \
    apt-get -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${@:2}"
}

# make_base makes the Debian that all images start from, set up as Docker's own:
# installing starts nothing, and nothing that only people read is kept.
make_base() {
  local root=$work/base
  progress "making a Debian root file system from $mirror"
  mkdir -p "$root/etc/dpkg/dpkg.cfg.d"
  cat >"$root/etc/dpkg/dpkg.cfg.d/docker" <<'CONF'
force-unsafe-io
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
CONF
  # A mount namespace of its own removes what debootstrap mounts, however it ends.
  logged base unshare --mount debootstrap --variant=minbase bookworm "$root" "$mirror"
  find "$root"/usr/share/{doc,info,lintian,locale,man} ! -type d ! -name copyright -delete
  cat >"$root/etc/apt/sources.list" <<LIST
deb $mirror bookworm main
deb $mirror bookworm-updates main
deb $mirror-security bookworm-security main
LIST
  cat >"$root/etc/apt/apt.conf.d/docker" <<'CONF'
Acquire::Languages "none";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };
CONF
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  logged base apt "$root" update
  logged base apt "$root" dist-upgrade
}

# variant NAME PACKAGE… copies the base to $work/NAME and installs packages in it.
variant() {
  cp -a "$work/base" "$work/$1"
  logged "$1" apt "$work/$1" install "${@:2}"
}

# import NAME IMAGE CHANGE… makes an image of one layer from $work/NAME. It goes through a
# file, because half a tar in a pipe can look like a whole one and become the image.
import() {
  local changes=() change
  for change in "ENV PATH=$system_path" "${@:3}"; do changes+=(--change "$change"); done
  progress "importing $2"
  tar -C "$work/$1" --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' \
    --exclude='./tmp/*' --exclude=./etc/resolv.conf --exclude=./etc/hostname \
    --exclude='./var/log/*.log' --exclude='./var/log/apt/*' --exclude='./var/lib/apt/lists/*' \
    --exclude='./var/cache/apt/*' --exclude='./var/cache/ldconfig/*' -cf "$work/$1.tar" .
  docker import "${changes[@]}" "$work/$1.tar" "$2" >/dev/null
}

make_debian() { import base debian:bookworm-slim 'CMD ["bash"]'; }

# make_redis: as in the official image, Redis serves other hosts without being
# configured to, and a container started as root hands /data over to the user redis.
make_redis() {
  local root=$work/redis
  variant redis redis-server
  cat >"$root/usr/local/bin/docker-entrypoint.sh" <<'SCRIPT'
#!/bin/sh
set -e
case $1 in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . ! -user redis -exec chown redis {} +
  exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
fi
case $* in
  *protected-mode* | *.conf*) ;;
  redis-server*) set -- "$@" --protected-mode no ;;
esac
exec "$@"
SCRIPT
  chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"
  mkdir "$root/data"
  chroot "$root" chown redis:redis /data
  import redis redis:7 'VOLUME /data' 'WORKDIR /data' 'EXPOSE 6379' \
    'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["redis-server"]'
}

# make_registry: the official image's command and configuration, in which deletes are left to
# REGISTRY_STORAGE_DELETE_ENABLED, and the wget that health checks expect there.
make_registry() {
  local root=$work/registry
  variant registry docker-registry busybox
  ln -s docker-registry "$root/usr/bin/registry"
  ln -s busybox "$root/usr/bin/wget"
  sed -i -e 's,/var/lib/docker-registry,/var/lib/registry,' -e '/^  delete:/,+1d' \
    -e '/^auth:/,/^health:/{/^health:/!d}' "$root/etc/docker/registry/config.yml"
  import registry registry:2 'VOLUME /var/lib/registry' 'EXPOSE 5000' \
    'ENTRYPOINT ["registry"]' 'CMD ["serve", "/etc/docker/registry/config.yml"]'
}

# make_golang: the host's Go without what only Go's own tests need, and the host's
# certificates, because only the host has the CA of a network that intercepts TLS.
make_golang() {
  local root=$work/golang bundle=/etc/ssl/certs/ca-certificates.crt
  variant golang git ca-certificates
  mkdir -p "$root/usr/local/go" "$root"/go/{src,bin}
  chmod 1777 "$root"/go{,/src,/bin}
  tar -C "$goroot" --dereference --exclude=./{api,doc,misc,test,pkg/obj} \
    --exclude=testdata --exclude='*_test.go' -c . | tar -C "$root/usr/local/go" --no-same-owner -x
  [ ! -f "$bundle" ] || cp "$bundle" "$root$bundle"
  import golang golang:1.26-bookworm "ENV PATH=/go/bin:/usr/local/go/bin:$system_path" \
    'ENV GOPATH=/go' 'ENV GOTOOLCHAIN=local' 'WORKDIR /go' 'CMD ["bash"]'
}

# build IMAGE… makes the base and then the images side by side.
build() {
  local image jobs=() job
  make_base
  for image; do
    "make_${image%%:*}" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job"; done
}

# find_go sets goroot to the host's Go toolchain.
find_go() {
  local version=
  if goroot=$(go env GOROOT 2>/dev/null); then read -r version 2>/dev/null <"$goroot/VERSION" || true; fi
  [ "$(printf '%s\n' go1.26 "$version" | sort -V | head -n 1)" = go1.26 ] ||
    die "golang:1.26-bookworm is built from the host's Go: install Go 1.26 or newer (found: ${version:-none})"
}

# become_root IMAGE… starts over as root, with the user's own go in the path.
become_root() {
  sudo -n true 2>/dev/null ||
    die "cannot make $*: no registry answers, and building needs root: run sudo $0, or allow sudo without a password"
  exec sudo -n -E env PATH="$PATH" HOME="$HOME" "$BASH" "$0" -b "$@" 9<&- # which locks again
}

need_debootstrap() {
  ! command -v debootstrap >/dev/null || return 0
  command -v apt-get >/dev/null || die "cannot make $*: no registry answers, and building needs debootstrap: install it"
  progress 'installing debootstrap'
  logged debootstrap apt / update
  logged debootstrap apt / install debootstrap debian-archive-keyring
}

# lock lets one run at a time go on. It is a directory, which any user may open to lock.
lock() {
  local path=${TMPDIR:-/tmp}/base_images.lock
  mkdir -m 755 "$path" 2>/dev/null || [ -d "$path" ] || die "cannot make $path"
  exec 9<"$path"
  flock --nonblock 9 || { progress 'waiting for another run to end'; flock 9; }
}

# clean_up ends the builder with all that it started before its files go.
clean_up() {
  if [ -n "$builder" ]; then
    kill -KILL -- "-$builder" 2>/dev/null || true
    wait "$builder" 2>/dev/null || true
  fi
  rm -rf "$work"
}

# build_cleanly IMAGE… builds in a temporary directory and leaves nothing there.
build_cleanly() {
  builder=
  work=$(mktemp -d "${TMPDIR:-/var/tmp}/base_images.XXXXXX") # on disk: /tmp may be memory, and forbid devices
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  need_debootstrap "$@"
  set -m # gives the builder a process group, which clean_up can end as one
  build "$@" &
  builder=$!
  wait "$builder"
  progress "made $*"
}

main() {
  local try_pull=yes option image wanted
  while getopts bh option; do
    case $option in
      b) try_pull= ;;
      h) usage; exit ;;
      *) usage >&2; exit 2 ;;
    esac
  done
  shift $((OPTIND - 1))
  [ $# -gt 0 ] || set -- "${all_images[@]}"
  for image; do
    [[ " ${all_images[*]} " == *" $image "* ]] || die "no such base image: $image; there are ${all_images[*]}"
  done
  docker version >/dev/null 2>&1 || die 'cannot reach the Docker engine: is it running, and may you use it?'
  [ -n "$(missing "$@")" ] || exit 0

  lock
  for image in $(missing "$@"); do
    [ -n "$try_pull" ] && pull "$image" || try_pull=
  done
  mapfile -t wanted < <(missing "$@")
  [ ${#wanted[@]} -gt 0 ] || exit 0
  [ "$(id -u)" = 0 ] || become_root "${wanted[@]}"
  [[ " ${wanted[*]}" != *' golang:'* ]] || find_go
  build_cleanly "${wanted[@]}"
}

main "$@"
