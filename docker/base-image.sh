#!/usr/bin/env bash
# Make the Debian base image that every Dockerfile here starts from: pulled if a registry answers, else built with
# debootstrap from Debian's packages. Idempotent.
#     docker/base-image.sh                         tinytorch-hub/base:bookworm
#     docker/base-image.sh my/base:tag --force     another name, made again
set -euo pipefail
name=${1:-tinytorch-hub/base:bookworm}
upstream=debian:bookworm-slim
docker info >/dev/null 2>&1 || { echo "No Docker engine answers. Install docker.io and start dockerd, then try again."; exit 1; }
if [ "${2:-}" != --force ] && docker image inspect "$name" >/dev/null 2>&1; then echo "$name exists"; exit 0; fi
if timeout 60 docker pull --quiet "$upstream" >/dev/null 2>&1; then
  docker tag "$upstream" "$name"; echo "$name is $upstream, pulled"; exit 0
fi
command -v debootstrap >/dev/null || { echo "No registry answers and debootstrap is missing: apt-get install debootstrap"; exit 1; }
[ "$(id -u)" = 0 ] || { echo "debootstrap must run as root: sudo $0 $*"; exit 1; }
root=$(mktemp -d); trap 'rm -rf "$root"' EXIT
chmod 755 "$root"  # it becomes / of the image, and every user must be able to enter
echo "No registry answers: building $name with debootstrap (half a minute)"
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" >"$root.log" 2>&1 || { tail -n 20 "$root.log"; exit 1; }
rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/var/log/* \
  "$root"/usr/share/{doc,man,info,lintian}/* "$root"/usr/share/locale/[a-df-z]*
tar -C "$root" -c . | docker import --change 'CMD ["bash"]' - "$name" >/dev/null
rm -f "$root.log"
echo "$name is built, $(docker image inspect --format '{{.Size}}' "$name" | awk '{printf "%.0f MB", $1 / 1e6}')"
