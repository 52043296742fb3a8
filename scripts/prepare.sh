#!/usr/bin/env bash
# Prepare what a make target needs: `prepare.sh python|serve|deploy|test`. Idempotent; the second run takes a fraction of a second.
# As root it installs missing Debian packages and says so; otherwise it stops with the exact line to run.
set -euo pipefail
umask 022  # servers run as other users, and read what is made here
cd "$(dirname "$0")/.."
mode=${1:-python}
python=${PYTHON:-python3}

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

missing=()
need() { # need COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}
need_python() {
  command -v "$python" >/dev/null 2>&1 || { missing+=(python3 python3-venv); return; }
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed, but $python is $("$python" -V 2>&1 | cut -d' ' -f2)."
    echo "Name a newer one: make PYTHON=/path/to/python3.11 $mode"; exit 1; }
  "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
}

need_python
if [ "$mode" = serve ] || [ "$mode" = test ]; then need bwrap bubblewrap; need setpriv util-linux; fi
if [ "$mode" = deploy ]; then need docker docker.io; docker compose version >/dev/null 2>&1 || need docker-compose docker-compose; fi
if [ "$mode" = test ]; then need chromium chromium; PATH=$PATH:/usr/sbin need nginx nginx-light; need git git; need ps procps; need strace strace; fi

if [ ${#missing[@]} -gt 0 ]; then
  line="apt-get install -y ${missing[*]}"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing Debian packages: ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    echo "Missing on this machine: ${missing[*]}. Run as root, then try again:"
    echo "    sudo sh -c 'apt-get update && $line'"
    exit 1
  fi
fi

free_kb=$(df -Pk . | awk 'NR==2 {print $4}')
if [ ! -e .venv/prepared ] && [ "$free_kb" -lt 3000000 ]; then
  echo "About 3 GB of free disk space are needed, but only $((free_kb / 1024)) MB are free on $(df -Pk . | awk 'NR==2 {print $6}')."; exit 1
fi

# One preparation at a time: two terminals must not fill the same .venv.
mkdir -p build
exec 9>build/.prepare.lock
flock 9

want=$(cat requirements/bootstrap.lock requirements/dev.lock pyproject.toml hatch_build.py | sha256sum | cut -d' ' -f1)
if [ "$(cat .venv/prepared 2>/dev/null)" != "$want" ]; then
  say "Creating .venv from requirements/dev.lock (about a minute the first time)"
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
  .venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements/dev.lock
  .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
  echo "$want" > .venv/prepared
fi
.venv/bin/tito export --all --quiet
