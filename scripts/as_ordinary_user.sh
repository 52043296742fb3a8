#!/usr/bin/env bash
# As root, run tests as a user without rights: `as_ordinary_user.sh tests/security/test_sandbox.py ...`, in a clone of what is
# committed, with an empty HOME and a bare environment. Tests that need root or a Docker engine are listed and left out.
# With `--fast` as the first argument the fast lane follows (without the comparisons with PyTorch, which need no rights).
set -euo pipefail
cd "$(dirname "$0")/.."
user=hub-tester
without_root="not tmpfs and not docker"

fast=
[ "${1:-}" != --fast ] || { fast=1; shift; }
[ $# -gt 0 ] || { echo "Name the tests: scripts/as_ordinary_user.sh tests/security/test_sandbox.py"; exit 2; }
[ "$(id -u)" = 0 ] || { echo "Only root can run something as another user. Run: sudo $0 $*"; exit 2; }
[ -z "$(git status --porcelain)" ] || echo "==> Uncommitted changes are not in the clone"

id "$user" >/dev/null 2>&1 || useradd --no-create-home --shell /usr/sbin/nologin "$user"
groups=$(id -g "$user")
for name in docker adm ssl-cert; do # groups that give access elsewhere, for this run only: here they must give none
  gid=$(getent group "$name" | cut -d: -f3 || true)
  groups+=${gid:+,$gid}
done

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
git clone -q . "$place/main"
mkdir -p "$place/home/.cache"
cache=$(.venv/bin/uv cache dir 2>/dev/null || true)
[ ! -d "$cache" ] || cp -r "$cache" "$place/home/.cache/uv" # instead of downloading a second time
chmod 755 "$place"
chown -R "$user:" "$place"

bare=("HOME=$place/home" "PATH=$PATH" LANG=C.UTF-8 CI=true)
while IFS= read -r -d '' line; do # how packages are reached
  [[ $line =~ ^(PIP|UV|SSL|REQUESTS|NODE)_|^[A-Za-z]+_(proxy|PROXY)= ]] && bare+=("$line")
done < <(env -0)
as_user() { setpriv --reuid "$user" --regid "$(id -g "$user")" --groups "$groups" env -i "${bare[@]}" "$@"; }

cd "$place/main"
as_user make --no-print-directory install
echo "==> Left out, because they need root or a Docker engine:"
as_user .venv/bin/python -m pytest -q --collect-only -m "not ($without_root)" "$@" | grep :: || echo "none"
failed=0
as_user .venv/bin/python -m pytest -m "$without_root" "$@" || failed=1
if [ "$fast" ]; then
  echo "==> The fast lane"
  lane=$(as_user .venv/bin/python -c 'from tests.lanes import selection; print(selection("fast"))')
  as_user env TESTS_LANE=fast OPENBLAS_NUM_THREADS=1 .venv/bin/python -m pytest -q -n 2 --dist loadfile -p tests.lanes \
    -m "$lane and not torch and $without_root" || failed=1
fi
exit $failed
