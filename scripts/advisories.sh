#!/usr/bin/env bash
# Compare the locks with the advisories that PyPI knows, with pip-audit. It fails for each advisory found, and if PyPI can't be
# asked: "not audited" is not "nothing known". dev.lock has what all others have; the installer and Node have their own locks.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v .venv/bin/uv || command -v uv) || { echo "uv is missing: run 'make install' first"; exit 1; }
failed=()
for lock in dev bootstrap node; do
  echo "==> requirements/$lock.lock"
  "$uv" tool run --quiet pip-audit==2.10.1 --strict --disable-pip --require-hashes --progress-spinner off --desc on \
    --requirement "requirements/$lock.lock" || failed+=("$lock")
done
[ ${#failed[@]} = 0 ] && { echo "No advisory is known for the locked packages."; exit 0; }
echo "Advisories or failures in: ${failed[*]}. Raise an affected package's bound in pyproject.toml, or all with UPGRADE=1 make lock; then make test."
echo "If it says 'could not be audited', this machine can't reach PyPI's advisories: run this on one that can."
exit 1
