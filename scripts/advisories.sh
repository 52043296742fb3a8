#!/usr/bin/env bash
# Compare the locks with the advisories that PyPI knows, by pip-audit. Fails for each that is found, and where nobody could be
# asked: "not audited" is not "nothing known". dev.lock has what all others have; the installer and Node have locks of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v .venv/bin/uv || command -v uv) || { echo "uv is missing: run 'make install' first"; exit 1; }
failed=()
for lock in dev bootstrap node; do
  echo "==> requirements/$lock.lock"
  "$uv" tool run --quiet pip-audit==2.10.1 --strict --disable-pip --require-hashes --progress-spinner off --desc on \
    --requirement "requirements/$lock.lock" || failed+=("$lock")
done
[ ${#failed[@]} = 0 ] && { echo "No advisory is known for what the locks name."; exit 0; }
echo "Look at: ${failed[*]}. What has an advisory: raise its bound in pyproject.toml, or UPGRADE=1 make lock for all; then make test."
echo "If it says 'could not be audited', this machine does not reach PyPI's advisories: run it where it does."
exit 1
