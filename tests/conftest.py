"""The programs that a machine may lack, listed in one place, and the tests that need them.

Outside CI a test whose marker names something that this machine lacks is skipped, and the closing summary lists what
was not run and how to install what is missing. With CI=true nothing may be skipped: such a test fails.
"""

import importlib.util
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.examples import use_profile
from tests.lanes import LANES

use_profile()


def _docker_engine() -> bool:
    return (
        shutil.which("docker") is not None
        and subprocess.run(["docker", "info"], capture_output=True, timeout=20).returncode == 0
    )


def _postgresql_server() -> bool:
    return shutil.which("initdb") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


# marker: (is it installed?, how to install it)
OPTIONAL = {
    "docker": (_docker_engine, "apt-get install docker.io, then start dockerd"),
    "postgresql": (_postgresql_server, "apt-get install postgresql"),
    "strace": (lambda: shutil.which("strace") is not None, "apt-get install strace"),
    "tmpfs": (lambda: os.geteuid() == 0, "run the tests as root"),
    "torch": (lambda: importlib.util.find_spec("torch") is not None, "pip install torch==2.13.0"),
}
_missing: dict[str, bool] = {}
_skipped: Counter[str] = Counter()


def _lacks(marker: str) -> bool:
    if marker not in _missing:
        _missing[marker] = not OPTIONAL[marker][0]()
    return _missing[marker]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--with-fast", action="store_true", help="compute with tinytorch.fast in the tests' own process")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "as_built: computes as students built it, under --with-fast too")
    if config.getoption("--with-fast"):
        from tinytorch import fast

        fast.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    """Run a test marked `as_built`, which checks which functions are called, with the functions that students built."""
    if not (item.config.getoption("--with-fast") and item.get_closest_marker("as_built")):
        return (yield)
    from tinytorch import fast

    fast.disable()
    try:
        return (yield)
    finally:
        fast.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test that belongs to two lanes: it would run twice (tests/lanes.py)."""
    for item in items:
        lanes = {mark.name for mark in item.iter_markers() if mark.name in LANES}
        if len(lanes) > 1:
            raise pytest.UsageError(f"{item.nodeid} is in the lanes {' and '.join(sorted(lanes))}: leave one marker")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (_, remedy) in OPTIONAL.items():
        if item.get_closest_marker(marker) and _lacks(marker):
            if os.environ.get("CI") == "true":
                pytest.fail(f"in CI nothing may be skipped, and {marker} is missing: {remedy}", pytrace=False)
            _skipped[marker] += 1
            pytest.skip(f"{marker} is not on this machine: {remedy}")


def pytest_terminal_summary(terminalreporter) -> None:
    if terminalreporter.config.getoption("--with-fast"):
        terminalreporter.write_line("operations were computed by tinytorch.fast")
    for marker, count in sorted(_skipped.items()):
        terminalreporter.write_line(f"not run here: {count} test(s) that need {marker} ({OPTIONAL[marker][1]})")
