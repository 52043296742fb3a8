"""The code compiles in every installed Python version that the README allows, and the locks cover every version."""

import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.markers import Marker

pytestmark = pytest.mark.service  # other interpreters are started
CHECKOUT = Path(__file__).parents[1]
ROOMS = ("course", "exchange", "hub_config", "tinytorch", "hatch_build.py")
VERSIONS = ("3.11", "3.12", "3.13")
BACKPORTS = {"importlib-metadata", "lazy-importer", "overrides", "zipp"}  # newer Pythons include these
READ = """
import pathlib, sys
for name in sys.stdin.read().splitlines():
    compile(pathlib.Path(name).read_bytes(), name, "exec")
print("%d.%d" % sys.version_info[:2])
"""


@functools.cache
def interpreters() -> dict[str, str]:
    """Map each installed version to its interpreter; the one that runs the tests is always installed."""
    folders = [Path(sys.executable).parent, "/usr/bin", "/usr/local/bin", *Path.home().glob(".pyenv/versions/*/bin")]
    found = {}
    for version in VERSIONS:
        there = [str(Path(folder) / f"python{version}") for folder in folders]
        if path := next((path for path in there if Path(path).exists()), None):
            found[version] = path
    return found


def test_every_file_is_read_without_a_warning():
    files = [path for room in ROOMS for path in [CHECKOUT / room, *(CHECKOUT / room).rglob("*.py")] if path.is_file()]
    assert len(files) > 300 and interpreters()
    names = "\n".join(map(str, files))
    for version, program in interpreters().items():
        words = [program, "-I", "-W", "error", "-c", READ]
        done = subprocess.run(words, input=names, capture_output=True, text=True)
        assert (done.stdout.strip(), done.stderr) == (version, ""), f"python{version}"


@pytest.mark.parametrize("version", VERSIONS)
def test_no_lock_leaves_a_package_out_for_a_version(version: str):
    """Some packages are locked in two releases for different Pythons; each version has every package but backports."""
    for lock in (CHECKOUT / "requirements").glob("*.lock"):
        lines = re.findall(r"^([\w.-]+)==\S+(?: ; (.*?))? \\$", lock.read_text(), re.MULTILINE)
        there = {name for name, marker in lines if "python_full_version" not in marker or _holds(marker, version)}
        assert {name for name, _ in lines} - there <= BACKPORTS, lock.name


def _holds(marker: str, version: str) -> bool:
    return Marker(marker).evaluate({"python_version": version, "python_full_version": f"{version}.9"})
