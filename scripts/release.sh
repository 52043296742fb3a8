#!/usr/bin/env bash
# Make a release of what is committed: the framework's wheel in dist/, tried with only numpy next to it, and a tag.
# `release.sh` checks and builds; `release.sh --tag` also makes the tag vVERSION, which `make upgrade-test` starts from.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
stop() { echo "$*"; exit 1; }

[ -z "$(git status --porcelain)" ] || stop "There are uncommitted changes ('git status'): commit or stash them, since a release is made of what is committed."
grep -qE "^## $version \([0-9]{4}-[0-9]{2}-[0-9]{2}\)$" CHANGELOG.md ||
  stop "CHANGELOG.md has no heading '## $version (YYYY-MM-DD)': give what is under 'Unreleased' its number and date."
[ "${1:-}" != --tag ] || ! git rev-parse -q --verify "refs/tags/v$version" >/dev/null ||
  stop "The tag v$version exists already: raise 'version' in pyproject.toml."

echo "==> Building the wheel of tinytorch $version"
.venv/bin/uv build --quiet --wheel --no-build-isolation --clear --out-dir dist
wheel=$(ls dist/*.whl)

echo "==> Trying $wheel with only numpy installed"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
.venv/bin/uv venv --quiet --python .venv/bin/python "$place/alone"
.venv/bin/uv pip install --quiet --python "$place/alone/bin/python" --constraint requirements/worker.lock "$wheel"
(cd "$place" && alone/bin/python -I - <<'PROGRAM')
import tinytorch as torch
from tinytorch import nn, optim

torch.manual_seed(0)
x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = optim.Adam(model.parameters(), lr=0.05)
for _ in range(300):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
assert loss.item() < 0.01, f"XOR was not learned: the loss is {loss.item():.3f}"
print(f"    XOR is learned: the loss is {loss.item():.1e}")
PROGRAM

if [ "${1:-}" = --tag ]; then
  git tag --annotate "v$version" --message "TinyTorch Hub $version"
  echo "==> Tagged v$version. Publish it with: git push origin v$version"
else
  echo "==> scripts/release.sh --tag makes the tag v$version"
fi
